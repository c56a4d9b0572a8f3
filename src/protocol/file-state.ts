/**
 * A file as this device has it: what its message said, and how far it is. Which pieces are through stands in records of
 * its own, one for each list of 8,192 chunks, so that saving progress costs the same for every size.
 * @see PROTOCOL.md § Files
 */
import { bool, bytes, list, struct, text, u64, union } from "../wire/codec.ts";
import type { Infer } from "../wire/encoding.ts";
import { FileManifest } from "../wire/file-manifest.ts";
import { AccountKey, TimeMs } from "../wire/ids.ts";
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../wire/limits.ts";

/** UTF-8 bytes of a path: what Linux takes. */
const PATH_MAX_BYTES = 4_096;
/** UTF-8 bytes of a sentence that says why. */
const REASON_MAX_BYTES = 1_024;
/** Members of whom it is noted that they have all of a file. */
export const FILE_HOLDERS_MAX = 8;

/** Where the whole file can be read on this machine. */
export const SavedFile = struct({
  path: text(PATH_MAX_BYTES),
  /** Sealed chunks one after another, in the profile, instead of the file itself. */
  isSpool: bool,
  /** Ms, as the file system says: a changed file is not served. */
  modified: u64,
});
export type SavedFile = Infer<typeof SavedFile>;

/** How far the file is; what `FileState` of file-api.ts says beyond that is known only while the program runs. */
export const FileStage = union({
  sending: [1, struct({ saved: SavedFile })],
  sent: [2, struct({ saved: SavedFile })],
  offered: [3, struct({})],
  /** `part`: the temporary file; empty until it is made. */
  fetching: [
    4,
    struct({
      directory: text(PATH_MAX_BYTES),
      name: text(PATH_MAX_BYTES),
      isExact: bool,
      part: text(PATH_MAX_BYTES),
    }),
  ],
  here: [5, struct({ saved: SavedFile })],
  cancelled: [6, struct({})],
  failed: [7, struct({ reason: text(REASON_MAX_BYTES) })],
});
export type FileStage = Infer<typeof FileStage>;

export const FileState = struct({
  manifest: FileManifest,
  from: AccountKey,
  /** Sent by this device. */
  isOurs: bool,
  at: TimeMs,
  stage: FileStage,
  /** Who has said that they have all of it, besides the sender. */
  holders: list(AccountKey, FILE_HOLDERS_MAX),
});
export type FileState = Infer<typeof FileState>;

/** Hashes of a list of the tree, one after another. */
export const FileHashes = struct({ hashes: bytes(CHUNK_PLAIN_BYTES) });
export type FileHashes = Infer<typeof FileHashes>;

/** One bit for each data chunk of a list, lowest first: at us when fetching, at a relay or another member when sending. */
export const FileBits = struct({ bits: bytes(CHUNK_LIST_MAX / 8) });
export type FileBits = Infer<typeof FileBits>;
