import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { shake128 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { describe, it } from "mocha";
import { deriveKey, extract, hashOf } from "../../src/crypto/kdf.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { isFault } from "../../src/wire/fault.ts";
import { chachaPoly, hkdfExpand, xchachaPoly } from "../twin/key-schedule-twin.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const ascii = (text: string): Buffer => Buffer.from(text, "ascii");
const toHex = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString("hex");
const isInvariant = (error: unknown): boolean => isFault(error, "internal/invariant");

const SUNSCREEN = ascii(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);

/** What every provider of the primitives must answer: published vectors and refusals. */
export function primitivesContract(name: string, p: Primitives): void {
  describe(`${name} primitives, on published vectors`, () => {
    it("SHA-256 and HMAC-SHA-256 agree with FIPS 180-4 and RFC 4231 §4.3", () => {
      assert.equal(toHex(p.sha256(ascii("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      const mac = p.hmac(ascii("Jefe"), ascii("what do ya want for nothing?"));
      assert.equal(toHex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    });

    it("HKDF-SHA-256 agrees with RFC 5869 A.1", () => {
      const prk = p.hmac(hex("000102030405060708090a0b0c"), hex("0b".repeat(22)));
      assert.equal(toHex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
      const okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
      const info = hex("f0f1f2f3f4f5f6f7f8f9");
      assert.equal(toHex(hkdfExpand(prk, info, 42)), okm);
      assert.equal(toHex(p.hmac(prk, Buffer.concat([info, hex("01")]))), okm.slice(0, 64));
    });

    it("H, KDF and X are SHA-256, HKDF-Expand and HKDF-Extract over labelled parts", () => {
      const info = Buffer.concat([hex("0000000f"), ascii("hermes/v1/chain"), hex("00000002 aabb 00000000")]);
      const key = p.sha256(ascii("a key"));
      assert.equal(toHex(hashOf(p, "chain", hex("aabb"), hex(""))), toHex(p.sha256(info)));
      assert.equal(toHex(deriveKey(p, "chain", key, hex("aabb"), hex(""))), toHex(hkdfExpand(key, info, 32)));
      const viaNode = hkdfSync("sha256", hex("aabbcc"), ascii("hermes/v1/combine"), hex(""), 32);
      const prk = extract(p, "combine", hex("aa"), hex("bbcc"));
      assert.equal(toHex(hkdfExpand(prk, hex(""), 32)), toHex(new Uint8Array(viaNode)));
    });

    it("X25519 agrees with RFC 7748 §5.2 and §6.1", () => {
      const shared = p.agree(
        hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
      );
      assert.equal(toHex(shared), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
      const alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
      const bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
      assert.equal(
        toHex(p.agreementPublicKey(alice)),
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      );
      const secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
      assert.equal(toHex(p.agree(alice, p.agreementPublicKey(bob))), secret);
      assert.equal(toHex(p.agree(bob, p.agreementPublicKey(alice))), secret);
    });

    it("X25519 answers nothing for keys of small order", () => {
      for (const key of [hex("00".repeat(32)), hex(`01${"00".repeat(31)}`), hex(`ec${"ff".repeat(30)}7f`)])
        assert.equal(p.agree(hex("77".repeat(32)), key), undefined);
    });

    it("Ed25519 agrees with RFC 8032 §7.1", () => {
      for (const [seed, publicKey, message, signature] of RFC_8032) {
        assert.equal(toHex(p.signingPublicKey(hex(seed))), publicKey);
        assert.equal(toHex(p.sign(hex(seed), hex(message))), signature);
        assert.equal(p.verify(hex(publicKey), hex(message), hex(signature)), true);
        assert.equal(p.verify(hex(publicKey), hex(`${message}00`), hex(signature)), false);
      }
    });

    it("ChaCha20-Poly1305 of the twin agrees with RFC 8439 §2.8.2", () => {
      const sealed = chachaPoly(
        hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        hex("070000004041424344454647"),
        hex("50515253c0c1c2c3c4c5c6c7"),
        SUNSCREEN,
      );
      assert.equal(toHex(sealed.subarray(-16)), "1ae10b594f09e26a7e902ecbd0600691");
    });

    it("XChaCha20-Poly1305 agrees with draft-irtf-cfrg-xchacha-03 A.3.1, in both implementations", () => {
      const key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
      const nonce = hex("404142434445464748494a4b4c4d4e4f5051525354555657");
      const aad = hex("50515253c0c1c2c3c4c5c6c7");
      const sealed = p.seal(key, nonce, aad, SUNSCREEN);
      assert.equal(toHex(sealed), XCHACHA_SEALED);
      assert.equal(toHex(xchachaPoly(key, nonce, aad, SUNSCREEN)), XCHACHA_SEALED);
      assert.equal(toHex(p.open(key, nonce, aad, sealed)), toHex(SUNSCREEN));
    });

    it("XChaCha20-Poly1305 opens nothing that was changed anywhere", () => {
      const arrange = fc.record({
        plaintext: fc.uint8Array({ maxLength: 80, size: "max" }),
        bit: fc.nat(),
        key: bytes(32),
      });
      fc.assert(
        fc.property(arrange, bytes(24), bytes(5), ({ plaintext, bit, key }, nonce, aad) => {
          const sealed = p.seal(key, nonce, aad, plaintext);
          const flip = (value: Uint8Array) =>
            value.map((each, i) => (i === (bit >> 3) % value.length ? each ^ (1 << (bit & 7)) : each));
          assert.deepEqual(p.open(key, nonce, aad, sealed), plaintext);
          assert.equal(p.open(key, nonce, aad, flip(sealed)), undefined);
          assert.equal(p.open(flip(key), nonce, aad, sealed), undefined);
          assert.equal(p.open(key, flip(nonce), aad, sealed), undefined);
          assert.equal(p.open(key, nonce, flip(aad), sealed), undefined);
          assert.equal(p.open(key, nonce, aad, sealed.subarray(0, bit % sealed.length)), undefined);
        }),
        { numRuns: 50 },
      );
    });

    it("ML-KEM-768 agrees with the accumulated vectors of Go's crypto/mlkem (FIPS 203, 100 rounds)", () => {
      const source = shake128.create();
      const results = shake128.create();
      for (let round = 0; round < 100; round++) {
        const { publicKey, secretKey } = p.kemKeyPair(source.xof(64));
        const sent = p.kemEncapsulate(publicKey, source.xof(32));
        assert(sent !== undefined);
        assert.deepEqual(p.kemDecapsulate(secretKey, sent.ciphertext), sent.secret);
        const rejected = p.kemDecapsulate(secretKey, source.xof(1088));
        results.update(publicKey).update(sent.ciphertext).update(sent.secret).update(rejected);
      }
      assert.equal(toHex(results.xof(32)), "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
    });

    it("ML-KEM-768 refuses a key with a coefficient beyond the modulus (FIPS 203 §7.2)", () => {
      const { publicKey } = p.kemKeyPair(new Uint8Array(64));
      const beyond = publicKey.map((each, i) => (i < 3 ? 0xff : each));
      assert.equal(p.kemEncapsulate(beyond, new Uint8Array(32)), undefined);
    });

    it("Argon2id agrees with the reference implementation's tests", () => {
      const stretched = p.argon2id(ascii("password"), ascii("somesalt"), { memoryKiB: 256, passes: 2 });
      assert.equal(toHex(stretched), "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    });

    it("call arguments of our own with a wrong length a fault", () => {
      const short = new Uint8Array(31);
      const long = new Uint8Array(33);
      assert.throws(() => p.sign(short, long), isInvariant);
      assert.throws(() => p.signingPublicKey(long), isInvariant);
      assert.throws(() => p.agree(short, long), isInvariant);
      assert.throws(() => p.seal(short, new Uint8Array(24), short, short), isInvariant);
      assert.throws(() => p.open(new Uint8Array(32), short, short, short), isInvariant);
      assert.throws(() => p.kemKeyPair(short), isInvariant);
      assert.throws(() => p.kemEncapsulate(short, new Uint8Array(32)), isInvariant);
    });
  });

  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

  const XCHACHA_SEALED = [
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
    "21f9664c97637da9768812f615c68b13b52e",
    "c0875924c1c7987947deafd8780acf49",
  ].join("");

  /** Seed, public key, message, signature. */
  const RFC_8032 = [
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ] as const;
}
