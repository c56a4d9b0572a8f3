/**
 * Every record of a profile: where it lives and its layout. Keys are `prefix + id`; ids are lower-case hex,
 * parts separated by `/`. Each value begins with a version byte.
 *
 * 1. A record that a message needs never grows with the group or with history.
 * 2. Erasing a key means writing its record without it in the same commit that used it.
 *
 * @see PROTOCOL.md § Saved records
 */
import { PairwiseSession } from "../crypto/pairwise-session-state.ts";
import { SecretLastResortPrekey, SecretOneTimePrekey, SecretSignedPrekey } from "../crypto/prekey-bundle.ts";
import { ForkTree, SenderTree } from "../crypto/puncturable-tree.ts";
import { OwnChain, PeerChain } from "../crypto/sender-chain.ts";
import { ACCOUNT_CONTACTS_MAX, AccountItem } from "../wire/account-snapshot.ts";
import { IdentityCertificate } from "../wire/bundle.ts";
import {
  bool,
  bytes,
  type Codec,
  constant,
  type Infer,
  list,
  optional,
  raw,
  struct,
  text,
  u8,
  u32,
  u64,
  union,
} from "../wire/codec.ts";
import { ENTRY_CORE_MAX_BYTES } from "../wire/entry.ts";
import { MessageContent } from "../wire/group-message.ts";
import {
  AccountKey,
  DeviceKey,
  EntryHash,
  EpochId,
  GroupId,
  Iteration,
  LogId,
  MessageId,
  PrekeyId,
  Sequence,
  Signature,
  SlotKey,
  TimeMs,
  Topic,
} from "../wire/ids.ts";
import {
  ADDRESS_MAX_BYTES,
  ENTRY_PARENTS_MAX,
  ENVELOPE_MAX_BYTES,
  MEMBER_ADDRESS_MAX_BYTES,
  MEMBER_ADDRESSES_MAX,
  MEMBERS_PER_ADD_MAX,
  MESSAGE_FRONTIER_MAX,
  NAME_MAX_BYTES,
  RELAYS_MAX,
  REPORT_CHAINS_MAX,
  TEXT_MAX_BYTES,
} from "../wire/limits.ts";
import { StoredChain } from "../wire/live.ts";
import { ContactPoint, PayloadItem } from "../wire/pairwise-payload.ts";
import { SignedRelayStatement } from "../wire/relay-statement.ts";
import { toHex } from "../wire/text-forms.ts";
import { FileBits, FileHashes, FileState } from "./file-state.ts";
import { LogEntry, LogState } from "./log-state.ts";
import type { RecordType } from "./step.ts";

function record<T extends object>(prefix: string, codec: Codec<T>): RecordType<T> {
  const version = constant(1);
  return {
    prefix,
    codec: {
      write: (w, v) => {
        version.write(w, 1);
        codec.write(w, v);
      },
      read: (r) => {
        version.read(r);
        return codec.read(r);
      },
    },
  };
}

const relays = list(text(ADDRESS_MAX_BYTES), RELAYS_MAX);
const secret = raw(32);

/** One of a device's two inboxes. */
export const InboxKeys = struct({ topicSeed: secret, topic: Topic, sealingSecret: secret });
export type InboxKeys = Infer<typeof InboxKeys>;

/** The account and this device. */
export const AccountState = struct({
  accountSeed: secret,
  account: AccountKey,
  deviceSeed: secret,
  device: DeviceKey,
  certificate: Signature,
  name: text(NAME_MAX_BYTES),
  identitySecret: secret,
  identity: IdentityCertificate,
  slotSeed: secret,
  slot: SlotKey,
  /** For first contact. */
  publicInbox: InboxKeys,
  /** Told only to groups and sessions. */
  privateInbox: InboxKeys,
  relays,
  createdAt: TimeMs,
});
export type AccountState = Infer<typeof AccountState>;
export const ACCOUNT: RecordType<AccountState> = record("account", AccountState);

const signedPrekey = struct({ prekey: SecretSignedPrekey, createdAt: TimeMs });

/** Signed and last-resort prekeys: the newest first, the one before kept for messages under way. */
export const PrekeyState = struct({
  nextId: PrekeyId,
  signed: list(signedPrekey, 2, 1),
  lastResort: list(SecretLastResortPrekey, 2, 1),
  /** When the directory record that is now valid was made; grows with each. */
  publishedAt: TimeMs,
});
export type PrekeyState = Infer<typeof PrekeyState>;
export const PREKEYS: RecordType<PrekeyState> = record("prekeys", PrekeyState);

/** A one-time prekey's secrets, erased when it is used; id: 8 hex digits. */
export const ONE_TIME: RecordType<SecretOneTimePrekey> = record("one-time/", SecretOneTimePrekey);

/** What a topic we read is for. */
export const TopicState = struct({
  topic: Topic,
  seed: secret,
  use: union({
    epoch: [1, struct({ group: GroupId, epoch: EpochId })],
    inbox: [2, struct({ isPublic: bool })],
    rendezvous: [3, struct({ group: GroupId, invite: EntryHash })],
    account: [4, struct({})],
  }),
});
export type TopicState = Infer<typeof TopicState>;
export const TOPIC: RecordType<TopicState> = record("topic/", TopicState);

/** Last number committed from one holder's log of one topic; id: log/topic. */
export const CURSOR: RecordType<{ readonly sequence: Sequence }> = record("cursor/", struct({ sequence: Sequence }));
export const cursorId = (log: LogId, topic: Topic): string => `${toHex(log)}/${toHex(topic)}`;

/** Epochs of one group that we still read: one a membership change, for at most 30 days. */
export const LIVE_EPOCHS_MAX = 65_536;
/** Epochs in which we have not yet told how many messages we sent; older ones end by time alone. */
export const UNCLOSED_EPOCHS_MAX = 256;
/** Key entries whose secret we wait for. */
export const MISSING_SECRETS_MAX = 1_024;

/** A group as this device has it; small, read with every message. */
export const GroupState = struct({
  group: GroupId,
  name: text(NAME_MAX_BYTES),
  joinedAt: TimeMs,
  members: u32,
  /** Our own entries: the next number and the last hash. */
  entrySeq: u64,
  entryPrev: optional(EntryHash),
  relays,
  /** Epoch in which we send. */
  sending: optional(EpochId),
  unclosed: list(EpochId, UNCLOSED_EPOCHS_MAX),
  missing: list(EntryHash, MISSING_SECRETS_MAX),
  /** When we will re-key unless somebody else does first. */
  rekeyAt: optional(TimeMs),
});
export type GroupState = Infer<typeof GroupState>;
export const GROUP: RecordType<GroupState> = record("group/", GroupState);

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

/** We are out of this group; id: group. What was said before stays readable. */
export const OUT: RecordType<{ readonly by: AccountKey; readonly at: TimeMs }> = record(
  "out/",
  struct({ by: AccountKey, at: TimeMs }),
);

/** How many entries of a group's membership log are saved, and a chain of hashes over their records; id: group. */
const LogHead = struct({ entries: u32, digest: raw(32) });
export type LogHead = Infer<typeof LogHead>;
export const LOG_HEAD: RecordType<LogHead> = record("log-head/", LogHead);
/** An entry of the membership log as judged; id: {@link loggedId}. */
export const LOGGED: RecordType<LogEntry> = record("logged/", LogEntry);
/** Group (hex), and the place in the log, 6 hex digits. */
export const loggedId = (group: string, place: number): string => `${group}/${place.toString(16).padStart(6, "0")}`;
/** The whole log in one record, as earlier versions kept it: read once, and then erased. */
export const WHOLE_LOG: RecordType<LogState> = record("membership/", LogState);

/** An encoded entry and where it stands in the conversation; id: group/hash. */
export const ENTRY: RecordType<{ readonly encoded: Uint8Array; readonly depth: number }> = record(
  "entry/",
  struct({ encoded: bytes(ENTRY_CORE_MAX_BYTES + 128), depth: u32 }),
);
/** An entry whose parents have not come yet; id: group/hash. */
export const WAITING: RecordType<{ readonly encoded: Uint8Array }> = record(
  "waiting/",
  struct({ encoded: bytes(ENTRY_CORE_MAX_BYTES + 128) }),
);
/** Waiting entries kept for one group. */
export const WAITING_ENTRIES_MAX = 1_000;

/** A head's topic lacks some entries, or lacked them a moment ago; id: group/entry. */
export const PASSING: RecordType<{ readonly next: number; readonly dueAt: TimeMs }> = record(
  "passing/",
  struct({
    /** Place in the log up to which it has what it needs. */
    next: u32,
    /** When to go on, or to forget it. */
    dueAt: TimeMs,
  }),
);

/** What a member is shown as; id: group/account. */
export const MEMBER: RecordType<{ readonly name: string; readonly role: number }> = record(
  "member/",
  struct({ name: text(NAME_MAX_BYTES), role: u8 }),
);

/** The name that a member has told after it was added, and where in the conversation; id: group/account. */
export const NAMED: RecordType<{ readonly name: string; readonly depth: number; readonly sentAt: TimeMs }> = record(
  "named/",
  struct({ name: text(NAME_MAX_BYTES), depth: u32, sentAt: TimeMs }),
);

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

/** Fork tree of a frontier; id: hex of phi(F). */
export const FORK: RecordType<{ readonly tree: ForkTree; readonly createdAt: TimeMs }> = record(
  "fork/",
  struct({ tree: ForkTree, createdAt: TimeMs }),
);
/** What is left of an epoch's sender root; id: epoch. */
export const SENDERS: RecordType<{ readonly tree: SenderTree }> = record("senders/", struct({ tree: SenderTree }));

/** Devices of one epoch; an account has up to 8. */
export const ROSTER_MAX = 80_000;
const rosterDevice = struct({ device: DeviceKey, account: AccountKey });
/** A device of an epoch, and whose it is. */
export type RosterDevice = Infer<typeof rosterDevice>;
/** Devices of one epoch, sorted, whole: of the one with this id, and what the rosters of others begin with. id: group/epoch. */
export const ROSTER_BASE: RecordType<{ readonly devices: readonly RosterDevice[] }> = record(
  "roster-base/",
  struct({ devices: list(rosterDevice, ROSTER_MAX) }),
);
/** Devices that a roster may differ by from the one that it begins with. */
export const ROSTER_CHANGES_MAX = 1_024;
/** Devices of an epoch, as what it differs by from those of an earlier one of its group. */
export const RosterState = struct({
  group: GroupId,
  /** Whose devices it begins with; its own for a roster that is saved whole. */
  base: EpochId,
  /** H("saved-roster", the record with these). */
  digest: raw(32),
  /** How many there are. */
  devices: u32,
  gone: list(DeviceKey, ROSTER_CHANGES_MAX),
  come: list(rosterDevice, ROSTER_CHANGES_MAX),
});
export type RosterState = Infer<typeof RosterState>;
/** id: epoch. */
export const ROSTER: RecordType<RosterState> = record("devices/", RosterState);
/** Devices of one epoch, sorted, as earlier versions kept them; id: epoch. */
export const WHOLE_ROSTER: RecordType<{ readonly devices: readonly RosterDevice[] }> = record(
  "roster/",
  struct({ devices: list(rosterDevice, ROSTER_MAX) }),
);

/** Our own sender key of an epoch; id: epoch. */
export const OWN_CHAIN: RecordType<{ readonly chain: OwnChain }> = record("own-chain/", struct({ chain: OwnChain }));
/** Another device's sender key; id: epoch/index. */
export const CHAIN: RecordType<{
  readonly device: DeviceKey;
  readonly account: AccountKey;
  readonly chain: PeerChain;
}> = record("chain/", struct({ device: DeviceKey, account: AccountKey, chain: PeerChain }));

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
/** Messages of ours in one epoch of which is counted how many devices have them; older ones keep the count that they had. */
export const SENT_MAX = 256;
/** A message of ours, and who has it; id: {@link sentId}. */
export const SENT: RecordType<{
  readonly id: MessageId;
  readonly devices: number;
  readonly isTaken: boolean;
}> = record(
  "sent/",
  struct({
    id: MessageId,
    /** So many devices of others said that they have it. */
    devices: u32,
    /** A member, whoever it was, gave it back to us. */
    isTaken: bool,
  }),
);
/** Epoch, and the place in our chain, 12 decimal digits. */
export const sentId = (epoch: EpochId, iteration: number): string =>
  `${toHex(epoch)}/${String(iteration).padStart(12, "0")}`;
/** Up to which place of our chain other devices said that they have all of it; id: epoch. */
export const HEARD: RecordType<{ readonly devices: readonly StoredChain[] }> = record(
  "heard/",
  struct({ devices: list(StoredChain, ROSTER_MAX) }),
);
/** Not everybody has said that they have all that we sent in this epoch; `at`: when we last sent there. id: epoch. */
export const TO_HEAR: RecordType<{ readonly at: TimeMs }> = record("to-hear/", struct({ at: TimeMs }));
/** Where a member's device said that it can be reached; our own is what we said last. id: group/device. */
export const MEMBER_ADDRESS: RecordType<{
  readonly addresses: readonly string[];
  readonly saidAt: TimeMs;
  readonly expiresAt: TimeMs;
}> = record(
  "member-address/",
  struct({
    addresses: list(text(MEMBER_ADDRESS_MAX_BYTES), MEMBER_ADDRESSES_MAX),
    saidAt: TimeMs,
    expiresAt: TimeMs,
  }),
);
/** What is to be said of an epoch. */
export const ToReportState = struct({
  dueAt: optional(TimeMs),
  /** When something was said last; 0: never. */
  lastAt: TimeMs,
  /** When something came last. */
  cameAt: TimeMs,
  /** Of which chains something came that is to be said. */
  indexes: list(u32, REPORT_CHAINS_MAX),
  /** What will be said then, whatever comes until then. */
  fixed: optional(
    struct({ chains: list(StoredChain, REPORT_CHAINS_MAX), frontier: list(MessageId, MESSAGE_FRONTIER_MAX) }),
  ),
});
export type ToReportState = Infer<typeof ToReportState>;
/** id: epoch. */
export const TO_REPORT: RecordType<ToReportState> = record("to-report/", ToReportState);

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

const noOrigin = struct({});
/** Where an envelope under way comes from, so that its line can show how far it is and a restored state can seal it anew. */
export const OutboxOrigin = union({
  none: [1, noOrigin],
  message: [
    2,
    struct({
      group: GroupId,
      message: MessageId,
      epoch: EpochId,
      iteration: Iteration,
      text: text(TEXT_MAX_BYTES),
      sentAt: TimeMs,
    }),
  ],
  /** A snapshot for our own account topic. */
  account: [3, noOrigin],
  /** A message that is no text. */
  content: [
    4,
    struct({ group: GroupId, message: MessageId, epoch: EpochId, iteration: Iteration, content: MessageContent }),
  ],
});
export type OutboxOrigin = Infer<typeof OutboxOrigin>;

/** A committed envelope that no holder has acknowledged; id: 12 digits, in order. */
export const OutboxState = struct({ envelope: bytes(ENVELOPE_MAX_BYTES), topic: Topic, origin: OutboxOrigin });
export type OutboxState = Infer<typeof OutboxState>;
export const OUTBOX: RecordType<OutboxState> = record("outbox/", OutboxState);
/** Since when every relay that we reach says that it has no such inbox; id: that of the envelope in the outbox. */
export const UNKNOWN_INBOX: RecordType<{ readonly since: TimeMs }> = record(
  "unknown-inbox/",
  struct({ since: TimeMs }),
);
/** Envelopes up to this number waited when the program started: of these one may have left in its life before. */
export const LEFT_OVER: RecordType<{ readonly upTo: number }> = record("left-over", struct({ upTo: u64 }));
/** A call that sent a message, so that repeating the call does not send it again; id: the call's own, as hex of its text. */
export const CALL: RecordType<{ readonly message: MessageId; readonly at: TimeMs }> = record(
  "call/",
  struct({ message: MessageId, at: TimeMs }),
);
/** A file of a group; id: group/message. */
export const FILE: RecordType<FileState> = record("file/", FileState);
/** A list of hashes; id: topic of the file, level, index (5 digits). */
export const FILE_LIST: RecordType<FileHashes> = record("file-list/", FileHashes);
/** Which chunks of a list are through; id: topic of the file, index (5 digits). */
export const FILE_BITS: RecordType<FileBits> = record("file-bits/", FileBits);
/** Counters that never go back. */
export const COUNTERS: RecordType<{ readonly outbox: number }> = record("counters", struct({ outbox: u64 }));

/** Where a device can be written to; id: device. */
export const PEER: RecordType<{ readonly account: AccountKey; readonly contact: Infer<typeof ContactPoint> }> = record(
  "peer/",
  struct({ account: AccountKey, contact: ContactPoint }),
);
/** The pairwise session with a device; id: device. */
export const SESSION: RecordType<PairwiseSession> = record("session/", PairwiseSession);
/** A device with which the next letter starts a new session; id: device. */
export const RENEWAL: RecordType<{ readonly at: TimeMs }> = record("renewal/", struct({ at: TimeMs }));
/** When a session was last begun anew because a letter in it did not open; id: device. */
export const RENEWED: RecordType<{ readonly at: TimeMs }> = record("renewed/", struct({ at: TimeMs }));
/** When we last found that this profile is an old copy. */
export const RESTORED: RecordType<{ readonly at: TimeMs }> = record("restored", struct({ at: TimeMs }));
/** Items waiting for one device. */
export const PENDING_ITEMS_MAX = 1_024;
/** What we will tell a device once its prekeys are here; id: account/device. */
export const PENDING: RecordType<{ readonly items: readonly PayloadItem[] }> = record(
  "pending/",
  struct({ items: list(PayloadItem, PENDING_ITEMS_MAX) }),
);

/** The random r of a root entry that has not come yet, and who told us; id: group/entry. */
export const SECRET: RecordType<{ readonly secret: Uint8Array; readonly from: DeviceKey }> = record(
  "secret/",
  struct({ secret, from: DeviceKey }),
);
/** When a secret or a contribution came of whose sender we know nothing yet; id: that of its record. */
export const EARLY_AT: RecordType<{ readonly at: TimeMs }> = record("early-at/", struct({ at: TimeMs }));
/** r of a root entry of ours, until it is sealed to the last device; id: group/entry. */
export const DELIVERY: RecordType<{ readonly random: Uint8Array; readonly next: number; readonly number: number }> =
  record(
    "delivery/",
    struct({
      random: secret,
      /** Place of the next one among the devices of that epoch. */
      next: u32,
      /** The epoch's number. */
      number: u32,
    }),
  );
/** A letter with r of our newest root entry, sealed, until its device answers; id: group/entry/device. */
export const KEY_LETTER: RecordType<{
  readonly topic: Topic;
  readonly envelope: Uint8Array;
  readonly resent: number;
  readonly dueAt: TimeMs;
}> = record(
  "key-letter/",
  struct({
    topic: Topic,
    envelope: bytes(ENVELOPE_MAX_BYTES),
    /** So many times it was posted again. */
    resent: u8,
    /** When it is posted again. */
    dueAt: TimeMs,
  }),
);
/** When letters of this group are posted again; id: group. */
export const RESENDING: RecordType<{ readonly entry: EntryHash; readonly dueAt: TimeMs }> = record(
  "resending/",
  struct({ entry: EntryHash, dueAt: TimeMs }),
);
/** When the author of a root entry is told that we lack its r; id: group/entry. */
export const LACKING: RecordType<{ readonly dueAt: TimeMs }> = record("lacking/", struct({ dueAt: TimeMs }));
/** A device said how much it sent in an epoch that we are not in (yet); id: device/epoch. */
export const CLOSED: RecordType<{ readonly sent: number; readonly at: TimeMs }> = record(
  "closed/",
  struct({ sent: u64, at: TimeMs }),
);
/** When heads of a group are merged that so many others came beside of late that each is not; id: group. */
export const MERGING: RecordType<{ readonly dueAt: TimeMs }> = record("merging/", struct({ dueAt: TimeMs }));
/** Parents of a waiting entry are missing: when a member is asked for them, and how many were; id: group. */
export const WANTED: RecordType<{ readonly dueAt: TimeMs; readonly asked: number }> = record(
  "wanted/",
  struct({ dueAt: TimeMs, asked: u8 }),
);
/** Since when a member's device asked for entries, and how often it was answered; id: group/device. */
export const ANSWERED: RecordType<{ readonly at: TimeMs; readonly answers: number }> = record(
  "answered/",
  struct({ at: TimeMs, answers: u8 }),
);
/** An entry came in a letter and by no topic yet; when it is posted by us; id: group/entry. */
export const UNPOSTED: RecordType<{ readonly dueAt: TimeMs }> = record("unposted/", struct({ dueAt: TimeMs }));
/** c(head, F) for a head whose secret we lack; id: group/phi/head. */
export const CONTRIBUTION: RecordType<{ readonly value: Uint8Array }> = record(
  "contribution/",
  struct({ value: secret }),
);

/** A contribution to a group that we are not in (yet): who gave it is judged once our welcome is here; id: group/phi/head. */
export const EARLY: RecordType<{
  readonly from: DeviceKey;
  readonly head: EntryHash;
  readonly frontier: readonly EntryHash[];
  readonly value: Uint8Array;
}> = record(
  "early/",
  struct({ from: DeviceKey, head: EntryHash, frontier: list(EntryHash, ENTRY_PARENTS_MAX), value: secret }),
);

/** Who put us into a group for which we followed no link: the group's relays are those that this device named; id: group. */
export const UNASKED: RecordType<{ readonly adder: DeviceKey }> = record("unasked/", struct({ adder: DeviceKey }));

/** A relay that a group has left, and until when it is used all the same. */
const FormerRelay = struct({ address: text(ADDRESS_MAX_BYTES), until: TimeMs });
export type FormerRelay = Infer<typeof FormerRelay>;
/** Relays that a group's settings name no more, the last first; id: group. */
export const FORMER_RELAYS: RecordType<{ readonly relays: readonly FormerRelay[] }> = record(
  "former-relays/",
  struct({ relays: list(FormerRelay, RELAYS_MAX) }),
);

/** A welcome whose log is not complete yet; id: group. */
export const WelcomeState = struct({
  from: DeviceKey,
  entry: EntryHash,
  secret,
  digest: raw(32),
  parts: u32,
  /** Pieces that are here. */
  received: u32,
  /** When it came; it is erased a day later. */
  at: TimeMs,
});
export type WelcomeState = Infer<typeof WelcomeState>;
export const WELCOME: RecordType<WelcomeState> = record("welcome/", WelcomeState);
/** How many entries of the log of a complete welcome are saved, or taken in; id: group. */
export const ADOPTING: RecordType<{ readonly done: number }> = record("adopting/", struct({ done: u32 }));
/** A piece of the log of a welcome; id: group/index (4 digits). */
export const LOG_PART: RecordType<{ readonly piece: Uint8Array }> = record(
  "log-part/",
  struct({ piece: bytes(65_536) }),
);

/** An invite that we follow and that nobody has answered; id: group. */
export const JOINING: RecordType<{
  readonly at: TimeMs;
  readonly inviter: AccountKey;
  readonly relays: readonly string[];
}> = record("joining/", struct({ at: TimeMs, inviter: AccountKey, relays }));
/** What we asked last of those who can let us in, and what they said; id: group. */
export const ASKED: RecordType<{
  readonly nonce: Uint8Array;
  readonly refusal: { readonly reason: number; readonly triesLeft: number } | undefined;
}> = record("asked/", struct({ nonce: raw(32), refusal: optional(struct({ reason: u8, triesLeft: u8 })) }));
/** Wrong tries that are remembered of one account, or at one invite. */
export const TRIES_KEPT_MAX = 50;
/** Requests to join that were refused lately, by their nonces, and when the last one counted. */
export interface AttemptState {
  readonly nonces: readonly Uint8Array[];
  readonly at: TimeMs;
}
/** Refusals of one account, or at one invite; id: group/account or group/entry. */
export const ATTEMPT: RecordType<AttemptState> = record(
  "attempt/",
  struct({ nonces: list(raw(32), TRIES_KEPT_MAX), at: TimeMs }),
);
/** A join request that another admin should answer first; id: group/account. */
export interface JoinRequestState {
  readonly invite: EntryHash;
  readonly request: Uint8Array;
  readonly dueAt: TimeMs;
}
export const REQUEST: RecordType<JoinRequestState> = record(
  "request/",
  struct({ invite: EntryHash, request: bytes(16_384), dueAt: TimeMs }),
);

/** A second message of one device at one iteration, signed as the first; the first that we met of each chain. id: epoch/index. */
export const FORK_PROOF: RecordType<{ readonly body: Uint8Array; readonly forks: number }> = record(
  "fork-proof/",
  /** `forks`: how many of that chain we met. */
  struct({ body: bytes(65_536), forks: u32 }),
);

/** What the devices of our account share, thing by thing; id: `itemId` of account-topic-items.ts. */
export const SHARED: RecordType<AccountItem> = record("shared/", AccountItem);
/** Envelopes of one snapshot in the account topic: far more than any account needs. */
export const SNAPSHOT_PARTS_MAX = 1_024;
/** What this device has said in the account topic. */
export const SharingState = struct({
  /** Grows with each change of what is shared, by us or by others. */
  revision: u64,
  /** When the last snapshot was posted; 0 for never. */
  postedAt: TimeMs,
  /** Numbers of its envelopes in the outbox. */
  outbox: list(u64, SNAPSHOT_PARTS_MAX),
  /** Where the first envelope of our newest snapshot was read. */
  first: optional(struct({ log: LogId, sequence: Sequence })),
});
export type SharingState = Infer<typeof SharingState>;
export const SHARING: RecordType<SharingState> = record("sharing", SharingState);
/** A group of our account that this device is not in yet, and whom it asks to be let in; id: group. */
export const LinkingState = struct({
  name: text(NAME_MAX_BYTES),
  relays,
  /** Our own account first. */
  contacts: list(AccountKey, ACCOUNT_CONTACTS_MAX + 1),
  /** So many of them are asked by now. */
  asked: u8,
  /** To whose devices letters are on their way. */
  told: list(AccountKey, ACCOUNT_CONTACTS_MAX + 1),
  /** When the next one is asked. */
  nextAt: TimeMs,
});
export type LinkingState = Infer<typeof LinkingState>;
export const LINKING: RecordType<LinkingState> = record("linking/", LinkingState);
/** A device of a verified person, or a namesake of one, of which we have told; id: account/device, or group/account. */
export const TOLD_KEY: RecordType<{ readonly at: TimeMs }> = record("told-key/", struct({ at: TimeMs }));

/** A small text that a screen keeps: a draft, a preference; id: hex of its name in UTF-8. */
export const NOTE: RecordType<{ readonly text: string }> = record("note/", struct({ text: text(TEXT_MAX_BYTES) }));

/** Contradictions of relays that are kept; further ones would show nothing new. */
export const STATEMENTS_MAX = 16;
/** A relay did not tell the truth; id: log/topic/number, 16 decimal digits. */
export const STATEMENT: RecordType<SignedRelayStatement> = record("statement/", SignedRelayStatement);

/** Hex of any id, for use in record keys. */
export const idOf = (...parts: readonly Uint8Array[]): string => parts.map(toHex).join("/");
/** Id of a chain: epoch and index. */
export const chainId = (epoch: EpochId, index: number): string => `${toHex(epoch)}/${String(index).padStart(5, "0")}`;
