/**
 * Log entries travel in a group's topic sealed under a key of the epoch, so that a relay sees no membership.
 * The box gives secrecy only: who wrote an entry, and whether it counts, is in the entry's own signature.
 *
 * @see PROTOCOL.md § Membership log
 */
import { lpAll } from "../verify/transcript.ts";
import { decode, encode } from "../wire/encoding.ts";
import { SealedEntryBody } from "../wire/group-message.ts";
import type { EpochId, Nonce } from "../wire/ids.ts";
import type { LogKey } from "./epoch-secrets.ts";
import { pad, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";

/** The key of an epoch's entries, and which epoch it is. */
export interface EntryBox {
  readonly logKey: LogKey;
  readonly epochId: EpochId;
}

/** The body of an envelope of kind `entry`, from an encoded entry and a random nonce. */
export function sealEntry(p: Primitives, box: EntryBox, nonce: Nonce, entry: Uint8Array): Uint8Array {
  const ciphertext = p.seal(box.logKey, nonce, lpAll("entry-box", box.epochId), pad(entry));
  return encode(SealedEntryBody, { nonce, ciphertext });
}

/** The encoded entry, or `malformed` and `forged` as for messages. */
export function openEntry(p: Primitives, box: EntryBox, body: Uint8Array): Uint8Array | "malformed" | "forged" {
  const decoded = decode(SealedEntryBody, body);
  if (decoded === undefined) return "malformed";
  const padded = p.open(box.logKey, decoded.nonce, lpAll("entry-box", box.epochId), decoded.ciphertext);
  if (padded === undefined) return "forged";
  return unpad(padded) ?? "malformed";
}
