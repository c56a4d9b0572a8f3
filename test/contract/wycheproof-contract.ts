import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import type { Primitives } from "../../src/crypto/primitives.ts";

interface Wycheproof {
  readonly ed25519: readonly {
    readonly publicKey: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
  readonly x25519: readonly {
    readonly tcId: number;
    readonly public: string;
    readonly private: string;
    readonly shared: string;
  }[];
  readonly xchacha20Poly1305: readonly Record<"key" | "iv" | "aad" | "msg" | "ct" | "tag", string>[];
  readonly hmacSha256: readonly Record<"key" | "msg" | "tag" | "result", string>[];
  readonly hkdfSha256: readonly Record<"ikm" | "salt" | "info" | "okm", string>[];
}

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/wycheproof.json", import.meta.url), "utf8")) as Wycheproof;

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const NOTHING = "0".repeat(64);

/** HKDF of RFC 5869 over a provider's HMAC; without a salt it is a block of zeros. */
function hkdf(p: Primitives, { ikm, salt, info }: { ikm: string; salt: string; info: string }, bytes: number): string {
  const key = p.hmac(salt === "" ? new Uint8Array(32) : hex(salt), hex(ikm));
  let okm = "";
  let block: Uint8Array = new Uint8Array();
  for (let i = 1; okm.length < 2 * bytes; i++) {
    block = p.hmac(key, Uint8Array.from([...block, ...hex(info), i]));
    okm += toHex(block);
  }
  return okm.slice(0, 2 * bytes);
}

/** What every provider must answer to vectors of Project Wycheproof. */
export function wycheproofContract(name: string, p: Primitives): void {
  describe(`${name} primitives, on vectors of Project Wycheproof`, () => {
    for (const { publicKey, tests } of VECTORS.ed25519)
      it(`Ed25519, ${tests.length} of the key ${publicKey.slice(0, 8)}`, () => {
        for (const { tcId, msg, sig, result } of tests)
          assert.equal(p.verify(hex(publicKey), hex(msg), hex(sig)), result === "valid", `tcId ${tcId}`);
      });

    it("X25519, with an answer of zeros being none", () => {
      for (const each of VECTORS.x25519) {
        const shared = p.agree(hex(each.private), hex(each.public));
        assert.equal(shared === undefined ? NOTHING : toHex(shared), each.shared, `tcId ${each.tcId}`);
      }
    });

    it("XChaCha20-Poly1305", () => {
      for (const { key, iv, aad, msg, ct, tag } of VECTORS.xchacha20Poly1305) {
        const [k, n, a] = [hex(key), hex(iv), hex(aad)];
        assert.equal(toHex(p.seal(k, n, a, hex(msg))), ct + tag);
        const opened = p.open(k, n, a, hex(ct + tag));
        assert.equal(opened && toHex(opened), msg);
      }
    });

    it("HMAC-SHA-256", () => {
      for (const { key, msg, tag, result } of VECTORS.hmacSha256)
        assert.equal(toHex(p.hmac(hex(key), hex(msg))) === tag, result === "valid");
    });

    it("HKDF-SHA-256", () => {
      for (const each of VECTORS.hkdfSha256) assert.equal(hkdf(p, each, each.okm.length / 2), each.okm);
    });
  });
}
