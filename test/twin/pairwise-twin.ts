/**
 * A second, slow and readable implementation of what two devices do: certificates, bundles, PQXDH, the Double
 * Ratchet with sealed headers, sealed boxes, key files. Written from PROTOCOL.md with node:crypto; only ML-KEM-768
 * and Argon2id, which node lacks, come from noble. Nothing is imported from src.
 */
import { createHmac, createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { argon2id } from "@noble/hashes/argon2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import {
  H,
  hkdfExpand,
  KDF,
  LABEL,
  lp,
  pad,
  publicKeyOf,
  signWith,
  u8,
  u32,
  u64,
  X,
  xchachaPoly,
} from "./key-schedule-twin.ts";

const cat = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac("sha256", key).update(data).digest();
const signed = (seed: Buffer, label: string, ...parts: readonly Buffer[]): Buffer =>
  signWith(seed, cat(lp(LABEL(label)), ...parts.map(lp)));

// ---- X25519 (RFC 7748), by node ----

const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");
const secretKey = (secret: Buffer) => createPrivateKey({ key: cat(PKCS8, secret), format: "der", type: "pkcs8" });
export const x25519Public = (secret: Buffer): Buffer =>
  createPublicKey(secretKey(secret)).export({ format: "der", type: "spki" }).subarray(-32);
export const DH = (secret: Buffer, key: Buffer): Buffer =>
  diffieHellman({
    privateKey: secretKey(secret),
    publicKey: createPublicKey({ key: cat(SPKI, key), format: "der", type: "spki" }),
  });

// ---- Certificates, bundles ----

export interface TwinDevice {
  readonly accountSeed: Buffer;
  readonly deviceSeed: Buffer;
  readonly identitySecret: Buffer;
  readonly sealingSecret: Buffer;
  readonly inboxSeed: Buffer;
  readonly signedPrekeySecret: Buffer;
  readonly lastResortSeed: Buffer;
}

/** account 32 | device 32 | signature 64 by the account || identity key 32 | sealing key 32 | inbox 32 | signature 64 by the device */
export function certificates(d: TwinDevice): Buffer {
  const [account, device] = [publicKeyOf(d.accountSeed), publicKeyOf(d.deviceSeed)] as const;
  const keys = [x25519Public(d.identitySecret), x25519Public(d.sealingSecret), publicKeyOf(d.inboxSeed)];
  return cat(
    account,
    device,
    signed(d.accountSeed, "device-cert", account, device),
    ...keys,
    signed(d.deviceSeed, "identity-cert", ...keys),
  );
}

export const kemPublic = (seed: Buffer): Buffer => Buffer.from(ml_kem768.keygen(seed).publicKey);

/** Prekey ids 1 and 2, created at 1. */
export function bundle(d: TwinDevice, name: Buffer, relay: Buffer): Buffer {
  const contents = cat(
    u8(1),
    certificates(d),
    lp(name),
    cat(u32(1), lp(relay)),
    cat(u32(1), x25519Public(d.signedPrekeySecret)),
    cat(u32(2), kemPublic(d.lastResortSeed)),
    u64(1),
  );
  return cat(contents, signed(d.deviceSeed, "bundle", contents));
}

export function oneTimePrekey(d: TwinDevice, id: number, secret: Buffer, kemSeed: Buffer): Buffer {
  const contents = cat(u32(id), x25519Public(secret), kemPublic(kemSeed));
  return cat(contents, signed(d.deviceSeed, "one-time-prekey", contents));
}

export const directoryKey = (account: Buffer): Buffer => H("directory-key", account);
export const directorySealed = (account: Buffer, nonce: Buffer, encoded: Buffer): Buffer =>
  cat(nonce, xchachaPoly(X("directory-seal", account), nonce, directoryKey(account), pad(encoded)));

// ---- PQXDH ----

export interface TwinAgreement {
  readonly id: Buffer;
  readonly SK: Buffer;
  readonly AD: Buffer;
  /** EK | signed prekey id | last-resort id | one-time id or none | KEM ciphertext */
  readonly fields: Buffer;
}

export function pqxdh(
  a: TwinDevice,
  b: TwinDevice,
  oneTime: { readonly id: number; readonly secret: Buffer; readonly kemSeed: Buffer } | undefined,
  random: Buffer,
): TwinAgreement {
  const EK = random.subarray(0, 32);
  const PQPK = kemPublic(oneTime?.kemSeed ?? b.lastResortSeed);
  const kem = ml_kem768.encapsulate(PQPK, random.subarray(32, 64));
  const SPK = x25519Public(b.signedPrekeySecret);
  const DHs = [DH(a.identitySecret, SPK), DH(EK, x25519Public(b.identitySecret)), DH(EK, SPK)];
  if (oneTime !== undefined) DHs.push(DH(EK, x25519Public(oneTime.secret)));
  const KM = cat(...DHs, kem.sharedSecret);
  const PRK = hmac(Buffer.alloc(32), cat(Buffer.alloc(32, 0xff), KM));
  const SK = hkdfExpand(PRK, lp(LABEL("pqxdh_CURVE25519_SHA-256_ML-KEM-768")), 32);
  const idOfOneTime = oneTime === undefined ? u8(0) : cat(u8(1), u32(oneTime.id));
  const fields = cat(x25519Public(EK), u32(1), u32(2), idOfOneTime, kem.cipherText);
  const id = H("session-id", certificates(a), fields);
  const responderKeys = [SPK, PQPK, ...(oneTime === undefined ? [] : [x25519Public(oneTime.secret)])];
  return { id, SK, AD: H("session-ad", id, certificates(a), certificates(b), ...responderKeys), fields };
}

// ---- Double Ratchet ----

export interface TwinChain {
  readonly CK: Buffer;
  readonly HK: Buffer;
}

/** KDF_RK_HE */
export function kdfRk(RK: Buffer, dh: Buffer): { RK: Buffer; CK: Buffer; NHK: Buffer } {
  const k = hmac(RK, dh);
  return {
    RK: KDF("session-ratchet-root", k),
    CK: KDF("session-ratchet-chain", k),
    NHK: KDF("session-ratchet-header", k),
  };
}

export const firstKeys = (SK: Buffer) => ({
  RK: KDF("session-root", SK),
  HKa: KDF("session-header", SK),
  NHKb: KDF("session-next-header", SK),
});

/** Message `number` of the chain that began with `chain`. `random`: header nonce 24, nonce 24. */
export function ratchetMessage(
  chain: TwinChain,
  header: { readonly DHs: Buffer; readonly PN: number; readonly N: number },
  text: { readonly AD: Buffer; readonly plaintext: Buffer },
  random: Buffer,
): Buffer {
  const [headerNonce, nonce] = [random.subarray(0, 24), random.subarray(24, 48)] as const;
  let CK = chain.CK;
  for (let i = 0; i < header.N; i++) CK = hmac(CK, LABEL("session-chain-key"));
  const mk = hmac(CK, LABEL("session-message-key"));
  const clear = cat(x25519Public(header.DHs), u32(header.PN), u32(header.N));
  const aad = cat(lp(LABEL("session-message")), lp(text.AD), lp(clear));
  const ciphertext = xchachaPoly(mk, nonce, aad, text.plaintext);
  const headerAad = H("session-message-header", text.AD, nonce, ciphertext);
  return cat(headerNonce, xchachaPoly(chain.HK, headerNonce, headerAad, clear), nonce, lp(ciphertext));
}

/** since 8 | payload */
export const sinceAndPayload = (since: number, payload: Buffer): Buffer => cat(u64(since), lp(payload));
export const initialEnvelope = (a: TwinDevice, fields: Buffer, message: Buffer): Buffer =>
  cat(u8(1), u8(1), certificates(a), fields, message);
export const ratchetEnvelope = (sender: TwinDevice, message: Buffer): Buffer =>
  cat(u8(1), u8(2), publicKeyOf(sender.deviceSeed), message);

// ---- Sealed box ----

export function sealedBox(to: TwinDevice, plaintext: Buffer, ephemeralSecret: Buffer): Buffer {
  const [inbox, sealingKey] = [publicKeyOf(to.inboxSeed), x25519Public(to.sealingSecret)] as const;
  const ephemeral = x25519Public(ephemeralSecret);
  const k = X("sealed-key", DH(ephemeralSecret, sealingKey), ephemeral, sealingKey);
  const ciphertext = xchachaPoly(KDF("sealed-box", k, inbox), Buffer.alloc(24), inbox, pad(plaintext));
  return cat(u8(1), ephemeral, KDF("sealed-commitment", k, inbox), lp(ciphertext));
}

// ---- Key file ----

export function keyFile(passphrase: Buffer, dataKey: Buffer, random: Buffer, cost: { m: number; t: number }): Buffer {
  const [salt, nonce] = [random.subarray(0, 16), random.subarray(16, 40)] as const;
  const k = Buffer.from(argon2id(passphrase, salt, { m: cost.m, t: cost.t, p: 1, dkLen: 32 }));
  const context = cat(salt, u32(cost.m), u32(cost.t));
  const commitment = KDF("key-commitment", k, context);
  const wrapped = xchachaPoly(KDF("key-wrap", k, context), nonce, commitment, dataKey);
  return cat(u8(1), salt, u32(cost.m), u32(cost.t), nonce, commitment, wrapped);
}
