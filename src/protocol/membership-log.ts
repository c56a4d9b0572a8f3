/**
 * Takes entries into a group's membership log: the signed DAG that decides who is in the group.
 *
 * 1. An entry is allowed or void by its own past alone, never by a clock or by the order of arrival.
 * 2. Void entries are not kept, so they are never heads. Which of the allowed ones count is for log-resolution.ts.
 *
 * It does not know secrets, topics or sessions.
 * @see PROTOCOL.md § Membership log
 */
import { coreHash, entryHash } from "../crypto/epoch-secrets.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { compareBytes, concat, equalBytes, lp, lpAll } from "../verify/transcript.ts";
import { type Action, decodeEntry, decodeEntryCore, type Entry, type EntryCore, ROLE } from "../wire/entry.ts";
import { type AccountKey, EntryHash, type GroupId } from "../wire/ids.ts";
import { ENTRY_PARENTS_MAX } from "../wire/limits.ts";
import { type MemberView, memberOfDevice } from "./group-view.ts";
import { find, isInPast, pastOf, sortedHashes } from "./log-graph.ts";
import { needsOf } from "./log-permission.ts";
import { extended, isKeyAction, type Resolution, resolve, resolveAt } from "./log-resolution.ts";
import {
  LOG_ENTRIES_MAX,
  type LogEntry,
  type LoggedAction,
  type LogState,
  PAST_ENTRIES_MAX,
  PAST_OF_MEMBERS_MAX,
} from "./log-state.ts";
import { hasGenuineDevices } from "./member-devices.ts";
import { ROSTER_MAX } from "./records/roster.ts";

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
  const added = judge(p, log, { entry, core, hash });
  return added ? { kind: "accepted", log: extended(log, added), hash, core } : { kind: "void" };
}

interface Signed {
  readonly entry: Entry;
  readonly core: EntryCore;
  readonly hash: EntryHash;
}

/** An entry whose secret is confirmed: all that change the key, but for a leave, whose author would know it. */
export const isConfirming = (kind: EntryCore["action"]["kind"]): boolean => isKeyAction(kind) && kind !== "leave";

/** Conditions that need nothing but the entry: a secret has a confirmation, parents are sorted and unique. */
function isWellFormed(core: EntryCore, entry: Entry): boolean {
  if ((entry.confirmation.length === 32) !== isConfirming(core.action.kind)) return false;
  if ((core.seq === 0) !== (core.prev === undefined)) return false;
  const isCreate = core.action.kind === "create";
  if (isCreate !== (core.parents.length === 0) || isCreate !== (core.group === undefined)) return false;
  return core.parents.every((parent, i) => i === 0 || compareBytes(core.parents[i - 1] ?? parent, parent) < 0);
}

function acceptCreate(p: Primitives, group: GroupId, log: LogState | undefined, signed: Signed): EntryVerdict {
  const { core, entry, hash } = signed;
  if (core.action.kind !== "create" || log || !equalBytes(hash, group) || core.seq !== 0) return { kind: "void" };
  const founder = core.action.founder;
  const authored = founder.devices.some((each) => equalBytes(each.device, core.author));
  if (!authored || founder.role !== ROLE.owner || founder.proof) return { kind: "void" };
  if (!p.verify(core.author, entrySigningBytes(hash), entry.signature)) return { kind: "forged" };
  if (!hasGenuineDevices(p, founder)) return { kind: "void" };
  const created = logEntry(p, signed, { account: founder.account, rank: ROLE.owner, needs: 0 });
  return { kind: "accepted", log: extended({ group, entries: [] }, created), hash, core };
}

/** The entry as the log keeps it, or `undefined` when its own past does not allow it. */
function judge(p: Primitives, log: LogState, signed: Signed): LogEntry | undefined {
  const { core } = signed;
  const past = resolveAt(log, core.parents);
  const author = memberOfDevice(past.view, core.author);
  const needs = author && needsOf(p, { group: log.group, past, author }, core);
  if (!author || needs === undefined || author.role < needs) return undefined;
  if (!continuesAuthor(log, core) || !fits(log, past, { core, rank: author.role })) return undefined;
  const logged = logEntry(p, signed, { account: author.account, rank: author.role, needs });
  const parents = core.parents.map((parent) => find(log, parent)).filter((each) => each !== undefined);
  const numbers = past.keyHeads.map((each) => find(log, each)?.number ?? 0);
  return {
    ...logged,
    generation: 1 + Math.max(...parents.map((each) => each.generation)),
    adminBefore: newestAdmin(log, parents),
    keyParents: past.keyHeads,
    number: isKeyAction(core.action.kind)
      ? Math.max(-1, ...numbers) + (numbers.length > 1 ? 2 : 1)
      : Math.max(0, ...numbers),
  };
}

/** `prev` is an entry of the author's device with the number before, and in the past. */
function continuesAuthor(log: LogState, core: EntryCore): boolean {
  if (core.prev === undefined) return core.seq === 0;
  const before = find(log, core.prev);
  if (!before || !equalBytes(before.author, core.author) || before.seq + 1 !== core.seq) return false;
  const isParent = core.parents.some((each) => equalBytes(each, before.hash));
  return isParent || isInPast(log, core.parents, before);
}

/** What follows from it can be saved: entries of a log, devices of an epoch, key heads of an entry. */
function fits(
  log: LogState,
  past: Resolution,
  { core, rank }: { readonly core: EntryCore; readonly rank: number },
): boolean {
  const added = core.action.kind === "add" ? core.action.members.flatMap((each) => each.devices).length : 1;
  const isRoom = past.view.claims.size + added <= ROSTER_MAX;
  // the past decides, so that everybody judges alike; the whole log has room for that of several branches
  const most = rank > ROLE.member ? PAST_ENTRIES_MAX : PAST_OF_MEMBERS_MAX;
  const isLong = log.entries.length >= most && pastOf(log, core.parents).length >= most;
  const isKept = log.entries.length < LOG_ENTRIES_MAX;
  return !isLong && isKept && isRoom && past.keyHeads.length <= ENTRY_PARENTS_MAX;
}

/** The newest entry by an admin or the owner among the parents and what they follow. */
function newestAdmin(log: LogState, parents: readonly LogEntry[]): EntryHash | undefined {
  const candidates = parents
    .map((each) => (each.rank > ROLE.member || !each.adminBefore ? each : find(log, each.adminBefore)))
    .filter((each) => each !== undefined);
  const newest = candidates.toSorted((a, b) => b.generation - a.generation || compareBytes(b.hash, a.hash))[0];
  return newest?.hash;
}

interface Standing {
  readonly account: AccountKey;
  readonly rank: number;
  readonly needs: number;
}

function logEntry(p: Primitives, { core, entry, hash }: Signed, { account, rank, needs }: Standing): LogEntry {
  return {
    hash,
    author: core.author,
    account,
    seq: core.seq,
    parents: core.parents,
    generation: 0,
    action: loggedAction(core.action),
    rank,
    needs,
    adminBefore: undefined,
    coreHash: coreHash(p, entry.core),
    keyParents: [],
    number: 0,
  };
}

function loggedAction(action: Action): LoggedAction {
  const logged = ({ account, role, name, devices, proof }: Extract<Action, { kind: "add" }>["members"][number]) => ({
    account,
    role,
    name,
    devices: devices.map((each) => each.device),
    invite: proof?.invite,
  });
  switch (action.kind) {
    case "create":
      return { kind: "create", name: action.name, members: [logged(action.founder)] };
    case "add":
      return { kind: "add", members: action.members.map(logged) };
    case "link":
      return { kind: "link", account: action.account, device: action.device.device };
    default:
      return action;
  }
}

/**
 * The heads that an entry of ours follows: all of them, or as many as an entry can cite; then the one that has our
 * entry `prev` in its past is among them.
 */
export function citableHeads(log: LogState, prev: EntryHash | undefined): readonly EntryHash[] {
  const { heads } = resolve(log);
  const canCite = (some: readonly EntryHash[]) =>
    some.length <= ENTRY_PARENTS_MAX && resolveAt(log, some).keyHeads.length <= ENTRY_PARENTS_MAX;
  if (canCite(heads)) return heads;
  const own = prev && find(log, prev);
  let cited = heads.filter((head) => own && isInPast(log, [head], own)).slice(0, 1);
  for (const head of heads) {
    const more = sortedHashes([...cited, head]);
    if (!canCite(more)) break;
    cited = [...more];
  }
  return cited;
}

/** F: the newest key entries that count. */
export function frontierOf(log: LogState): readonly EntryHash[] {
  return resolve(log).keyHeads;
}

/** Members as the whole log leaves them. */
export function membersOf(log: LogState): readonly MemberView[] {
  return [...resolve(log).view.members.values()];
}

/** Entries that count and that no other such entry follows, sorted. */
export function headsOf(log: LogState): readonly EntryHash[] {
  return resolve(log).heads;
}
