/**
 * Records of a conversation: its newest messages, what is missing, and which messages count.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bool, bytes, list, optional, raw, struct, u32, u64 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, DeviceKey, EntryHash, EpochId, Iteration, MessageId, TimeMs } from "../../wire/ids.ts";
import { MEMBERS_PER_ADD_MAX, MESSAGE_FRONTIER_MAX } from "../../wire/limits.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

/** Newest messages of a conversation that we remember as heads. */
export const HEADS_MAX = 32;

/** Message frontier of a group. */
export const HeadsState = struct({
  heads: list(struct({ id: MessageId, depth: u32 }), HEADS_MAX),
  /** How many messages took a place in `said/` so far. */
  said: u64,
});
export type HeadsState = Infer<typeof HeadsState>;
export const HEADS: RecordType<HeadsState> = record("heads/", HeadsState);

/** A message that we have; id: message id. */
export const SEEN: RecordType<{ readonly depth: number }> = record("seen/", struct({ depth: u32 }));

/** A message that somebody cited and we do not have; id: group/message id. */
export const GapState = struct({
  /** Who cited it first. */
  citedBy: DeviceKey,
  account: AccountKey,
  at: TimeMs,
  /** Another account has cited it as well; until then it may be an invention of the first. */
  isConfirmed: bool,
});
export type GapState = Infer<typeof GapState>;
export const GAP: RecordType<GapState> = record("gap/", GapState);

/** How many gaps are noted; id: group, or group/device that cited them first. */
export const GAP_COUNT: RecordType<{ readonly gaps: number }> = record("gap-count/", struct({ gaps: u32 }));

/** A recent message of a group, as far as it takes to judge which of them count; id: group/place (4 digits), the oldest makes room. */
export const SaidState = struct({
  id: MessageId,
  epoch: EpochId,
  device: DeviceKey,
  account: AccountKey,
  iteration: Iteration,
  depth: u32,
  cites: list(MessageId, MESSAGE_FRONTIER_MAX),
  /** Its author was removed, and nobody who stayed is known to have seen it. */
  isHeld: bool,
  /** Its author signed another one at the same place of its chain, or had closed the chain before. */
  isVoid: bool,
});
export type SaidState = Infer<typeof SaidState>;
export const SAID: RecordType<SaidState> = record("said/", SaidState);

/** The same of a message that came ahead of what is missing before it; id: group/relay or member/slot (2 hex digits). */
export const AHEAD: RecordType<SaidState> = record("ahead/", SaidState);

/** Places for those: 128 from relays and as many from members, the newest of two topics of a group each. */
export const AHEAD_MAX = 256;

/** Recent messages of one group that removals and forks are judged by: what a step can look through in its time. */
export const SAID_MAX = 1_024;

/** Removals that one group's messages are judged by. */
export const REMOVALS_MAX = 256;

/** Epochs of which it is kept whether removals came before them. */
export const JUDGED_EPOCHS_MAX = 1_024;

/** Removals that some epochs do not know, and what of those epochs' messages is held; id: group. */
export const RemovalsState = struct({
  /** H("frontier", ..) of the removals and unlinks that count: when it changes, all is judged again. */
  digest: raw(32),
  removals: list(
    struct({
      entry: EntryHash,
      accounts: list(AccountKey, MEMBERS_PER_ADD_MAX),
      /** Unlinked: only this device of the account. */
      device: optional(DeviceKey),
      /** Messages that its author had seen. */
      frontier: list(MessageId, MESSAGE_FRONTIER_MAX),
    }),
    REMOVALS_MAX,
  ),
  /** Places in `removals` of those that are not in the epoch's past. */
  epochs: list(struct({ epoch: EpochId, lacks: list(u32, REMOVALS_MAX) }), JUDGED_EPOCHS_MAX),
  /** Messages that are held. */
  held: u32,
});
export type RemovalsState = Infer<typeof RemovalsState>;
export const REMOVALS: RecordType<RemovalsState> = record("removals/", RemovalsState);

/** A second message of one device at one iteration, signed as the first; the first that we met of each chain. id: epoch/index. */
export const FORK_PROOF: RecordType<{ readonly body: Uint8Array; readonly forks: number }> = record(
  "fork-proof/",
  /** `forks`: how many of that chain we met. */
  struct({ body: bytes(65_536), forks: u32 }),
);
