/**
 * What a prekey directory checks before it stores a record: the slot's key signed it. The directory cannot
 * tell whose slot it is.
 *
 * @see PROTOCOL.md § Prekey directory
 */
import { encode } from "../wire/encoding.ts";
import { DirectoryRecord } from "../wire/prekey-frames.ts";
import { lpAll } from "./transcript.ts";
import type { Verifier } from "./verifier.ts";

/** What the slot's key signs: the label and the encoded record. */
export function directoryRecordBytes(record: DirectoryRecord): Uint8Array {
  return lpAll("directory-record", encode(DirectoryRecord, record));
}

/** `valid` when `signature` is by the record's own slot. */
export function checkDirectoryRecord(
  verifier: Verifier,
  record: DirectoryRecord,
  signature: Uint8Array,
): "valid" | "forged" {
  return verifier.verify(record.slot, directoryRecordBytes(record), signature) ? "valid" : "forged";
}
