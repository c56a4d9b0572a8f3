/**
 * X25519 of the Noise handshake without importing keys twice: noise's own asks OpenSSL to parse the private key anew
 * for every agreement, ten times the cost of the agreement itself (440 against 40 µs, three times per handshake on
 * each side). Everything else stays noise's.
 *
 * 1. A pair made here keeps its parsed key for as long as somebody holds its private bytes; any other key is parsed.
 * 2. The results are those of noise's own functions, byte for byte (test/net/noise-keys.test.ts).
 */
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { ICryptoInterface } from "@chainsafe/libp2p-noise";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";

const parsed = new WeakMap<object, KeyObject>();

/** Noise's cryptography with the quicker X25519. */
export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,
  generateX25519KeyPair: () => {
    const pair = generateKeyPairSync("x25519");
    const { x, d } = pair.privateKey.export({ format: "jwk" });
    const privateKey = bytesOf(d);
    parsed.set(privateKey, pair.privateKey);
    return { publicKey: bytesOf(x), privateKey };
  },
  generateX25519SharedKey: (privateKey, publicKey) => {
    const own = parsed.get(privateKey);
    if (own === undefined) return defaultCrypto.generateX25519SharedKey(privateKey, publicKey);
    return new Uint8Array(diffieHellman({ privateKey: own, publicKey: publicKeyOf(publicKey.subarray()) }));
  },
};

function bytesOf(base64url = ""): Uint8Array {
  return new Uint8Array(Buffer.from(base64url, "base64url"));
}

/** JWK is the form that OpenSSL takes quickest. */
function publicKeyOf(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
}
