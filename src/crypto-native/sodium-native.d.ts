/** The few functions of sodium-native (5.1.0, N-API over libsodium) that we call. It ships no types of its own. */
declare module "sodium-native" {
  interface Sodium {
    /** Fills both; `pk` 32, `sk` 64 bytes, `seed` 32. */
    crypto_sign_seed_keypair(pk: Uint8Array, sk: Uint8Array, seed: Uint8Array): void;
    /** Accepts over-long signatures: lengths are checked before. */
    crypto_sign_verify_detached(sig: Uint8Array, message: Uint8Array, pk: Uint8Array): boolean;
    crypto_scalarmult_base(pk: Uint8Array, sk: Uint8Array): void;
    /** Throws when the result would be all zero. */
    crypto_scalarmult(out: Uint8Array, sk: Uint8Array, pk: Uint8Array): void;
  }
  const sodium: Sodium;
  export default sodium;
}

/** The same functions without the checks of their arguments in sodium-native's index.js: wrong lengths would write past the end. */
declare module "sodium-native/binding.js" {
  interface Bound {
    /** `out` 32 bytes. */
    crypto_hash_sha256(out: Uint8Array, data: Uint8Array): void;
    /** `sig` 64, `sk` 64 bytes. */
    crypto_sign_detached(sig: Uint8Array, message: Uint8Array, sk: Uint8Array): void;
    /** `c` 16 bytes longer than `m`, `nonce` 24, `key` 32. */
    crypto_aead_xchacha20poly1305_ietf_encrypt(
      c: Uint8Array,
      m: Uint8Array,
      aad: Uint8Array | undefined,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number;
    /** `m` 16 bytes shorter than `c`. Answers the bytes of `m`, anything else when the tag does not verify. */
    crypto_aead_xchacha20poly1305_ietf_decrypt(
      m: Uint8Array,
      c: Uint8Array,
      aad: Uint8Array | undefined,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number;
  }
  const bound: Bound;
  export default bound;
}
