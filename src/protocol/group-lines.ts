/** The lines of a conversation: where a message stands among the others, and system lines for what the log says. */
import type { EntryCore } from "../wire/entry.ts";
import type { GroupPlaintext } from "../wire/group-message.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId, MessageId } from "../wire/ids.ts";
import { MESSAGE_FRONTIER_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type ProtocolEvent, type Work } from "./effects.ts";
import { memberOfAccount, memberOfDevice } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { ENTRY, type EpochState, idOf, SEEN } from "./records.ts";
import { type Line, read, type Step } from "./step.ts";

/** Depths are saved in 4 bytes. */
const DEPTH_MAX = 0xffffffff;

/**
 * How far beyond the newest entry of its epoch (an entry: beyond its parents) the depth that an author states is believed.
 * A group re-keys long before it has said a million messages in one epoch; a liar wins no more than that, so that it takes
 * thousands of such epochs to reach DEPTH_MAX.
 */
export const DEPTH_REACH = 1_048_576;

/**
 * Where something stands whose author states `stated` and that comes after `before`. It depends on nothing that a
 * device may or may not have received, so it is the same for everybody.
 */
export function placeOf(stated: number, before: number): number {
  return Math.min(Math.max(stated, before + 1), before + DEPTH_REACH, DEPTH_MAX);
}

/** Depth that we state for a message of ours: after its epoch's newest entry and after all that it cites. */
export function* depthForMessage(work: Work, epoch: EpochState, cited: readonly MessageId[]): Step<number> {
  let before = epoch.depth;
  for (const id of cited) before = Math.max(before, (yield* read(work, SEEN, toHex(id)))?.depth ?? 0);
  return placeOf(before + 1, epoch.depth);
}

/** Depth that we state for an entry of ours: after its parents and after the messages that it cites. */
export function* depthForEntry(
  work: Work,
  group: GroupId,
  parents: readonly EntryHash[],
  cited: readonly { readonly depth: number }[],
): Step<number> {
  const before = yield* depthOfEntries(work, group, parents);
  return placeOf(Math.max(before, ...cited.map(({ depth }) => depth)) + 1, before);
}

/** Where a log entry stands. */
export function* depthOfEntry(work: Work, group: GroupId, core: EntryCore): Step<number> {
  return placeOf(core.depth, yield* depthOfEntries(work, group, core.parents));
}

/** Greatest depth among these entries, 0 for none. */
export function* depthOfEntries(work: Work, group: GroupId, hashes: readonly EntryHash[]): Step<number> {
  let depth = 0;
  for (const hash of hashes) depth = Math.max(depth, (yield* read(work, ENTRY, idOf(group, hash)))?.depth ?? 0);
  return depth;
}

/** The heads that a message or an entry cites: those deepest in the conversation. */
export function deepest<T extends { readonly depth: number }>(heads: readonly T[]): readonly T[] {
  return heads.toSorted((a, b) => a.depth - b.depth).slice(-MESSAGE_FRONTIER_MAX);
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
