/**
 * What every record of a profile has in common. Keys are `prefix + id`; ids are lower-case hex, parts separated by
 * `/`. Each value begins with a version byte. The records themselves stand beside this file, by what they are about.
 *
 * 1. A record that a message needs never grows with the group or with history.
 * 2. Erasing a key means writing its record without it in the same commit that used it.
 *
 * @see PROTOCOL.md § Saved records
 */
import { constant, list, raw, text } from "../../wire/codec.ts";
import type { Codec } from "../../wire/encoding.ts";
import { ADDRESS_MAX_BYTES, RELAYS_MAX } from "../../wire/limits.ts";
import { toHex } from "../../wire/text-forms.ts";
import type { RecordType } from "../step.ts";

/** A record type: `prefix` of its keys, and its layout after the version byte, which is 1. */
export function record<T extends object>(prefix: string, codec: Codec<T>): RecordType<T> {
  const version = constant(1);
  return {
    prefix,
    codec: {
      write: (w, v) => {
        version.write(w, 1);
        codec.write(w, v);
      },
      read: (r) => {
        version.read(r);
        return codec.read(r);
      },
    },
  };
}

/** Addresses of relays. */
export const relays = list(text(ADDRESS_MAX_BYTES), RELAYS_MAX);

/** 32 bytes that nobody else may know. */
export const secret = raw(32);

/** Hex of any id, for use in record keys. */
export const idOf = (...parts: readonly Uint8Array[]): string => parts.map(toHex).join("/");
