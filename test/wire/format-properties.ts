/**
 * What must hold of every format. A new format needs one call with random values of it:
 * `formatProperties("Envelope", Envelope, anyEnvelope)`.
 */
import assert from "node:assert/strict";
import fc, { type Arbitrary } from "fast-check";
import { describe, it } from "mocha";
import { type Codec, decode, encode } from "../../src/wire/encoding.ts";

/** How a test damages valid bytes. */
interface Damage {
  readonly kind: "flip" | "set" | "insert" | "delete" | "repeat";
  /** Fraction of the length: 0 to 1. */
  readonly at: number;
  readonly value: number;
}

const anyDamage: Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("flip", "set", "insert", "delete", "repeat"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  value: fc.nat({ max: 255 }),
});

/** Valid bytes, damaged once. */
function damaged(valid: Uint8Array, { kind, at, value }: Damage): Uint8Array {
  const index = Math.min(valid.length - 1, Math.floor(at * valid.length));
  const before = valid.subarray(0, index);
  const after = valid.subarray(index + 1);
  const byte = valid[index] ?? 0;
  const middle = {
    flip: [byte ^ (1 << (value % 8))],
    set: [value],
    insert: [byte, value],
    delete: [],
    repeat: [byte, ...after.subarray(0, value), byte],
  };
  return Uint8Array.from([...before, ...middle[kind], ...after]);
}

/** Whatever decodes must be the one encoding of its value; anything else must be `undefined`, never an exception. */
function assertStrict<T>(codec: Codec<T>, bytes: Uint8Array): void {
  const value = decode(codec, bytes);
  if (value !== undefined) assert.deepEqual(encode(codec, value), bytes, "a second encoding of the same value");
}

/** Defines the tests that every format has to pass. `runs`: random cases of each. */
export function formatProperties<T>(name: string, codec: Codec<T>, values: Arbitrary<T>, runs = 50): void {
  const check = (property: fc.IProperty<[T]> | fc.IProperty<[T, Damage]> | fc.IProperty<[Uint8Array]>) =>
    fc.assert(property as fc.IProperty<unknown>, { numRuns: runs });

  describe(`The format ${name}`, () => {
    it("comes back from its bytes as it was", () => {
      check(fc.property(values, (value) => assert.deepEqual(decode(codec, encode(codec, value)), value)));
    });

    it("refuses every truncation and every trailing byte", () => {
      check(
        fc.property(values, (value) => {
          const bytes = encode(codec, value);
          const step = Math.max(1, Math.floor(bytes.length / 200));
          for (let end = 0; end < bytes.length; end += step) {
            assert.equal(decode(codec, bytes.subarray(0, end)), undefined, `${end} of ${bytes.length} bytes`);
          }
          assert.equal(decode(codec, Uint8Array.of(...bytes, 0)), undefined, "a trailing byte");
        }),
      );
    });

    it("has one encoding of each value, also among damaged bytes", () => {
      check(
        fc.property(values, anyDamage, (value, damage) => assertStrict(codec, damaged(encode(codec, value), damage))),
      );
    });

    it("takes any bytes without an exception", () => {
      check(fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (bytes) => assertStrict(codec, bytes)));
    });

    it("decodes to copies, and leaves its input alone", () => {
      check(
        fc.property(values, (value) => {
          const bytes = encode(codec, value);
          const given = bytes.slice();
          const decoded = decode(codec, given);
          assert.deepEqual(given, bytes);
          given.fill(0xa5);
          assert.deepEqual(decoded, value);
        }),
      );
    });
  });
}
