/** Random values of the basic formats, for fast-check; formats of other folders build theirs from these. */
import fc, { type Arbitrary } from "fast-check";
import type { Bytes, BytesBrand, Count } from "../../src/wire/brand.ts";

/** Any value of a byte brand. */
export function brandedBytes<Name extends string>(brand: BytesBrand<Name>): Arbitrary<Bytes<Name>> {
  return bytesOf(brand.lengthBytes, brand.lengthBytes).map(brand.from);
}

/** `min` to `max` random bytes. */
export function bytesOf(max: number, min = 0): Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: min, maxLength: max, size: "max" });
}

/** 0 to 2^32 - 1, often at the edges. */
export const anyU32: Arbitrary<number> = fc.nat({ max: 0xffffffff });

/** 0 to 2^53 - 1, often at the edges, under whatever numeric brand. */
export function anyU64<Name extends string>(): Arbitrary<Count<Name>> {
  return fc.maxSafeNat() as unknown as Arbitrary<Count<Name>>;
}

/** {@link anyU32} under a numeric brand. */
export function countU32<Name extends string>(): Arbitrary<Count<Name>> {
  return anyU32 as unknown as Arbitrary<Count<Name>>;
}

/** Well-formed text of at most `maxBytes` UTF-8 bytes, in any script. */
export function anyText(maxBytes: number): Arbitrary<string> {
  return fc.string({ unit: "binary", maxLength: Math.min(40, Math.floor(maxBytes / 4)) });
}

/** Records as plain objects, like those that decoding makes. */
export function record<T>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as Arbitrary<T>;
}
