/** The two operations a relay needs. {@link Primitives} extends this record; `noble-verifier.ts` is the portable provider. */
export interface Verifier {
  /** SHA-256, 32 bytes. */
  readonly sha256: (data: Uint8Array) => Uint8Array;
  /**
   * The one strict Ed25519 check (PROTOCOL.md § Signatures): 32-byte key, 64-byte signature, S < L, canonical and not
   * small-order A and R, cofactorless equation. Never throws.
   */
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}
