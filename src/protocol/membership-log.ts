/**
 * Who is in a group: the signed DAG of entries, judged by nothing but itself.
 *
 * 1. An entry is judged by its past alone, never by a clock or by the order of arrival.
 * 2. Everybody who holds the same entries sees the same members.
 * 3. Void entries are not kept, so they are never heads.
 *
 * It does not know secrets, topics or sessions.
 * @see PROTOCOL.md § Membership log
 */
import { checkDeviceCertificate } from "../crypto/device-certificate.ts";
import { coreHash, entryHash } from "../crypto/epoch-secrets.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { compareBytes, concat, equalBytes, lp, lpAll } from "../verify/transcript.ts";
import {
  decodeEntry,
  decodeEntryCore,
  type Entry,
  type EntryCore,
  type Member,
  ROLE,
  type Role,
} from "../wire/entry.ts";
import { type AccountKey, type DeviceKey, EntryHash, type GroupId } from "../wire/ids.ts";
import { ENTRY_PARENTS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { type InviteMeta, LOG_ENTRIES_MAX, type LogEntry, type LogState } from "./log-state.ts";
import { ROSTER_MAX } from "./records.ts";

/** What became of an entry. */
export type EntryVerdict =
  | { readonly kind: "accepted"; readonly log: LogState; readonly hash: EntryHash; readonly core: EntryCore }
  | { readonly kind: "known" }
  /** Parents that we do not have; it waits for them. */
  | { readonly kind: "waiting"; readonly hash: EntryHash; readonly missing: readonly EntryHash[] }
  | { readonly kind: "void" | "forged" | "malformed" };

/** What the author of an entry signs. */
export function entrySigningBytes(hash: Uint8Array): Uint8Array {
  return concat(lpAll("entry-sig"), lp(hash));
}

/** Actions that change the group's key. */
export function isKeyAction(kind: EntryCore["action"]["kind"]): boolean {
  return kind !== "invite";
}

/** h(e) of an encoded entry, or `undefined` when it is malformed. */
export function hashOfEntry(p: Primitives, encoded: Uint8Array): EntryHash | undefined {
  const entry = decodeEntry(encoded);
  return entry && EntryHash.from(entryHash(p, entry.core, entry.confirmation));
}

/** Judges an encoded entry of `group` against the log so far (`undefined` before its create entry). */
export function acceptEntry(
  p: Primitives,
  group: GroupId,
  log: LogState | undefined,
  encoded: Uint8Array,
): EntryVerdict {
  const entry = decodeEntry(encoded);
  const core = entry && decodeEntryCore(entry.core);
  if (!entry || !core) return { kind: "malformed" };
  const hash = EntryHash.from(entryHash(p, entry.core, entry.confirmation));
  if (log && find(log, hash)) return { kind: "known" };
  if (!isWellFormed(core, entry)) return { kind: "malformed" };
  if (core.action.kind === "create") return acceptCreate(p, group, log, { entry, core, hash });
  if (!core.group || !equalBytes(core.group, group)) return { kind: "void" };
  const missing = log ? core.parents.filter((parent) => !find(log, parent)) : core.parents;
  if (!log || missing.length > 0) return { kind: "waiting", hash, missing };
  if (!p.verify(core.author, entrySigningBytes(hash), entry.signature)) return { kind: "forged" };
  if (!fits(log, core) || !isPermitted(p, log, core)) return { kind: "void" };
  return { kind: "accepted", log: extend(p, log, { entry, core, hash }), hash, core };
}

interface Judged {
  readonly entry: Entry;
  readonly core: EntryCore;
  readonly hash: EntryHash;
}

/** Conditions that need nothing but the entry: a key entry has a confirmation, parents are sorted and unique. */
function isWellFormed(core: EntryCore, entry: Entry): boolean {
  if ((entry.confirmation.length === 32) !== isKeyAction(core.action.kind)) return false;
  if ((core.seq === 0) !== (core.prev === undefined)) return false;
  const isCreate = core.action.kind === "create";
  if (isCreate !== (core.parents.length === 0) || isCreate !== (core.group === undefined)) return false;
  return core.parents.every((parent, i) => i === 0 || compareBytes(core.parents[i - 1] ?? parent, parent) < 0);
}

function acceptCreate(p: Primitives, group: GroupId, log: LogState | undefined, judged: Judged): EntryVerdict {
  const { core, entry, hash } = judged;
  if (core.action.kind !== "create" || log || !equalBytes(hash, group) || core.seq !== 0) return { kind: "void" };
  const founder = core.action.founder;
  const authored = founder.devices.some((each) => equalBytes(each.device, core.author));
  if (!authored || founder.role !== ROLE.owner || founder.proof) return { kind: "void" };
  if (!p.verify(core.author, entrySigningBytes(hash), entry.signature)) return { kind: "forged" };
  if (!hasGenuineDevices(p, founder)) return { kind: "void" };
  const empty: LogState = { group, name: core.action.name, entries: [], heads: [], members: [], invites: [] };
  return { kind: "accepted", log: extend(p, empty, judged), hash, core };
}

/** Every device of the member is certified by its account. */
export function hasGenuineDevices(p: Primitives, member: Member): boolean {
  const distinct = new Set(member.devices.map((each) => toHex(each.device)));
  if (distinct.size !== member.devices.length) return false;
  return member.devices.every(
    ({ device, certificate }) =>
      checkDeviceCertificate(p, { account: member.account, device, signature: certificate }) === "valid",
  );
}

/** May this author do this, in the light of the entry's own past? */
function isPermitted(p: Primitives, log: LogState, core: EntryCore): boolean {
  const past = ancestors(log, core.parents);
  const author = memberOfDevice(log, past, core.author);
  if (!author || !continuesAuthor(log, past, core)) return false;
  const action = core.action;
  switch (action.kind) {
    case "create":
      return false;
    case "rekey":
      return true;
    case "invite":
      return author.role >= ROLE.admin && action.role < author.role && action.uses > 0;
    case "add":
      return (
        author.role >= ROLE.admin &&
        areDistinct(action.members) &&
        action.members.every((each) => isAddable(p, { log, past, author }, each))
      );
    default:
      return action satisfies never;
  }
}

/** What follows from it can be saved: entries of a log, devices of an epoch, key heads of an entry. */
function fits(log: LogState, core: EntryCore): boolean {
  const added = core.action.kind === "add" ? core.action.members : [];
  const devices = [...log.members, ...added].reduce((count, each) => count + each.devices.length, 0);
  const heads = keyHeadsBefore(log, core.parents);
  return log.entries.length < LOG_ENTRIES_MAX && devices <= ROSTER_MAX && heads.length <= ENTRY_PARENTS_MAX;
}

/** `prev` is the author's own entry before this one, and in its past. */
function continuesAuthor(log: LogState, past: ReadonlySet<string>, core: EntryCore): boolean {
  if (core.prev === undefined) return core.seq === 0;
  const before = find(log, core.prev);
  return (
    before !== undefined &&
    past.has(toHex(before.hash)) &&
    equalBytes(before.author, core.author) &&
    before.seq + 1 === core.seq
  );
}

/** No account and no device stands twice in one entry. */
function areDistinct(members: readonly Member[]): boolean {
  const accounts = members.map((each) => toHex(each.account));
  const devices = members.flatMap((each) => each.devices.map(({ device }) => toHex(device)));
  return new Set(accounts).size === accounts.length && new Set(devices).size === devices.length;
}

interface Addition {
  readonly log: LogState;
  readonly past: ReadonlySet<string>;
  readonly author: { readonly role: Role };
}

function isAddable(p: Primitives, { log, past, author }: Addition, member: Member): boolean {
  if (member.role >= author.role || !hasGenuineDevices(p, member)) return false;
  if (memberOfAccount(log, past, member.account)) return false;
  const taken = member.devices.some((each) => memberOfDevice(log, past, each.device));
  if (taken) return false;
  if (!member.proof) return true;
  const { invite: hash, nonce, signature } = member.proof;
  const invite = log.invites.find((each) => equalBytes(each.entry, hash));
  if (!invite || !past.has(toHex(hash)) || member.role > invite.role) return false;
  return (
    usesIn(log, past, hash) < invite.uses && checkInviteProof(p, { group: log.group, member, invite, nonce, signature })
  );
}

/** What a joiner's proof is checked against. */
export interface ProofInput {
  readonly group: GroupId;
  readonly member: Member;
  readonly invite: InviteMeta;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a joiner signs with the invite's proof key. */
export function inviteProofBytes(
  group: GroupId,
  account: AccountKey,
  device: DeviceKey,
  nonce: Uint8Array,
): Uint8Array {
  return lpAll("invite-proof", group, account, device, nonce);
}

/** True when the joiner knew the invite's secret and meant this group and its own first device. */
export function checkInviteProof(p: Primitives, { group, member, invite, nonce, signature }: ProofInput): boolean {
  const device = member.devices[0]?.device;
  if (!device) return false;
  return p.verify(invite.proofKey, inviteProofBytes(group, member.account, device, nonce), signature);
}

/** How often an invite was used in a past. */
export function usesIn(log: LogState, past: ReadonlySet<string>, invite: EntryHash): number {
  const uses = log.members.filter((m) => m.invite && equalBytes(m.invite, invite) && past.has(toHex(m.addedBy)));
  return uses.length;
}

function extend(p: Primitives, log: LogState, { core, entry, hash }: Judged): LogState {
  const parents = core.parents.map((parent) => find(log, parent)).filter((each) => each !== undefined);
  const key = isKeyAction(core.action.kind);
  const before = keyHeadsBefore(log, core.parents);
  const numbers = before.map((each) => find(log, each)?.number ?? 0);
  const added: LogEntry = {
    hash,
    author: core.author,
    seq: core.seq,
    parents: core.parents,
    generation: 1 + Math.max(-1, ...parents.map((parent) => parent.generation)),
    action: core.action.kind,
    coreHash: coreHash(p, entry.core),
    keyHeads: key ? [hash] : before,
    keyParents: before,
    number: key ? Math.max(-1, ...numbers) + (before.length > 1 ? 2 : 1) : Math.max(0, ...numbers),
  };
  return {
    ...log,
    entries: [...log.entries, added],
    heads: sortedHashes([...log.heads.filter((head) => !core.parents.some((each) => equalBytes(each, head))), hash]),
    members: [...log.members, ...membersFrom(core, hash)],
    invites: [...log.invites, ...invitesFrom(core, hash)],
  };
}

/** K of an entry with these parents. More than ENTRY_PARENTS_MAX make it void: nobody could write that frontier down. */
export function keyHeadsBefore(log: LogState, parents: readonly EntryHash[]): readonly EntryHash[] {
  return maximal(
    log,
    parents.flatMap((parent) => find(log, parent)?.keyHeads ?? []),
  );
}

/**
 * The heads that an entry of ours follows: all of them, or as many as an entry can cite; then the one that has our
 * entry `prev` in its past is among them.
 */
export function citableHeads(log: LogState, prev: EntryHash | undefined): readonly EntryHash[] {
  const canCite = (heads: readonly EntryHash[]) =>
    heads.length <= ENTRY_PARENTS_MAX && keyHeadsBefore(log, heads).length <= ENTRY_PARENTS_MAX;
  if (canCite(log.heads)) return log.heads;
  let cited = log.heads.filter((head) => prev && ancestors(log, [head]).has(toHex(prev))).slice(0, 1);
  for (const head of log.heads) {
    const more = sortedHashes([...cited, head]);
    if (!canCite(more)) break;
    cited = [...more];
  }
  return cited;
}

function membersFrom(core: EntryCore, addedBy: EntryHash): LogState["members"] {
  const action = core.action;
  const members = action.kind === "create" ? [action.founder] : action.kind === "add" ? action.members : [];
  return members.map(({ account, role, name, devices, proof }) => ({
    account,
    role,
    name,
    devices: devices.map((each) => each.device),
    addedBy,
    invite: proof?.invite,
  }));
}

function invitesFrom(core: EntryCore, entry: EntryHash): readonly InviteMeta[] {
  const action = core.action;
  if (action.kind !== "invite") return [];
  const { rendezvousSeed, proofKey, role, uses, expiresAt } = action;
  return [{ entry, rendezvousSeed, proofKey, role, uses, expiresAt }];
}

/** The entry with this hash. */
export function find(log: LogState, hash: Uint8Array): LogEntry | undefined {
  const wanted = toHex(hash);
  return indexOf(log).get(wanted);
}

/** Index of a log by hash; logs are immutable, so it is built once for each. */
const indexes = new WeakMap<LogState, ReadonlyMap<string, LogEntry>>();

function indexOf(log: LogState): ReadonlyMap<string, LogEntry> {
  let index = indexes.get(log);
  if (!index) {
    index = new Map(log.entries.map((each) => [toHex(each.hash), each]));
    indexes.set(log, index);
  }
  return index;
}

/** Hashes (hex) of these entries and of everything before them. */
export function ancestors(log: LogState, from: readonly EntryHash[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...from];
  for (let hash = open.pop(); hash; hash = open.pop()) {
    const name = toHex(hash);
    if (seen.has(name)) continue;
    seen.add(name);
    const entry = find(log, hash);
    if (entry) open.push(...entry.parents);
  }
  return seen;
}

/** Those of `hashes` that no other one has in its past, sorted, each once. */
export function maximal(log: LogState, hashes: readonly EntryHash[]): readonly EntryHash[] {
  const unique = sortedHashes(hashes);
  if (unique.length < 2) return unique;
  const before = ancestors(
    log,
    unique.flatMap((each) => find(log, each)?.parents ?? []),
  );
  return unique.filter((each) => !before.has(toHex(each)));
}

/** Sorted bytewise, each once. */
export function sortedHashes(hashes: readonly EntryHash[]): readonly EntryHash[] {
  const sorted = [...hashes].sort(compareBytes);
  return sorted.filter((each, i) => i === 0 || !equalBytes(each, sorted[i - 1] ?? each));
}

/** F: the newest valid key entries of the whole log. */
export function frontierOf(log: LogState): readonly EntryHash[] {
  return keyHeadsBefore(log, log.heads);
}

/** A member as seen from some past: concurrent adds of one account are one member with the lowest role. */
export interface MemberView {
  readonly account: AccountKey;
  readonly role: Role;
  readonly name: string;
  readonly devices: readonly DeviceKey[];
}

/** Members in a past, by account. */
export function membersIn(log: LogState, past: ReadonlySet<string>): readonly MemberView[] {
  const byAccount = new Map<string, MemberView>();
  const added = log.members.filter((each) => past.has(toHex(each.addedBy)));
  for (const each of [...added].sort((a, b) => compareBytes(a.addedBy, b.addedBy))) {
    const name = toHex(each.account);
    const known = byAccount.get(name);
    byAccount.set(name, known ? merged(known, each) : { ...each, role: each.role as Role });
  }
  return [...byAccount.values()];
}

function merged(
  known: MemberView,
  other: { readonly role: number; readonly devices: readonly DeviceKey[] },
): MemberView {
  const fresh = other.devices.filter((device) => !known.devices.some((each) => equalBytes(each, device)));
  return { ...known, role: Math.min(known.role, other.role) as Role, devices: [...known.devices, ...fresh] };
}

/** The member with this account in a past. */
export function memberOfAccount(log: LogState, past: ReadonlySet<string>, account: AccountKey): MemberView | undefined {
  return membersIn(log, past).find((each) => equalBytes(each.account, account));
}

/** The member to whom this device belongs in a past. */
export function memberOfDevice(log: LogState, past: ReadonlySet<string>, device: DeviceKey): MemberView | undefined {
  return membersIn(log, past).find((each) => each.devices.some((one) => equalBytes(one, device)));
}

/** The whole log's past. */
export function wholePast(log: LogState): ReadonlySet<string> {
  return new Set(log.entries.map((each) => toHex(each.hash)));
}
