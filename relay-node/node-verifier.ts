/**
 * The {@link Verifier} of a relay: Node's native Ed25519 and SHA-256, ten times faster than JavaScript, which would
 * hold a relay to a thousand envelopes a second.
 *
 * The encodings are judged by the same code as everywhere (ed25519-strict.ts); OpenSSL computes the cofactorless
 * equation on what passed. test/relay-node/node-verifier.test.ts holds it to the portable provider on odd cases.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { strictVerifier } from "../src/verify/ed25519-strict.ts";
import type { Verifier } from "../src/verify/verifier.ts";
import { toBase64Url } from "../src/wire/text-forms.ts";

/** SHA-256 and strict Ed25519 by Node's own cryptography. */
export const nodeVerifier: Verifier = {
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  verify: strictVerifier(equationHolds),
};

function equationHolds(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  // JWK is the form in which Node imports a raw key fastest (6 µs; DER takes 80)
  const key = { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) };
  try {
    return verify(null, message, createPublicKey({ format: "jwk", key }), signature);
  } catch {
    return false; // a y without x
  }
}
