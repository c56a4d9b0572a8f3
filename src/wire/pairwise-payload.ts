/**
 * What two devices say to each other inside a pairwise session: welcomes, secrets, contributions, receipts.
 *
 * ```
 * payload = version 1 | reply to (inbox, sealing key, relays) | items (list of tagged records)
 * ```
 * @see PROTOCOL.md § Pairwise payloads
 */
import { bytes, constant, list, raw, refine, struct, text, u8, u16, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { ENTRY_CORE_MAX_BYTES } from "./entry.ts";
import { EntryHash, GroupId, SealingKey, Signature, Topic } from "./ids.ts";
import { ADDRESS_MAX_BYTES, ENTRY_PARENTS_MAX, RELAYS_MAX } from "./limits.ts";

/** Bytes of one piece of a log in a welcome (PROTOCOL.md § Welcomes): fits a pairwise payload with other items. */
export const LOG_PART_MAX_BYTES = 44_000;
/** Pieces of one log: 44 MB, far above the largest group. */
export const LOG_PARTS_MAX = 1_000;
/** Items in one payload. */
export const PAYLOAD_ITEMS_MAX = 64;

/** Where a device can be written to. */
export const ContactPoint = struct({
  inbox: Topic,
  sealingKey: SealingKey,
  relays: list(text(ADDRESS_MAX_BYTES), RELAYS_MAX),
});
export type ContactPoint = Infer<typeof ContactPoint>;

const joinRefusal = refine(u8, (value) => value >= 1 && value <= 6, "refusal");
const encodedEntry = bytes(ENTRY_CORE_MAX_BYTES + 128, 1);

export const PayloadItem = union({
  /** To a newcomer: the secret S({entry}) and the digest of the whole log, which follows in parts. */
  welcome: [1, struct({ group: GroupId, entry: EntryHash, secret: raw(32), digest: raw(32), parts: u16 })],
  logPart: [2, struct({ digest: raw(32), index: u16, piece: bytes(LOG_PART_MAX_BYTES, 1) })],
  /** The random r of a root entry, with the entry itself. */
  secret: [3, struct({ group: GroupId, entry: EntryHash, secret: raw(32), signed: encodedEntry })],
  /** c(head, F) for a newcomer who lacks that head. */
  contribution: [
    4,
    struct({ group: GroupId, head: EntryHash, frontier: list(EntryHash, ENTRY_PARENTS_MAX, 2), value: raw(32) }),
  ],
  /** The answer to a secret or a welcome; it turns the ratchet. */
  received: [5, struct({ group: GroupId, entry: EntryHash })],
  /** From a new device of a member's account: whoever is in the group may link it. */
  linkRequest: [6, struct({ group: GroupId, certificate: Signature })],
  /** To whoever asked to join with that nonce, which only members could read: a `JOIN_REFUSAL`, and tries at the password. */
  joinRefused: [7, struct({ group: GroupId, nonce: raw(32), reason: joinRefusal, triesLeft: u8 })],
  /** To the author of a root entry: r did not come. Answered with the sealed letter, if that is still kept. */
  lacking: [8, struct({ group: GroupId, entry: EntryHash })],
  /** To a member: these entries did not come, and we have what is in the past of those heads. */
  wanted: [
    9,
    struct({
      group: GroupId,
      wanted: list(EntryHash, ENTRY_PARENTS_MAX, 1),
      heads: list(EntryHash, ENTRY_PARENTS_MAX),
    }),
  ],
  /** The answer: one of them, or what leads to them. */
  entry: [10, struct({ group: GroupId, signed: encodedEntry })],
  /** A letter of yours did not open: this one is in a new session, and so should the next ones be. */
  renewed: [11, struct({})],
});
export type PayloadItem = Infer<typeof PayloadItem>;

export const PairwisePayload = struct({
  version: constant(1),
  replyTo: ContactPoint,
  items: list(PayloadItem, PAYLOAD_ITEMS_MAX, 1),
});
export type PairwisePayload = Infer<typeof PairwisePayload>;

export const encodePairwisePayload = (payload: PairwisePayload): Uint8Array => encode(PairwisePayload, payload);
export const decodePairwisePayload = (encoded: Uint8Array): PairwisePayload | undefined =>
  decode(PairwisePayload, encoded);
