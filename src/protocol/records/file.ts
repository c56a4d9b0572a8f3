/**
 * Records of files that move.
 *
 * @see PROTOCOL.md § Saved records
 */
import { FileBits, FileHashes, FileState } from "../file-state.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

/** A file of a group; id: group/message. */
export const FILE: RecordType<FileState> = record("file/", FileState);

/** A list of hashes; id: topic of the file, level, index (5 digits). */
export const FILE_LIST: RecordType<FileHashes> = record("file-list/", FileHashes);

/** Which chunks of a list are through; id: topic of the file, index (5 digits). */
export const FILE_BITS: RecordType<FileBits> = record("file-bits/", FileBits);
