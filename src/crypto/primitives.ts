/**
 * The primitives record: everything above this file is written against it, so that a native provider can
 * replace the portable one without any other code knowing (ARCHITECTURE.md § Primitives).
 *
 * Every function is pure and synchronous; random bytes come in as arguments. Wrong lengths of our own
 * arguments are `internal/invariant` faults; whatever a peer can influence is answered by a value.
 */
import type { Verifier } from "../verify/verifier.ts";

export interface Primitives extends Verifier {
  /** Shown by `status`: "noble" or "native". */
  readonly provider: string;
  /** HMAC-SHA-256, 32 bytes. */
  readonly hmac: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  /** Ed25519 public key (32 bytes) of a 32-byte seed. */
  readonly signingPublicKey: (seed: Uint8Array) => Uint8Array;
  /** Ed25519 signature (64 bytes) with a 32-byte seed. */
  readonly sign: (seed: Uint8Array, message: Uint8Array) => Uint8Array;
  /** X25519 public key (32 bytes) of a 32-byte secret. */
  readonly agreementPublicKey: (secret: Uint8Array) => Uint8Array;
  /** X25519 shared secret (32 bytes), or `undefined` when it would be all zero. */
  readonly agree: (secret: Uint8Array, publicKey: Uint8Array) => Uint8Array | undefined;
  /** ML-KEM-768 key pair from a 64-byte seed: public key 1,184 bytes, secret key 2,400 bytes. @see FIPS 203 */
  readonly kemKeyPair: (seed: Uint8Array) => { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  /** Ciphertext (1,088 bytes) and shared secret (32 bytes) from 32 random bytes; `undefined` when the key is not valid. */
  readonly kemEncapsulate: (
    publicKey: Uint8Array,
    random: Uint8Array,
  ) => { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined;
  /** Shared secret (32 bytes); a forged ciphertext gives an unrelated secret (implicit rejection). */
  readonly kemDecapsulate: (secretKey: Uint8Array, ciphertext: Uint8Array) => Uint8Array;
  /** XChaCha20-Poly1305: ciphertext and 16-byte tag. Key 32 bytes, nonce 24 bytes. */
  readonly seal: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) => Uint8Array;
  /** The plaintext, or `undefined` when the tag does not verify. */
  readonly open: (
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ) => Uint8Array | undefined;
  /** Argon2id version 0x13, one lane, 32 bytes out. @see RFC 9106 */
  readonly argon2id: (passphrase: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Uint8Array;
}

/** Cost of one Argon2id computation. */
export interface Argon2Cost {
  /** KiB of memory. */
  readonly memoryKiB: number;
  readonly passes: number;
}
