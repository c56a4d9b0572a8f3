/**
 * The portable provider of {@link Primitives}: the audited noble packages, no native code. It is the reference
 * that every other provider must equal on vectors and on edge cases.
 *
 * Wrong lengths of our own arguments are `internal/invariant`; what a peer sent is answered by a value.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { argon2id } from "@noble/hashes/argon2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { nobleVerifier } from "../verify/noble-verifier.ts";
import { remembering } from "../verify/remembered-checks.ts";
import { Fault } from "../wire/fault.ts";
import type { Argon2Cost, Primitives } from "./primitives.ts";

const TAG_BYTES = 16;
const KEM_PUBLIC_KEY_BYTES = 1184;
const KEM_SECRET_KEY_BYTES = 2400;
const KEM_CIPHERTEXT_BYTES = 1088;

/** All primitives in JavaScript alone. */
export const noblePrimitives: Primitives = {
  sha256: nobleVerifier.sha256,
  verify: remembering(nobleVerifier.verify),
  provider: "noble",
  hmac: (key, data) => hmac(sha256, key, data),
  signingPublicKey: (seed) => ed25519.getPublicKey(exactly(seed, 32, "seed")),
  sign: (seed, message) => ed25519.sign(message, exactly(seed, 32, "seed")),
  agreementPublicKey: (secret) => x25519.getPublicKey(exactly(secret, 32, "agreement secret")),
  agree,
  kemKeyPair: (seed) => ml_kem768.keygen(exactly(seed, 64, "KEM seed")),
  kemEncapsulate,
  kemDecapsulate: (secretKey, ciphertext) =>
    ml_kem768.decapsulate(
      exactly(ciphertext, KEM_CIPHERTEXT_BYTES, "KEM ciphertext"),
      exactly(secretKey, KEM_SECRET_KEY_BYTES, "KEM secret key"),
    ),
  seal: (key, nonce, aad, plaintext) => cipher(key, nonce, aad).encrypt(plaintext),
  open,
  argon2id: (passphrase, salt, cost) => stretch(passphrase, salt, cost),
};

/** Answers `bytes` after checking the length of one of our own arguments. */
function exactly(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new Fault("internal/invariant", `${what} must have ${length} bytes, not ${bytes.length}`);
}

function agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  exactly(secret, 32, "agreement secret");
  exactly(publicKey, 32, "agreement key");
  try {
    return x25519.getSharedSecret(secret, publicKey);
  } catch {
    return undefined; // lengths are right, so this is noble refusing an all-zero result (RFC 7748 §6.1)
  }
}

function kemEncapsulate(publicKey: Uint8Array, random: Uint8Array) {
  exactly(publicKey, KEM_PUBLIC_KEY_BYTES, "KEM key");
  exactly(random, 32, "KEM randomness");
  try {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, random);
    return { ciphertext: cipherText, secret: sharedSecret };
  } catch {
    return undefined; // lengths are right, so this is the modulus check of FIPS 203 §7.2
  }
}

function cipher(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) {
  return xchacha20poly1305(exactly(key, 32, "key"), exactly(nonce, 24, "nonce"), aad);
}

function open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
  const opener = cipher(key, nonce, aad);
  if (ciphertext.length < TAG_BYTES) return undefined;
  try {
    return opener.decrypt(ciphertext);
  } catch {
    return undefined; // lengths are right, so this is the tag
  }
}

function stretch(passphrase: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Uint8Array {
  // noble bounds memory at 1 GiB of its own accord; ours is bounded by whoever reads the cost from a key file
  return argon2id(passphrase, salt, { m: cost.memoryKiB, t: cost.passes, p: 1, dkLen: 32, version: 0x13 });
}
