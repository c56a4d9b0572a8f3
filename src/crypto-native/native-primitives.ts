/**
 * The native provider of the primitives: libsodium for curves, the AEAD and HMAC, node:crypto for hashes,
 * @node-rs/argon2 for Argon2id, libsodium in WebAssembly for ML-KEM.
 *
 * 1. Same values, same refusals as the portable provider, on every input (test/contract/primitives-contract.ts).
 * 2. Signatures pass the same strict check of encodings before libsodium's cofactorless equation.
 * 3. Only a `main` composes it in; nothing else knows which provider runs.
 * 4. What a message calls often goes past the package's own checks of arguments (`bound`), which take a tenth of a message:
 *    each of these calls gets buffers whose lengths are certain here.
 *
 * @see ARCHITECTURE.md § Primitives
 */
import { createHmac, hash } from "node:crypto";
import { hashRawSync } from "@node-rs/argon2";
import sodium from "sodium-native";
import bound from "sodium-native/binding.js";
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { noblePrimitives } from "../crypto/noble-primitives.ts";
import type { Argon2Cost, Primitives } from "../crypto/primitives.ts";
import { strictVerifier } from "../verify/ed25519-strict.ts";
import { remembering } from "../verify/remembered-checks.ts";
import { room } from "../verify/transcript.ts";
import { Fault } from "../wire/fault.ts";
import { quickKem } from "./wasm-kem.ts";

const TAG_BYTES = 16;
/** Algorithm.Argon2id and Version.V0x13 of @node-rs/argon2, whose enums exist at compile time only. */
const ARGON2ID = 2;
const ARGON2_VERSION_0X13 = 1;

/**
 * Where small arguments are copied for the call: an array of up to 64 bytes lives inside the JavaScript heap, and native
 * code that asks for its address makes the engine move it out for good, which costs more than encrypting with it.
 */
const KEY = outside(32);
const NONCE = outside(24);
const SIGNATURE = outside(64);
const PUBLIC_KEY = outside(32);

const DIGEST_BYTES = 32;
/** Block of SHA-256. */
const BLOCK_BYTES = 64;
/** What HMAC hashes: a block of padded key and the data; a block of padded key and the first digest. Zeros between calls. */
const INNER = outside(BLOCK_BYTES + 512);
const OUTER = outside(BLOCK_BYTES + DIGEST_BYTES);
const INNER_DIGEST = OUTER.subarray(BLOCK_BYTES);
const DIGEST = outside(DIGEST_BYTES);
/** The padded keys word by word, which takes a quarter of the time of bytes. */
const [INNER_KEY, OUTER_KEY] = [INNER, OUTER].map(({ buffer }) => new Int32Array(buffer, 0, BLOCK_BYTES / 4)) as [
  Int32Array,
  Int32Array,
];

export const nativePrimitives: Primitives = {
  ...noblePrimitives,
  provider: "native",
  sha256,
  hmac,
  verify: remembering(
    strictVerifier((publicKey, message, signature) =>
      sodium.crypto_sign_verify_detached(lent(SIGNATURE, signature), message, lent(PUBLIC_KEY, publicKey)),
    ),
  ),
  signingPublicKey: (seed) => keyPair(seed).publicKey,
  sign,
  agreementPublicKey: (secret) => {
    const out = new Uint8Array(32);
    sodium.crypto_scalarmult_base(out, exactly(secret, 32, "agreement secret"));
    return out;
  },
  agree,
  seal,
  open,
  argon2id: stretch,
  ...quickKem(noblePrimitives),
};

/** An array outside the heap: a view of a buffer that was made first. */
function outside(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** `to`, holding the bytes of `from`. */
function lent(to: Uint8Array, from: Uint8Array): Uint8Array {
  to.set(from);
  return to;
}

/** Answers `bytes` after checking the length of one of our own arguments. */
function exactly(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new Fault("internal/invariant", `${what} must have ${length} bytes, not ${bytes.length}`);
}

/** A Uint8Array of its own: a Buffer's `slice` would share memory, and its memory may be pooled. */
function plain(buffer: Buffer): Uint8Array {
  const out = new Uint8Array(buffer);
  buffer.fill(0);
  return out;
}

/** The digest comes as text, which takes a third of the time of a Buffer. Text cannot be overwritten: what is hashed is public. */
function sha256(data: Uint8Array): Uint8Array {
  const digest = hash("sha256", data, "binary");
  const out = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < DIGEST_BYTES; i++) out[i] = digest.charCodeAt(i);
  return out;
}

/** RFC 2104 over libsodium's SHA-256, whose buffers are ours to overwrite: what comes out are keys. Half of createHmac's time. */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (key.length > BLOCK_BYTES || data.length > INNER.length - BLOCK_BYTES)
    return plain(createHmac("sha256", key).update(data).digest());
  INNER.set(key);
  for (let i = 0; i < INNER_KEY.length; i++) {
    const word = INNER_KEY[i] ?? 0;
    INNER_KEY[i] = word ^ 0x36363636;
    OUTER_KEY[i] = word ^ 0x5c5c5c5c;
  }
  INNER.set(data, BLOCK_BYTES);
  const inner = INNER.subarray(0, BLOCK_BYTES + data.length);
  bound.crypto_hash_sha256(INNER_DIGEST, inner);
  bound.crypto_hash_sha256(DIGEST, OUTER);
  const out = DIGEST.slice();
  inner.fill(0);
  OUTER.fill(0);
  DIGEST.fill(0);
  return out;
}

function keyPair(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } {
  const publicKey = new Uint8Array(32);
  const secretKey = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, exactly(seed, 32, "seed"));
  return { publicKey, secretKey };
}

function sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  bound.crypto_sign_detached(SIGNATURE, message, secretKeyOf(exactly(seed, 32, "seed")));
  return SIGNATURE.slice();
}

/** Secret keys that are kept expanded: our device's and the topics' of the conversations that are busiest now. */
const EXPANDED_KEYS_MAX = 4;
/** Seed and public key, 64 bytes each; the one that was used last stands first. */
const expandedKeys: Uint8Array[] = [];

/** libsodium's form of a seed, which takes as long to make as a signature: the last few are kept, older ones overwritten. */
function secretKeyOf(seed: Uint8Array): Uint8Array {
  const [newest] = expandedKeys;
  if (newest && equalInConstantTime(newest.subarray(0, 32), seed)) return newest;
  const at = expandedKeys.findIndex((key) => equalInConstantTime(key.subarray(0, 32), seed));
  const found = at < 0 ? keyPair(seed).secretKey : expandedKeys.splice(at, 1)[0];
  if (found === undefined) throw new Fault("internal/invariant", "a key that was found is gone");
  expandedKeys.unshift(found);
  if (expandedKeys.length > EXPANDED_KEYS_MAX) expandedKeys.pop()?.fill(0);
  return found;
}

function agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(32);
  exactly(secret, 32, "agreement secret");
  exactly(publicKey, 32, "agreement key");
  try {
    sodium.crypto_scalarmult(out, secret, publicKey);
    return out;
  } catch {
    return undefined; // lengths are right, so this is libsodium refusing a key of small order
  }
}

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const out = room(plaintext.length + TAG_BYTES);
  lent(KEY, exactly(key, 32, "key"));
  lent(NONCE, exactly(nonce, 24, "nonce"));
  bound.crypto_aead_xchacha20poly1305_ietf_encrypt(out, plaintext, orNone(aad), NONCE, KEY);
  KEY.fill(0);
  return out;
}

function open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
  lent(KEY, exactly(key, 32, "key"));
  lent(NONCE, exactly(nonce, 24, "nonce"));
  if (ciphertext.length < TAG_BYTES) return undefined;
  const out = unfilled(ciphertext.length - TAG_BYTES);
  const opened = bound.crypto_aead_xchacha20poly1305_ietf_decrypt(out, ciphertext, orNone(aad), NONCE, KEY);
  KEY.fill(0);
  return opened === out.length ? out : undefined; // lengths are right, so any other answer is the tag's
}

/** Bytes from which on memory is not filled with zeros before it is written to: for a chunk of a file a tenth of the decryption and more. */
const UNFILLED_FROM_BYTES = 65_536;

/** Memory of its own with anything in it, for whoever writes all of it or gives it to nobody. */
function unfilled(length: number): Uint8Array {
  if (length < UNFILLED_FROM_BYTES) return new Uint8Array(length);
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** libsodium's binding takes no empty buffer for "no additional data". */
function orNone(aad: Uint8Array): Uint8Array | undefined {
  return aad.length === 0 ? undefined : aad;
}

function stretch(passphrase: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Uint8Array {
  const { memoryKiB, passes } = cost;
  return plain(
    hashRawSync(passphrase, {
      salt,
      memoryCost: memoryKiB,
      timeCost: passes,
      parallelism: 1,
      outputLen: 32,
      algorithm: ARGON2ID,
      version: ARGON2_VERSION_0X13,
    }),
  );
}
