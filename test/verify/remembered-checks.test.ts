import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { remembering } from "../../src/verify/remembered-checks.ts";

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);
const [key, message, signature] = [filled(32, 1), filled(200, 2), filled(64, 3)];

/** A check that accepts this one triple, and says how often it was asked. */
function counting() {
  const asked = { times: 0 };
  const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
  const check = remembering((k, m, s) => {
    asked.times++;
    return isSame(k, key) && isSame(m, message) && isSame(s, signature);
  });
  return { asked, check };
}

describe("a check that remembers", () => {
  it("asks once for what is valid, and every time for what is not", () => {
    const { asked, check } = counting();
    for (let i = 0; i < 5; i++) assert.equal(check(key, message, signature), true);
    assert.equal(asked.times, 1);
    for (let i = 0; i < 5; i++) assert.equal(check(key, message, filled(64, 9)), false);
    assert.equal(asked.times, 6);
  });

  it("knows nothing again that differs anywhere, in length or where one part ends", () => {
    const { check } = counting();
    assert.equal(check(key, message, signature), true);
    const flip = (bytes: Uint8Array, bit: number) =>
      bytes.map((each, i) => (i === (bit >> 3) % bytes.length ? each ^ (1 << (bit & 7)) : each));
    fc.assert(
      fc.property(fc.nat(), (bit) => {
        assert.equal(check(flip(key, bit), message, signature), false);
        assert.equal(check(key, flip(message, bit), signature), false);
        assert.equal(check(key, message, flip(signature, bit)), false);
      }),
    );
    assert.equal(check(key, message.subarray(1), signature), false);
    assert.equal(check(key, Uint8Array.of(...message, 0), signature), false);
    assert.equal(check(key.subarray(0, 31), Uint8Array.of(1, ...message), signature), false);
    assert.equal(check(Uint8Array.of(3, ...key), message, signature.subarray(1)), false);
  });

  it("keeps copies: changing what was handed in changes no answer", () => {
    const { check } = counting();
    const mine = Uint8Array.from(message);
    assert.equal(check(key, mine, signature), true);
    mine[0] = 9;
    assert.equal(check(key, mine, signature), false);
    assert.equal(check(key, message, signature), true);
  });

  it("forgets the oldest, and never keeps a message that is too long", () => {
    let asked = 0;
    const check = remembering(() => {
      asked++;
      return true;
    });
    for (let i = 0; i < 17; i++) check(key, filled(10, i), signature);
    check(key, filled(10, 16), signature);
    assert.equal(asked, 17);
    check(key, filled(10, 0), signature);
    assert.equal(asked, 18);
    for (let i = 0; i < 2; i++) check(key, filled(1_000, 1), signature);
    assert.equal(asked, 20);
  });
});
