/**
 * A message to a group: a sealed header that names sender and position, and the sealed message itself.
 *
 * ```
 * body       header nonce 24 | sealed header (u32 length) | nonce 24 | sealed text (u32 length)
 * header     form 1 | sender index 4 | iteration 8 | device signature 64
 *            form 2 | sender index 4 | first iteration 8 | position 1 | count 1 | device signature 64 | Merkle path (list of 32)
 * plaintext  version 1 | message frontier (list of 32) | depth 4 | closures (list of epoch 32, sent 8) | sent at 8 | content
 * content    tag 1 | text (u32 length)        tag 2 | manifest        tag 3, 4 | message id 32        tag 5 | name (u32 length)
 *            tag 6 | merges (list of epoch 32, heads (list of 32))
 *            (further tags: reactions)
 * entry body nonce 24 | sealed entry (u32 length)
 * ```
 * @see PROTOCOL.md § Group messages
 */
import { bytes, bytesView, constant, list, raw, refine, struct, text, u8, u32, u64, union } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import { FileManifest } from "./file-manifest.ts";
import { EntryHash, EpochId, Iteration, MessageId, Nonce, Signature, TimeMs } from "./ids.ts";
import {
  BODY_MAX_BYTES,
  BURST_MESSAGES_MAX,
  BURST_PATH_MAX,
  CLOSURES_MAX,
  MERGED_HEADS_MAX,
  MESSAGE_FRONTIER_MAX,
  NAME_MAX_BYTES,
  NAMED_MERGES_MAX,
  TEXT_MAX_BYTES,
} from "./limits.ts";

/** Bytes of a sealed header: room for a longer Merkle path than a burst has today. */
const SEALED_HEADER_MAX_BYTES = 768;

/** Body of an envelope of kind `message`. */
export const GroupMessageBody = struct({
  headerNonce: Nonce,
  header: bytes(SEALED_HEADER_MAX_BYTES, 16),
  nonce: Nonce,
  ciphertext: bytesView(BODY_MAX_BYTES, 16),
});
export type GroupMessageBody = Infer<typeof GroupMessageBody>;

const burstCount = refine(u8, (value) => value >= 2 && value <= BURST_MESSAGES_MAX, "burst count");

/** What the header says once opened. */
export const GroupHeader = union({
  /** `index`: rank of the device among the sorted devices of the epoch. */
  single: [1, struct({ index: u32, iteration: Iteration, signature: Signature })],
  /** Message number `position`, from 0, of `count` that were signed together; its iteration is `first` + `position`. */
  burst: [
    2,
    struct({
      index: u32,
      first: Iteration,
      position: u8,
      count: burstCount,
      signature: Signature,
      path: list(raw(32), BURST_PATH_MAX, 1),
    }),
  ],
});
export type GroupHeader = Infer<typeof GroupHeader>;

/** The author sent `sent` messages in that epoch and sends no more: iterations from there on are void. */
export const ChainClosure = struct({ epoch: EpochId, sent: u64 });
export type ChainClosure = Infer<typeof ChainClosure>;

/** An epoch of several heads, by these. */
export const NamedMerge = struct({ epoch: EpochId, heads: list(EntryHash, MERGED_HEADS_MAX, 2) });
export type NamedMerge = Infer<typeof NamedMerge>;

/**
 * What a person reads; of `fileWanted` and `fileHeld`, which concern the file of that message, and of `merges` only programs
 * take note.
 */
export const MessageContent = union({
  text: [1, struct({ text: text(TEXT_MAX_BYTES) })],
  file: [2, struct({ manifest: FileManifest })],
  /** The author misses chunks that nobody who is reached has: whoever has the file puts them on the relays again. */
  fileWanted: [3, struct({ file: MessageId })],
  /** The author has all of it, and could bring it back. */
  fileHeld: [4, struct({ file: MessageId })],
  /** From now on the author's account is called this. */
  named: [5, struct({ name: text(NAME_MAX_BYTES) })],
  /** Something was said in these epochs, which others may never have passed through. */
  merges: [6, struct({ merges: list(NamedMerge, NAMED_MERGES_MAX, 1) })],
});
export type MessageContent = Infer<typeof MessageContent>;

/** What a message key seals, after padding. */
export const GroupPlaintext = struct({
  version: constant(1),
  frontier: list(MessageId, MESSAGE_FRONTIER_MAX),
  /** Where it stands in the conversation: 1 + the greatest depth that its author had seen. */
  depth: u32,
  closures: list(ChainClosure, CLOSURES_MAX),
  sentAt: TimeMs,
  content: MessageContent,
});
export type GroupPlaintext = Infer<typeof GroupPlaintext>;

/** Body of an envelope of kind `entry`. */
export const SealedEntryBody = struct({ nonce: Nonce, ciphertext: bytes(BODY_MAX_BYTES, 16) });
export type SealedEntryBody = Infer<typeof SealedEntryBody>;
