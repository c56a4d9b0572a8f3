/**
 * What a message says of a file: everything that it takes to fetch it, open it and check each piece of it.
 *
 * ```
 * manifest  name (u32 length) | type (u32 length) | size 8 | directory 1 | key 32 | commitment 32 | root 32 | 0, or 1 and preview
 * preview   width 4 | height 4 | format 1 (1 JPEG, 2 WebP) | image (u32 length)
 * ```
 * @see PROTOCOL.md § Files
 */
import { bool, bytes, optional, raw, refine, struct, text, u8, u32, u64 } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import { ChunkId } from "./ids.ts";
import { FILE_MAX_BYTES, FILE_NAME_MAX_BYTES, FILE_PREVIEW_MAX_BYTES, FILE_TYPE_MAX_BYTES } from "./limits.ts";

/** What a preview's image is; others are malformed. */
export const PREVIEW_FORMAT = { jpeg: 1, webp: 2 } as const;

/** A picture's small likeness, made by the sender. Width and height, in pixels, are those of the whole picture. */
export const FilePreviewImage = struct({
  width: u32,
  height: u32,
  format: refine(u8, (value) => value === PREVIEW_FORMAT.jpeg || value === PREVIEW_FORMAT.webp, "preview format"),
  image: bytes(FILE_PREVIEW_MAX_BYTES),
});
export type FilePreviewImage = Infer<typeof FilePreviewImage>;

/** How many chunks there are, and of which lengths, follows from `size`. */
export const FileManifest = struct({
  /** As the sender says: shown and used only after cleaning. */
  name: text(FILE_NAME_MAX_BYTES),
  /** MIME type as the sender says; shown, never obeyed. */
  type: text(FILE_TYPE_MAX_BYTES),
  /** Bytes. */
  size: refine(u64, (value) => value <= FILE_MAX_BYTES, "file size"),
  /** A directory, as a tar archive. */
  isDirectory: bool,
  /** Random; everything else about the chunks follows from it. */
  key: raw(32),
  commitment: raw(32),
  /** Hash of the one chunk at the top of the tree. */
  root: ChunkId,
  preview: optional(FilePreviewImage),
});
export type FileManifest = Infer<typeof FileManifest>;
