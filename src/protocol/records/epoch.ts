/**
 * Records of epochs: which we read, their keys, fork trees and chains.
 *
 * @see PROTOCOL.md § Saved records
 */
import { ForkTree, SenderTree } from "../../crypto/puncturable-tree.ts";
import { OwnChain, PeerChain } from "../../crypto/sender-chain.ts";
import { list, optional, raw, struct, u8, u32, u64 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, DeviceKey, EntryHash, EpochId, GroupId, TimeMs, Topic } from "../../wire/ids.ts";
import { ENTRY_PARENTS_MAX, MERGED_HEADS_MAX } from "../../wire/limits.ts";
import { toHex } from "../../wire/text-forms.ts";
import type { RecordType } from "../step.ts";
import { record, secret } from "./record.ts";

/** Epochs of one group that we still read: one a membership change, for at most 30 days. */
export const LIVE_EPOCHS_MAX = 65_536;
const liveEpoch = struct({
  epoch: EpochId,
  topic: Topic,
  /** phi(F). */
  frontier: raw(32),
  number: u32,
  /** When a newer one took its place for sending. */
  supersededAt: optional(TimeMs),
});
export type LiveEpoch = Infer<typeof liveEpoch>;

/** Epochs that we read; looked at only when membership changes. id: group. */
export const LIVE: RecordType<{ readonly epochs: readonly LiveEpoch[] }> = record(
  "live/",
  struct({ epochs: list(liveEpoch, LIVE_EPOCHS_MAX) }),
);

/** When the group's key was last fresh, and when it is renewed; id: group. */
export const ScheduleState = struct({
  /** The entry that brought the fresh secret. */
  root: EntryHash,
  rekeyedAt: TimeMs,
  /** Depth of the conversation at that time: how many messages were said since. */
  rekeyedDepth: u32,
  everyMs: u64,
  everyMessages: u32,
});
export type ScheduleState = Infer<typeof ScheduleState>;
export const SCHEDULE: RecordType<ScheduleState> = record("schedule/", ScheduleState);

/** When a fork tree goes because a re-key covers it; id: phi. */
export const FORK_END: RecordType<{ readonly at: TimeMs }> = record("fork-end/", struct({ at: TimeMs }));

/** Keys of one epoch for as long as it is read. */
export const EpochState = struct({
  epoch: EpochId,
  group: GroupId,
  frontier: list(EntryHash, ENTRY_PARENTS_MAX, 1),
  number: u32,
  /** Depth of its newest entry: every message of the epoch comes after that. */
  depth: u32,
  topicSeed: secret,
  topic: Topic,
  headerKey: secret,
  logKey: secret,
  /** Our own device's rank among the sorted devices. */
  ownIndex: u32,
});
export type EpochState = Infer<typeof EpochState>;
export const EPOCH: RecordType<EpochState> = record("epoch/", EpochState);

/** That epoch was here and was erased: it is not entered again; id: epoch. Kept, as its entry is in the log. */
export const ERASED_EPOCH: RecordType<{ readonly at: TimeMs }> = record("erased-epoch/", struct({ at: TimeMs }));

/** Fork tree of a frontier; id: hex of phi(F). */
export const FORK: RecordType<{ readonly tree: ForkTree; readonly createdAt: TimeMs }> = record(
  "fork/",
  struct({ tree: ForkTree, createdAt: TimeMs }),
);

/** What is left of an epoch's sender root; id: epoch. */
export const SENDERS: RecordType<{ readonly tree: SenderTree }> = record("senders/", struct({ tree: SenderTree }));

/** Our own sender key of an epoch; id: epoch. */
export const OWN_CHAIN: RecordType<{ readonly chain: OwnChain }> = record("own-chain/", struct({ chain: OwnChain }));

/** Another device's sender key; id: epoch/index. */
export const CHAIN: RecordType<{
  readonly device: DeviceKey;
  readonly account: AccountKey;
  readonly chain: PeerChain;
}> = record("chain/", struct({ device: DeviceKey, account: AccountKey, chain: PeerChain }));

/** A device said how much it sent in an epoch that we are not in (yet); id: device/epoch. */
export const CLOSED: RecordType<{ readonly sent: number; readonly at: TimeMs }> = record(
  "closed/",
  struct({ sent: u64, at: TimeMs }),
);

/**
 * Something was said in an epoch of several heads whose heads nobody has named yet; id: group/epoch. `dueAt`: when this device,
 * which said it, or has it of somebody who is out, names them if nobody else has.
 */
export const USED_MERGE: RecordType<{ readonly dueAt: TimeMs | undefined }> = record(
  "used-merge/",
  struct({ dueAt: optional(TimeMs) }),
);

/** What became of a named merge: it waits for entries or contributions, or it was entered or made up. */
export const SOUGHT = { untried: 0, waiting: 1, done: 2 } as const;

/** A device named the heads of an epoch that we were not in; id: group/epoch/device. `state`: one of {@link SOUGHT}. */
export const SoughtMerge = struct({
  heads: list(EntryHash, MERGED_HEADS_MAX, 2),
  by: DeviceKey,
  at: TimeMs,
  state: u8,
});
export type SoughtMerge = Infer<typeof SoughtMerge>;
export const SOUGHT_MERGE: RecordType<SoughtMerge> = record("sought-merge/", SoughtMerge);

/** Id of a chain: epoch and index. */
export const chainId = (epoch: EpochId, index: number): string => `${toHex(epoch)}/${String(index).padStart(5, "0")}`;
