/** The few functions of libsodium (0.8.4, libsodium 1.0.22 as WebAssembly) that we call, on addresses of its memory; 0 for success. It ships no types of its own. */
declare module "libsodium" {
  export interface LibsodiumModule {
    /** The memory; another object after it has grown. */
    readonly HEAPU8: Uint8Array;
    readonly _malloc: (bytes: number) => number;
    readonly _crypto_kem_mlkem768_seed_keypair: (pk: number, sk: number, seed: number) => number;
    /** Refuses a key with a coefficient beyond the modulus. */
    readonly _crypto_kem_mlkem768_enc_deterministic: (ct: number, ss: number, pk: number, seed: number) => number;
    readonly _crypto_kem_mlkem768_dec: (ss: number, ct: number, sk: number) => number;
  }
  export default function instantiate(): Promise<LibsodiumModule>;
}
