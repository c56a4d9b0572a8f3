/** The lines of a conversation: where a message stands among the others, and system lines for what the log says. */
import { equalBytes } from "../verify/transcript.ts";
import type { EntryCore } from "../wire/entry.ts";
import type { GroupPlaintext } from "../wire/group-message.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId, MessageId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type ProtocolEvent, type Work } from "./effects.ts";
import { memberOfAccount, memberOfDevice } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { ENTRY, type EpochState, GAP, HEADS, HEADS_MAX, idOf, SEEN } from "./records.ts";
import { type Line, read, type Step, write } from "./step.ts";

/** Depths are saved in 4 bytes. */
const DEPTH_MAX = 0xffffffff;

/**
 * Depth of a message that cites `frontier`: one more than the greatest depth among the cited that we have, and than
 * that of its epoch. Cited messages that we lack are noted as gaps and never delay what is here: it then stands after
 * all that we have seen, and a message that fills a gap stands before those that cite it.
 */
export function* depthAfter(
  work: Work,
  epoch: EpochState,
  frontier: readonly MessageId[],
  { id, citedBy }: { readonly id?: MessageId; readonly citedBy: DeviceKey },
): Step<number> {
  const { group } = epoch;
  let before = epoch.depth;
  const lacking: MessageId[] = [];
  for (const each of frontier) {
    const cited = yield* read(work, SEEN, toHex(each));
    if (cited) before = Math.max(before, cited.depth);
    else lacking.push(each);
  }
  const heads = lacking.length > 0 ? ((yield* read(work, HEADS, toHex(group)))?.heads ?? []) : [];
  for (const head of heads) before = Math.max(before, head.depth);
  const awaited = id && (yield* read(work, GAP, idOf(group, id)));
  const depth = Math.max(1, Math.min(before + 1, awaited ? awaited.depth - 1 : DEPTH_MAX));
  for (const each of lacking) yield* noteGap(work, idOf(group, each), { citedBy, depth });
  return depth;
}

function* noteGap(work: Work, id: string, gap: { readonly citedBy: DeviceKey; readonly depth: number }): Step<void> {
  const known = yield* read(work, GAP, id);
  const depth = Math.min(known?.depth ?? DEPTH_MAX, gap.depth);
  write(work, GAP, id, { citedBy: known?.citedBy ?? gap.citedBy, at: known?.at ?? (work.nowMs as TimeMs), depth });
}

/** Depth of a log entry: after its parents and after the messages that its author had seen. */
export function* depthOfEntry(work: Work, group: GroupId, core: EntryCore): Step<number> {
  let depth = yield* depthOfEntries(work, group, core.parents);
  for (const id of core.frontier) depth = Math.max(depth, (yield* read(work, SEEN, toHex(id)))?.depth ?? 0);
  return Math.min(depth + 1, DEPTH_MAX);
}

/** Greatest depth among these entries, 0 for none. */
export function* depthOfEntries(work: Work, group: GroupId, hashes: readonly EntryHash[]): Step<number> {
  let depth = 0;
  for (const hash of hashes) depth = Math.max(depth, (yield* read(work, ENTRY, idOf(group, hash)))?.depth ?? 0);
  return depth;
}

/** The message is part of the conversation now: it replaces those that it cites among the heads. */
export function* addHead(
  work: Work,
  group: GroupId,
  added: { readonly id: MessageId; readonly depth: number },
  cites: readonly MessageId[],
): Step<void> {
  const name = toHex(group);
  const before = (yield* read(work, HEADS, name))?.heads ?? [];
  const kept = before.filter((head) => !cites.some((each) => equalBytes(each, head.id)));
  write(work, HEADS, name, { heads: [...kept, added].slice(-HEADS_MAX) });
  write(work, SEEN, toHex(added.id), { depth: added.depth });
  if (yield* read(work, GAP, idOf(group, added.id))) write(work, GAP, idOf(group, added.id), null);
}

/** What a line of a message is made of. */
export interface LineSource {
  readonly author: { readonly account: AccountKey; readonly device: DeviceKey; readonly name: string };
  readonly depth: number;
  readonly plaintext: GroupPlaintext;
  readonly state: Line["state"];
}

/** The line of a message, ours or received. */
export function lineOf(group: GroupId, id: MessageId, { author, depth, plaintext, state }: LineSource): Line {
  return {
    group: toHex(group),
    id: toHex(id),
    depth,
    sentAtMs: plaintext.sentAt,
    account: toHex(author.account),
    device: toHex(author.device),
    name: author.name,
    kind: "text",
    text: plaintext.content.text,
    state,
  };
}

/** What everybody should know about an entry: one line for a creation, one for each person added. */
export function* addSystemLines(
  work: Work,
  accepted: { readonly log: LogState; readonly hash: EntryHash; readonly core: EntryCore },
): Step<void> {
  const { log, hash, core } = accepted;
  const { view } = resolve(log);
  const by = memberOfDevice(view, core.author);
  if (!by) return;
  const depth = yield* depthOfEntries(work, log.group, [hash]);
  const say = (id: string, text: string) =>
    work.lines.push({
      group: toHex(log.group),
      id,
      depth,
      sentAtMs: core.at,
      account: toHex(by.account),
      device: toHex(core.author),
      name: by.name,
      kind: "system",
      text,
      state: "received",
    });
  const tell = (
    change: Extract<ProtocolEvent, { kind: "member" }>["change"],
    member?: { account: AccountKey; name: string },
  ) =>
    announce(work, {
      kind: "member",
      group: log.group,
      change,
      by: by.account,
      ...(member ? { member: member.account, memberName: member.name } : {}),
    });
  if (core.action.kind === "create") {
    say(toHex(hash), `${by.name} created the group`);
    tell("created");
  }
  if (core.action.kind === "rekey") tell("rekeyed");
  if (core.action.kind === "link") {
    const member = memberOfAccount(view, core.action.account);
    say(toHex(hash), `${member?.name ?? "somebody"} has a new device`);
    tell("linked", member);
  }
  if (core.action.kind === "unlink") {
    say(toHex(hash), `${by.name} unlinked a device`);
    tell("unlinked");
  }
  if (core.action.kind !== "add") return;
  for (const [i, member] of core.action.members.entries()) {
    const joined = member.proof !== undefined;
    say(lineId(hash, i), joined ? `${member.name} joined by invite` : `${by.name} added ${member.name}`);
    tell(joined ? "joined" : "added", member);
  }
}

/** One entry can make several lines: the first carries its hash, the others a number as well. */
function lineId(hash: EntryHash, index: number): string {
  return index === 0 ? toHex(hash) : `${toHex(hash)}${index.toString(16).padStart(4, "0")}`;
}
