/**
 * Lines and events about the membership log.
 *
 * 1. An entry that counts makes its lines when it comes.
 * 2. Where an entry changes what counts of those before it (concurrent ones can contradict each other), that makes lines
 *    too, and so does everybody who is out or in by it without an entry that says so. Nothing of it goes unseen.
 * 3. Lines have ids that follow from the entries, so that what comes twice stands there once.
 *
 * @see PROTOCOL.md § Membership log, Which entries count
 */
import type { Primitives } from "../crypto/primitives.ts";
import { decodeEntry, decodeEntryCore, type EntryCore } from "../wire/entry.ts";
import { AccountKey, type EntryHash, type TimeMs } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { depthOfEntries } from "./group-lines.ts";
import { accountsOf } from "./group-view.ts";
import { find } from "./log-graph.ts";
import { type Happening, happeningsOf } from "./log-happenings.ts";
import { resolve } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { hashOfEntry } from "./membership-log.ts";
import { MEMBER } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { read, type Step } from "./step.ts";

/** What counted before an entry came, and who was a member (hex). */
export interface Before {
  readonly counting: Pick<ReadonlySet<number>, "has">;
  readonly members: ReadonlySet<string>;
}

/** To be kept while an entry is judged; nothing when it is here or follows all that counts, since it then contradicts nothing. */
export function beforeEntry(p: Primitives, log: LogState, encoded: Uint8Array): Before | undefined {
  const hash = hashOfEntry(p, encoded);
  if (!hash || find(log, hash)) return undefined;
  const encodedCore = decodeEntry(encoded)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  const { heads, counting, view } = resolve(log);
  const parents = new Set(core?.parents.map(toHex));
  if (!core || heads.every((head) => parents.has(toHex(head)))) return undefined;
  return { counting: counting.copy(), members: new Set(view.members.keys()) };
}

/** An entry that was taken in. */
interface Taken {
  readonly log: LogState;
  readonly hash: EntryHash;
  readonly core: EntryCore;
  readonly before?: Before | undefined;
}

/** What everybody should know about an entry, and about what it changed of others. */
export function* addSystemLines(work: Work, taken: Taken): Step<void> {
  const { log, hash, before } = taken;
  const { counting } = resolve(log);
  const entry = find(log, hash);
  if (!entry) return;
  const said: LogEntry[] = counting.has(log.entries.lastIndexOf(entry)) ? [entry] : [];
  for (const [place, each] of before ? log.entries.entries() : []) {
    if (each === entry || before?.counting.has(place) === counting.has(place)) continue;
    if (counting.has(place)) said.push(each);
    else yield* sayOverruled(work, taken, each);
  }
  for (const each of said) yield* sayAll(work, taken, each);
  if (before) yield* sayMoved(work, taken, { ...before, said: new Set(said.flatMap(accountsOf)) });
}

/** Line ids beside those of what entries did: that one is overruled; from here on, members who are out or in by it. */
const OVERRULED = 0xf000;
const MOVED = 0xf001;

function* sayAll(work: Work, taken: Taken, entry: LogEntry): Step<void> {
  for (const [index, happening] of (yield* happenings(work, taken.log, entry)).entries())
    yield* say(work, taken, entry, { id: lineId(entry.hash, index), happening });
}

function* sayOverruled(work: Work, taken: Taken, entry: LogEntry): Step<void> {
  const texts = (yield* happenings(work, taken.log, entry)).flatMap(({ text }) => text ?? []);
  if (texts.length === 0) return;
  const detail = texts.join("; ");
  const text = `${yield* nameOf(work, taken.log, entry.account)}'s change was overruled: ${detail}`;
  yield* say(work, taken, entry, {
    id: lineId(entry.hash, OVERRULED),
    happening: { change: "overruled", text, detail },
  });
}

/** Members who came or went, though no entry that counts now says so of them. */
function* sayMoved(
  work: Work,
  taken: Taken,
  { members, said }: Before & { readonly said: ReadonlySet<string> },
): Step<void> {
  const { log, hash } = taken;
  const entry = find(log, hash);
  const { view } = resolve(log);
  if (!entry) return;
  const gone = [...members].filter((each) => !view.members.has(each) && !said.has(each));
  const back = [...view.members.keys()].filter((each) => !members.has(each) && !said.has(each));
  for (const [index, each] of [...gone, ...back].entries()) {
    const member = AccountKey.from(fromHex(each) ?? new Uint8Array());
    const memberName = yield* nameOf(work, log, member);
    const isGone = index < gone.length;
    const text = isGone ? `${memberName} is not in the group any more` : `${memberName} is in the group after all`;
    const happening = { change: isGone ? ("removed" as const) : ("added" as const), text, member, memberName };
    yield* say(work, taken, entry, { id: lineId(hash, MOVED + index), happening });
  }
}

function* happenings(work: Work, { group }: LogState, entry: LogEntry): Step<readonly Happening[]> {
  const names = new Map<string, string>();
  for (const each of new Set([toHex(entry.account), ...accountsOf(entry)]))
    names.set(each, (yield* read(work, MEMBER, `${toHex(group)}/${each}`))?.name ?? SOMEBODY);
  return happeningsOf(entry, (account) => names.get(toHex(account)) ?? SOMEBODY);
}

function* nameOf(work: Work, { group }: LogState, account: AccountKey): Step<string> {
  return (yield* read(work, MEMBER, idOf(group, account)))?.name ?? SOMEBODY;
}

/** Who is not known by name: added by an entry that was never entered here. */
const SOMEBODY = "somebody";

function* say(
  work: Work,
  { log, hash, core }: Taken,
  entry: LogEntry,
  { id, happening }: { readonly id: string; readonly happening: Happening },
): Step<void> {
  const { text, ...event } = happening;
  announce(work, { kind: "member", group: log.group, by: entry.account, ...event });
  if (text === undefined) return;
  work.lines.push({
    group: toHex(log.group),
    id,
    depth: yield* depthOfEntries(work, log.group, [hash]),
    sentAtMs: core.at satisfies TimeMs,
    account: toHex(entry.account),
    device: toHex(entry.author),
    name: yield* nameOf(work, log, entry.account),
    kind: "system",
    text,
    state: "received",
  });
}

/** One entry can make several lines: the first carries its hash, the others a number as well. */
function lineId(hash: EntryHash, index: number): string {
  return index === 0 ? toHex(hash) : `${toHex(hash)}${index.toString(16).padStart(4, "0")}`;
}
