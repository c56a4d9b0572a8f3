/**
 * `/hermes/prekeys/1.0.0`: one request and one answer per stream, length-prefixed. The directory sees
 * only hashes and ciphertext; a slot belongs to whoever holds its key, first come, first served.
 * @see PROTOCOL.md § Prekey directory
 */
import { bytes, constant, list, optional, struct, u32, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { DirectoryKey, PrekeyId, Signature, SlotKey, TimeMs } from "./ids.ts";
import { DIRECTORY_SLOTS_MAX, ONE_TIME_PREKEYS_MAX, SEALED_PREKEY_MAX_BYTES } from "./limits.ts";
import { refusal } from "./topic-frames.ts";

const sealed = bytes(SEALED_PREKEY_MAX_BYTES, 1);

/** A one-time prekey as the directory keeps it. */
export const SealedOneTimePrekey = struct({ id: PrekeyId, sealed });
export type SealedOneTimePrekey = Infer<typeof SealedOneTimePrekey>;

/** What the slot's key signs (with a label of its own). `publishedAt` must grow, so old states cannot be replayed. */
export const DirectoryRecord = struct({
  version: constant(1),
  directoryKey: DirectoryKey,
  slot: SlotKey,
  publishedAt: TimeMs,
  bundle: sealed,
  /** Added to those already there; an id that the directory has or had is ignored. */
  oneTime: list(SealedOneTimePrekey, ONE_TIME_PREKEYS_MAX),
});
export type DirectoryRecord = Infer<typeof DirectoryRecord>;

/** One device's keys as taken from the directory: at most one one-time prekey, which is gone from there now. */
export const TakenPrekeys = struct({ slot: SlotKey, bundle: sealed, oneTime: optional(SealedOneTimePrekey) });
export type TakenPrekeys = Infer<typeof TakenPrekeys>;

export const PrekeyRequest = union({
  publish: [1, struct({ record: DirectoryRecord, signature: Signature })],
  take: [2, struct({ directoryKey: DirectoryKey })],
  /** How many one-time prekeys are left in a slot. */
  count: [3, struct({ directoryKey: DirectoryKey, slot: SlotKey })],
});
export type PrekeyRequest = Infer<typeof PrekeyRequest>;

export const PrekeyAnswer = union({
  published: [1, struct({ left: u32 })],
  taken: [2, struct({ devices: list(TakenPrekeys, DIRECTORY_SLOTS_MAX) })],
  counted: [3, struct({ left: u32 })],
  refused: [4, struct({ reason: refusal })],
});
export type PrekeyAnswer = Infer<typeof PrekeyAnswer>;

export const encodePrekeyRequest = (request: PrekeyRequest): Uint8Array => encode(PrekeyRequest, request);
export const decodePrekeyRequest = (encoded: Uint8Array): PrekeyRequest | undefined => decode(PrekeyRequest, encoded);
export const encodePrekeyAnswer = (answer: PrekeyAnswer): Uint8Array => encode(PrekeyAnswer, answer);
export const decodePrekeyAnswer = (encoded: Uint8Array): PrekeyAnswer | undefined => decode(PrekeyAnswer, encoded);
