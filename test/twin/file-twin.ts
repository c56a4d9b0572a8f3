/**
 * The chunks of a file once more: slow, whole in memory, straight from PROTOCOL.md § Files, over Node's and noble's own
 * functions. Shares nothing with src/crypto.
 */
import { createHash, createHmac } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519 } from "@noble/curves/ed25519.js";

const u = (bytes: number, value: number): Buffer => {
  const out = Buffer.alloc(bytes);
  for (let i = bytes - 1, rest = BigInt(value); i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
};
const lp = (...parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat(parts.flatMap((each) => [u(4, each.length), each]));
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const kdf = (name: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac("sha256", key)
    .update(Buffer.concat([lp(Buffer.from(`hermes/v1/${name}`), ...parts), Buffer.of(1)]))
    .digest();

function padme(n: number): number {
  const exponent = n.toString(2).length - 1;
  const bits = exponent.toString(2).length;
  const unit = 2 ** Math.max(0, exponent - bits);
  return Math.ceil(n / unit) * unit;
}

const pieces = (whole: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(whole.length / 262_144) }, (_, i) => whole.subarray(i * 262_144, (i + 1) * 262_144));

/** Everything about a file of those bytes under that key; `levels[0]` are the data chunks. */
export function fileTwin(key: Uint8Array, data: Uint8Array) {
  const whole = Buffer.alloc(Math.max(4_096, padme(Math.max(1, data.length))));
  whole.set(data);
  const chunkKey = kdf("file-chunk", key);
  const levels: Buffer[][] = [];
  for (let level = 0, rest: Uint8Array = whole; level === 0 || (levels[level - 1]?.length ?? 0) > 1; level++) {
    const parts = pieces(rest);
    const sealed = parts.map((part, i) => {
      const nonce = Buffer.concat([u(1, level), Buffer.alloc(14), u(8, i), u(1, i === parts.length - 1 ? 1 : 0)]);
      return Buffer.from(xchacha20poly1305(chunkKey, nonce).encrypt(part));
    });
    levels.push(sealed);
    rest = Buffer.concat(sealed.map(sha256));
  }
  const root = sha256(levels.at(-1)?.[0] ?? Buffer.alloc(0));
  const topicSeed = kdf("file-topic", key);
  return {
    levels,
    root,
    topic: Buffer.from(ed25519.getPublicKey(topicSeed)),
    commitment: kdf("file-commitment", key, u(8, data.length), root),
  };
}
