/**
 * Entries of a group's membership log: signed, hash-linked, a DAG from the first byte.
 *
 * ```
 * core = version 1 | group (absent for create) | author device 32 | seq 8 | prev (absent for seq 0)
 *        | log parents (list of 32, sorted) | message frontier (list of 32) | depth 4 | at 8 | action (tag, fields)
 * entry = core (u32 length) | confirmation (u32 length, 0 or 32) | signature 64
 * ```
 * @see PROTOCOL.md § Membership log
 */
import { bytes, constant, list, optional, raw, refine, struct, text, u8, u32, u64, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { AccountKey, DeviceKey, EntryHash, GroupId, MessageId, Signature, TimeMs } from "./ids.ts";
import {
  ADDRESS_MAX_BYTES,
  DEVICES_PER_ACCOUNT_MAX,
  ENTRY_PARENTS_MAX,
  MEMBERS_PER_ADD_MAX,
  MESSAGE_FRONTIER_MAX,
  NAME_MAX_BYTES,
  RELAYS_MAX,
} from "./limits.ts";

/** Rank of an account in a group; a higher number ranks higher. */
export const ROLE = { member: 0, admin: 1, owner: 2 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

const role = refine(u8, (value) => value <= 2, "role");
const name = text(NAME_MAX_BYTES);

/** A device of a member, certified by the account key (the account stands in the member record). */
export const MemberDevice = struct({ device: DeviceKey, certificate: Signature });
export type MemberDevice = Infer<typeof MemberDevice>;

/** Shows that the joiner knew the invite's secret (and the room password). */
export const InviteProof = struct({ invite: EntryHash, nonce: raw(32), signature: Signature });
export type InviteProof = Infer<typeof InviteProof>;

/** An account as it enters a group. */
export const Member = struct({
  account: AccountKey,
  role,
  name,
  devices: list(MemberDevice, DEVICES_PER_ACCOUNT_MAX, 1),
  proof: optional(InviteProof),
});
export type Member = Infer<typeof Member>;

/** Who needs the room password: nobody, or those who can make this key from it (PROTOCOL.md § Invites). */
export const RoomPassword = union({ none: [0, struct({})], key: [1, struct({ key: raw(32) })] });
export type RoomPassword = Infer<typeof RoomPassword>;

/** When the group's key is renewed: after this many ms or messages, whichever comes first. */
export const RekeySchedule = struct({ everyMs: u64, everyMessages: u32 });
export type RekeySchedule = Infer<typeof RekeySchedule>;

/** Settings of a group; each is changed alone. */
export const Settings = struct({
  name: optional(name),
  password: optional(RoomPassword),
  /** Lowest role that may make invites (for plain members; a higher role for a joiner takes one above it). */
  inviters: optional(role),
  rekey: optional(RekeySchedule),
  relays: optional(list(text(ADDRESS_MAX_BYTES), RELAYS_MAX)),
});
export type Settings = Infer<typeof Settings>;

/** What an entry does. */
export const Action = union({
  /** `nonce` (random) keeps two groups of the same name and founder apart. */
  create: [1, struct({ name, founder: Member, nonce: raw(32) })],
  add: [2, struct({ members: list(Member, MEMBERS_PER_ADD_MAX, 1) })],
  /** One more device of a member; the account's certificate is the authority, so any member may write it down. */
  link: [3, struct({ account: AccountKey, device: MemberDevice })],
  /** A device of the author's own account. It can never come back. */
  unlink: [4, struct({ device: DeviceKey })],
  remove: [5, struct({ accounts: list(AccountKey, MEMBERS_PER_ADD_MAX, 1) })],
  /** The author's whole account goes. */
  leave: [6, struct({})],
  /** `role` owner hands the group over: the author becomes an admin. */
  role: [7, struct({ account: AccountKey, role })],
  /** `rendezvousSeed` leads every admin to the joiners; `proofKey` (Ed25519) checks what a joiner signed. */
  invite: [8, struct({ rendezvousSeed: raw(32), proofKey: raw(32), role, uses: u32, expiresAt: TimeMs })],
  revokeInvite: [9, struct({ invite: EntryHash })],
  /** What is absent stays as it was. */
  settings: [10, Settings],
  rekey: [11, struct({})],
});
export type Action = Infer<typeof Action>;

/** What the author signs, by way of its hash. */
export const EntryCore = struct({
  version: constant(1),
  group: optional(GroupId),
  author: DeviceKey,
  /** The author's own count of its entries in this group. */
  seq: u64,
  /** The author's entry number `seq - 1`. */
  prev: optional(EntryHash),
  parents: list(EntryHash, ENTRY_PARENTS_MAX),
  frontier: list(MessageId, MESSAGE_FRONTIER_MAX),
  /** Where it stands in the conversation: 1 + the greatest depth of what its author had seen. */
  depth: u32,
  /** When the author says it was, for people to read; nothing is decided by it. */
  at: TimeMs,
  action: Action,
});
export type EntryCore = Infer<typeof EntryCore>;

/** Bytes of an encoded core: one add of 100 accounts and its proofs fits an envelope. */
export const ENTRY_CORE_MAX_BYTES = 60_000;

export const Entry = struct({
  core: bytes(ENTRY_CORE_MAX_BYTES, 1),
  confirmation: refine(bytes(32), (value) => value.length === 0 || value.length === 32, "confirmation"),
  signature: Signature,
});
export type Entry = Infer<typeof Entry>;

export const encodeEntryCore = (core: EntryCore): Uint8Array => encode(EntryCore, core);
export const decodeEntryCore = (encoded: Uint8Array): EntryCore | undefined => decode(EntryCore, encoded);
export const encodeEntry = (entry: Entry): Uint8Array => encode(Entry, entry);
export const decodeEntry = (encoded: Uint8Array): Entry | undefined => decode(Entry, encoded);
