import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { openBox, sealBox } from "../../src/crypto/sealed-box.ts";
import { SealingKey, Topic } from "../../src/wire/ids.ts";
import { randomFrom } from "./paired-devices.ts";

const random = randomFrom("sealed box");
const sealingSecret = random(32);
const inbox = Topic.from(random(32));
const to = { inbox, sealingKey: SealingKey.from(p.agreementPublicKey(sealingSecret)) };

describe("A sealed box", () => {
  it("gives its plaintext to the owner of the inbox", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 3_000, size: "max" }), (plaintext) => {
      assert.deepEqual(openBox(p, inbox, sealingSecret, sealBox(p, to, plaintext, random(32))), plaintext);
    });
    fc.assert(property, { numRuns: 20 });
  });

  it("does not open with another secret, for another inbox or with any byte changed", () => {
    const body = sealBox(p, to, random(10), random(32));
    assert.equal(openBox(p, inbox, random(32), body), undefined);
    assert.equal(openBox(p, Topic.from(random(32)), sealingSecret, body), undefined);
    for (let at = 0; at < body.length; at += 3)
      assert.equal(openBox(p, inbox, sealingSecret, body.with(at, (body[at] ?? 0) ^ 1)), undefined, `byte ${at}`);
    assert.equal(openBox(p, inbox, sealingSecret, Uint8Array.of(...body, 0)), undefined);
    assert.equal(openBox(p, inbox, sealingSecret, new Uint8Array(0)), undefined);
  });

  it("refuses another key commitment before it looks at the ciphertext", () => {
    const body = sealBox(p, to, random(10), random(32));
    const unused = { ...p, open: () => assert.fail("the cipher was asked") };
    assert.equal(openBox(unused, inbox, sealingSecret, body.with(40, (body[40] ?? 0) ^ 1)), undefined);
  });

  it("hides the exact length", () => {
    const lengths = [0, 1, 100, 200].map((length) => sealBox(p, to, random(length), random(32)).length);
    assert.equal(new Set(lengths).size, 1);
  });

  it("is one that nobody can open where the sealing key is of small order", () => {
    const zero = { inbox, sealingKey: SealingKey.from(new Uint8Array(32)) };
    const body = sealBox(p, zero, random(10), random(32));
    assert.equal(openBox(p, inbox, sealingSecret, body), undefined);
    const zeroEphemeral = Uint8Array.from(body, (each, i) => (i >= 1 && i < 33 ? 0 : each));
    assert.equal(openBox(p, inbox, sealingSecret, zeroEphemeral), undefined);
  });
});
