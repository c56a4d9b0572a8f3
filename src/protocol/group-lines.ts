/** The lines of a conversation: where a message, or what the log says, stands among the others. */
import type { EntryCore } from "../wire/entry.ts";
import type { GroupPlaintext, MessageContent } from "../wire/group-message.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId, MessageId } from "../wire/ids.ts";
import { MESSAGE_FRONTIER_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { cleanFileName } from "./file-name.ts";
import type { EpochState } from "./records/epoch.ts";
import { ENTRY } from "./records/log.ts";
import { idOf } from "./records/record.ts";
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
export function depthForMessage(epoch: EpochState, cited: readonly { readonly depth: number }[]): number {
  return placeOf(Math.max(epoch.depth, ...cited.map(({ depth }) => depth)) + 1, epoch.depth);
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

/** Whether people see it as a line; the rest is for programs. */
export const isShown = ({ kind }: MessageContent): boolean => kind === "text" || kind === "file";

/** The line of a message, ours or received; of a file it is the name, cleaned. */
export function lineOf(group: GroupId, id: MessageId, { author, depth, plaintext, state }: LineSource): Line {
  const { content } = plaintext;
  return {
    group: toHex(group),
    id: toHex(id),
    depth,
    sentAtMs: plaintext.sentAt,
    account: toHex(author.account),
    device: toHex(author.device),
    name: author.name,
    kind: content.kind === "file" ? "file" : "text",
    text: content.kind === "text" ? content.text : content.kind === "file" ? cleanFileName(content.manifest.name) : "",
    state,
  };
}
