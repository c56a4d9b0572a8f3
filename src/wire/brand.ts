/**
 * Bytes and numbers that stand for one thing only, so that the compiler tells keys, ids and hashes apart.
 */
import { raw } from "./codec.ts";
import type { Codec } from "./encoding.ts";
import { Fault } from "./fault.ts";

declare const brand: unique symbol;

/** Bytes that stand for one thing only: keys, ids and hashes of different meaning cannot be mixed up. */
export type Bytes<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** A number that stands for one thing only. */
export type Count<Name extends string> = number & { readonly [brand]: Name };

/** Codec and only constructor of a byte brand. */
export interface BytesBrand<Name extends string> extends Codec<Bytes<Name>> {
  readonly lengthBytes: number;
  /** Brands `value` after checking its length; throws `internal/invariant` otherwise. */
  readonly from: (value: Uint8Array) => Bytes<Name>;
}

/** Declares a brand for byte strings of exactly `lengthBytes`. */
export function branded<Name extends string>(name: Name, lengthBytes: number): BytesBrand<Name> {
  const inner = raw(lengthBytes) as Codec<unknown> as Codec<Bytes<Name>>;
  return {
    ...inner,
    lengthBytes,
    from: (value) => {
      if (value.length === lengthBytes) return value as Bytes<Name>;
      throw new Fault("internal/invariant", `${name} must have ${lengthBytes} bytes, not ${value.length}`);
    },
  };
}

/** The same bytes as `codec`, under a numeric brand. */
export function counted<Name extends string>(_name: Name, codec: Codec<number>): Codec<Count<Name>> {
  return codec as Codec<unknown> as Codec<Count<Name>>;
}
