/**
 * A second, slow and readable implementation of the group key schedule, written from the text of PROTOCOL.md
 * alone: node:crypto, big loops, no tree that shrinks, nothing imported from src. What it computes is what
 * test/vectors/key-schedule.json holds, and the real code must give the same.
 */
import { createCipheriv, createHash, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";

export type Hex = string;
const bytes = (hex: Hex): Buffer => Buffer.from(hex, "hex");
const hex = (value: Uint8Array): Hex => Buffer.from(value).toString("hex");
const ascii = (text: string): Buffer => Buffer.from(text, "ascii");

// ---- Notation ----

export const LABEL = (name: string): Buffer => ascii(`hermes/v1/${name}`);

function uint(value: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  let rest = BigInt(value);
  for (let i = length - 1; i >= 0; i--) {
    out[i] = Number(rest % 256n);
    rest /= 256n;
  }
  return out;
}
export const u8 = (value: number): Buffer => uint(value, 1);
export const u32 = (value: number): Buffer => uint(value, 4);
export const u64 = (value: number): Buffer => uint(value, 8);

/** lp(x) = u32 length || x */
export const lp = (x: Uint8Array): Buffer => Buffer.concat([u32(x.length), x]);
/** "x, y" inside a call means lp(x) || lp(y) */
const commas = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts.map(lp));

const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac("sha256", key).update(data).digest();
const sha256 = (data: Uint8Array): Buffer => createHash("sha256").update(data).digest();

/** H(l, ..) = SHA256(lp(l) || ..) */
export const H = (l: string, ...parts: readonly Uint8Array[]): Buffer =>
  sha256(Buffer.concat([lp(LABEL(l)), commas(parts)]));

/** HKDF-Expand of RFC 5869 §2.3, any length. */
export function hkdfExpand(key: Uint8Array, info: Uint8Array, length: number): Buffer {
  let okm: Buffer = Buffer.alloc(0);
  let block: Buffer = Buffer.alloc(0);
  for (let i = 1; okm.length < length; i++) {
    block = hmac(key, Buffer.concat([block, info, u8(i)]));
    okm = Buffer.concat([okm, block]);
  }
  return okm.subarray(0, length);
}

/** KDF(l, k, ..) = HKDF-Expand(k, lp(l) || .., 32) */
export const KDF = (l: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  hkdfExpand(key, Buffer.concat([lp(LABEL(l)), commas(parts)]), 32);

/** X(l, v1 .. vn) = HKDF-Extract(salt = l, v1 || .. || vn) */
export const X = (l: string, ...values: readonly Uint8Array[]): Buffer => hmac(LABEL(l), Buffer.concat(values));

const sorted = (list: readonly Buffer[]): Buffer[] => [...list].sort(Buffer.compare);

// ---- Tree: a bit string is a JavaScript string of 0 and 1; a punctured tree is the root and what was punctured ----

export const bitsOf = (point: Uint8Array): string =>
  [...point].map((each) => each.toString(2).padStart(8, "0")).join("");

/** left(n) = HMAC(n, "tree/0"), right(n) = HMAC(n, "tree/1"); Eval(n, bits) walks down the bits */
export function treeEval(root: Uint8Array, bits: string): Buffer {
  let node: Buffer = Buffer.from(root);
  for (const bit of bits) node = hmac(node, LABEL(`tree/${bit}`));
  return node;
}

/** The largest subtrees that contain no punctured point, from left to right. */
export function heldNodes(
  root: Uint8Array,
  length: number,
  punctured: readonly string[],
): { bits: string; secret: Hex }[] {
  const held: { bits: string; secret: Hex }[] = [];
  const visit = (bits: string): void => {
    if (!punctured.some((point) => point.startsWith(bits))) {
      held.push({ bits, secret: hex(treeEval(root, bits)) });
    } else if (bits.length < length) {
      visit(`${bits}0`);
      visit(`${bits}1`);
    }
  };
  visit("");
  return held;
}

// ---- ENTRY, FRONTIER, SECRET ----

export const x = (core: Buffer): Buffer => H("core", core);
export const conf = (S: Buffer, core: Buffer): Buffer => KDF("confirm", S, x(core));
export const h = (core: Buffer, confirmation: Buffer): Buffer => H("entry", core, confirmation);
export const phi = (group: Buffer, F: readonly Buffer[]): Buffer => H("frontier", group, ...sorted(F));
export const pt = (y: Buffer): string => bitsOf(H("point", y)).slice(0, 128);

export const rootS = (r: Buffer, core: Buffer): Buffer => KDF("root", r, x(core));
export const derivedS = (forkOfP: Buffer, core: Buffer): Buffer =>
  KDF("derived", treeEval(forkOfP, pt(x(core))), x(core));
export const c = (forkOfHead: Buffer, phiF: Buffer): Buffer => treeEval(forkOfHead, pt(phiF));
export function mergedS(heads: readonly { h: Buffer; fork: Buffer }[], phiF: Buffer): Buffer {
  const order = [...heads].sort((a, b) => Buffer.compare(a.h, b.h));
  return KDF("merge", X("combine", ...order.map((head) => c(head.fork, phiF))), phiF);
}

// ---- FROM S(F) ----

const ED25519_PKCS8 = bytes("302e020100300506032b657004220420");
const privateKey = (seed: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: "der", type: "pkcs8" });
export const publicKeyOf = (seed: Uint8Array): Buffer =>
  createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" }).subarray(-32);
export const signWith = (seed: Uint8Array, data: Uint8Array): Buffer => sign(null, data, privateKey(seed));

export interface Epoch {
  fork: Buffer;
  topicSeed: Buffer;
  topic: Buffer;
  eid: Buffer;
  hk: Buffer;
  lk: Buffer;
  senderRoot: Buffer;
}

export function fromS(S: Buffer, phiF: Buffer): Epoch {
  const topicSeed = KDF("topic", S);
  const topic = publicKeyOf(topicSeed);
  const eid = H("epoch-id", phiF, topic);
  return {
    fork: KDF("fork", S),
    topicSeed,
    topic,
    eid,
    hk: KDF("header", S, eid),
    lk: KDF("log", S, eid),
    senderRoot: KDF("senders", S, eid),
  };
}

// ---- CHAIN ----

export const ck0 = (epoch: Epoch, j: number, d: Buffer): Buffer =>
  KDF("chain", treeEval(epoch.senderRoot, bitsOf(u32(j))), epoch.eid, d);

export function chainKeyAt(first: Buffer, i: number): Buffer {
  let ck = first;
  for (let step = 0; step < i; step++) ck = hmac(ck, LABEL("chain-key"));
  return ck;
}
export const messageKeyAt = (first: Buffer, i: number): Buffer => hmac(chainKeyAt(first, i), LABEL("message-key"));

// ---- XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 by hand, then RFC 8439 by node ----

function hChaCha20(key: Buffer, nonce: Buffer): Buffer {
  const words: number[] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
  for (let i = 0; i < 8; i++) words.push(key.readUInt32LE(4 * i));
  for (let i = 0; i < 4; i++) words.push(nonce.readUInt32LE(4 * i));
  const at = (i: number): number => words[i] ?? 0;
  const rotate = (v: number, n: number): number => ((v << n) | (v >>> (32 - n))) >>> 0;
  const mix = (a: number, b: number, d: number, n: number): void => {
    words[a] = (at(a) + at(b)) >>> 0;
    words[d] = rotate((at(d) ^ at(a)) >>> 0, n);
  };
  const quarter = (a: number, b: number, cc: number, d: number): void => {
    mix(a, b, d, 16);
    mix(cc, d, b, 12);
    mix(a, b, d, 8);
    mix(cc, d, b, 7);
  };
  for (let round = 0; round < 10; round++) {
    for (const i of [0, 1, 2, 3]) quarter(i, 4 + i, 8 + i, 12 + i);
    for (const i of [0, 1, 2, 3]) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  const out = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((from, to) => {
    out.writeUInt32LE(at(from), 4 * to);
  });
  return out;
}

export function chachaPoly(key: Buffer, nonce12: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce12, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

export function xchachaPoly(key: Buffer, nonce24: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  const nonce12 = Buffer.concat([Buffer.alloc(4), nonce24.subarray(16)]);
  return chachaPoly(hChaCha20(key, nonce24.subarray(0, 16)), nonce12, aad, plaintext);
}

// ---- Padding ----

/** The least total of at least 256 bytes and at least 4 + length whose low bits Padmé leaves zero. */
export function padded(length: number): number {
  for (let total = Math.max(256, 4 + length); ; total++) {
    const e = total.toString(2).length - 1;
    const s = e.toString(2).length;
    const low = total.toString(2).slice(1 + s);
    if (!low.includes("1")) return total;
  }
}
export function pad(plaintext: Buffer): Buffer {
  const body = lp(plaintext);
  return Buffer.concat([body, Buffer.alloc(padded(plaintext.length) - body.length)]);
}

// ---- MESSAGE ----

export interface TwinMessage {
  group: Buffer;
  epoch: Epoch;
  deviceSeed: Buffer;
  j: number;
  i: number;
  frontier: readonly Buffer[];
  depth: number;
  closures: readonly { epoch: Buffer; sent: number }[];
  sentAt: number;
  text: string;
  N1: Buffer;
  N: Buffer;
}

/** M, H("ct", N, M) and what is signed when the message goes alone. */
function sealedText(m: TwinMessage): { M: Buffer; ct: Buffer; signed: Buffer } {
  const { eid } = m.epoch;
  const d = publicKeyOf(m.deviceSeed);
  const mk = messageKeyAt(ck0(m.epoch, m.j, d), m.i);
  const plaintext = Buffer.concat([
    u8(1),
    u32(m.frontier.length),
    ...m.frontier,
    u32(m.depth),
    u32(m.closures.length),
    ...m.closures.flatMap((each) => [each.epoch, u64(each.sent)]),
    u64(m.sentAt),
    u8(1),
    lp(Buffer.from(m.text, "utf8")),
  ]);
  const M = xchachaPoly(mk, m.N, Buffer.concat([lp(LABEL("msg")), commas([eid, d, u64(m.i)])]), pad(plaintext));
  const ct = H("ct", m.N, M);
  const signed = Buffer.concat([lp(LABEL("msg-sig")), commas([m.group, eid, d, u64(m.i), ct])]);
  return { M, ct, signed };
}

function bodyWith(m: TwinMessage, header: Buffer): Buffer {
  const { M, ct } = sealedText(m);
  const hdr = xchachaPoly(m.epoch.hk, m.N1, Buffer.concat([lp(LABEL("hdr")), commas([m.epoch.eid, ct])]), header);
  return Buffer.concat([m.N1, lp(hdr), m.N, lp(M)]);
}

export function message(m: TwinMessage): { body: Buffer; id: Buffer } {
  const { signed } = sealedText(m);
  const header = Buffer.concat([u8(1), u32(m.j), u64(m.i), signWith(m.deviceSeed, signed)]);
  return { body: bodyWith(m, header), id: H("msg-id", signed) };
}

// ---- Bursts: RFC 6962 §2.1 and §2.1.1, word for word ----

/** The largest power of two smaller than n. */
function k(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

/** MTH(D[n]) */
function MTH(D: readonly Buffer[]): Buffer {
  const n = D.length;
  if (n === 1) return Buffer.concat(D);
  return H("burst-node", MTH(D.slice(0, k(n))), MTH(D.slice(k(n), n)));
}

/** PATH(m, D[n]) */
function PATH(m: number, D: readonly Buffer[]): Buffer[] {
  const n = D.length;
  if (n === 1) return [];
  if (m < k(n)) return [...PATH(m, D.slice(0, k(n))), MTH(D.slice(k(n), n))];
  return [...PATH(m - k(n), D.slice(k(n), n)), MTH(D.slice(0, k(n)))];
}

/** Messages at i, i + 1, .. of one device. */
export function burst(messages: readonly TwinMessage[]): { body: Buffer; id: Buffer }[] {
  const [first] = messages;
  if (first === undefined) return [];
  const D = messages.map((m) => H("burst-leaf", u64(m.i), sealedText(m).ct));
  const d = publicKeyOf(first.deviceSeed);
  const place = [first.group, first.epoch.eid, d, u64(first.i), u32(messages.length)];
  const signature = signWith(first.deviceSeed, Buffer.concat([lp(LABEL("burst-sig")), commas([...place, MTH(D)])]));
  return messages.map((m, position) => {
    const path = PATH(position, D);
    const where = Buffer.concat([u32(m.j), u64(first.i), u8(position), u8(messages.length)]);
    const header = Buffer.concat([u8(2), where, signature, u32(path.length), ...path]);
    return { body: bodyWith(m, header), id: H("msg-id", sealedText(m).signed) };
  });
}

export function entryBody(epoch: Epoch, N: Buffer, entry: Buffer): Buffer {
  const aad = Buffer.concat([lp(LABEL("entry-box")), commas([epoch.eid])]);
  return Buffer.concat([N, lp(xchachaPoly(epoch.lk, N, aad, pad(entry)))]);
}

// ---- Envelope and open proof ----

export function envelope(epoch: Epoch, kind: number, body: Buffer): { encoded: Buffer; id: Buffer } {
  const unsigned = Buffer.concat([u8(1), epoch.topic, u8(kind), lp(body)]);
  const signed = Buffer.concat([lp(LABEL("envelope")), commas([u8(1), epoch.topic, u8(kind), H("body", body)])]);
  return { encoded: Buffer.concat([unsigned, signWith(epoch.topicSeed, signed)]), id: sha256(unsigned) };
}

export function openProof(epoch: Epoch, parts: readonly Buffer[], inbox: number): Buffer {
  return signWith(epoch.topicSeed, Buffer.concat([lp(LABEL("open")), commas([epoch.topic, ...parts, u8(inbox)])]));
}
