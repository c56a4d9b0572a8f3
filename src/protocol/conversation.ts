/**
 * The conversation of a group as a graph: which messages are its heads, which are cited and missing, and the recent
 * ones by which removals and forks are judged.
 *
 * 1. Cost does not depend on the length of the conversation.
 * 2. What others invent takes bounded room: gaps per group and per device that cites them, recent messages per group.
 *
 * @see PROTOCOL.md § History
 */
import { equalBytes } from "../verify/transcript.ts";
import type { GroupId, MessageId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { type Arriving, keepRecent, NO_HEADS, recentMessages } from "./recent-messages.ts";
import { AHEAD, GAP, GAP_COUNT, HEADS, HEADS_MAX, type HeadsState, SEEN } from "./records/conversation.ts";
import { idOf } from "./records/record.ts";
import { lineDepth, read, type Step, write } from "./step.ts";

/** Gaps noted for one group: more than a relay loses in an accident; further ones are not noted. */
const GAPS_MAX = 1_024;
/** Gaps among those that one device cited first, so that one member who invents ids takes nobody else's room. */
export const GAPS_PER_DEVICE_MAX = 64;

/** Depth of a message that is here: its line says it, or a record where it has none. */
export function* depthHere(work: Work, group: GroupId, id: MessageId): Step<number | undefined> {
  const noted = yield* read(work, SEEN, toHex(id));
  return noted ? noted.depth : yield* lineDepth(work, toHex(group), toHex(id));
}

/**
 * The message is part of the conversation. Unless it is held it replaces those that it cites among the heads.
 * `hasLine`: a line of this commit says that it is here, so no record has to (a record of its own for each cost a fifth of
 * what catching up costs: ids are hashes, and each touches another page). `ahead`: its place, if it came before what is
 * missing before it.
 */
export function* joinConversation(
  work: Work,
  group: GroupId,
  message: Arriving,
  { hasLine, ahead }: { readonly hasLine: boolean; readonly ahead?: string | undefined },
): Step<void> {
  const { id, depth, cites, isHeld } = message;
  const name = toHex(group);
  const before: HeadsState = (yield* read(work, HEADS, name)) ?? NO_HEADS;
  const wasCited = yield* closeGap(work, group, id);
  const kept = isHeld ? before.heads : before.heads.filter((head) => !isAmong(cites, head.id));
  const heads = isHeld || wasCited ? kept : deepestHeads([...kept, { id, depth }]);
  const said = ahead === undefined ? yield* keepRecent(work, group, message, before) : before.said;
  if (ahead !== undefined) write(work, AHEAD, ahead, { ...message, isVoid: false });
  write(work, HEADS, name, { heads, said });
  if (!hasLine) write(work, SEEN, toHex(id), { depth });
  const unknown = cites.filter((cited) => !before.heads.some((head) => equalBytes(head.id, cited)));
  if (!isHeld) yield* noteGaps(work, group, { ...message, cites: unknown });
}

/**
 * Of too many heads the shallowest go, of those the first that came: so no number of branches far behind pushes the ends
 * of the conversation out, which come first when a device was away.
 */
export function deepestHeads(heads: HeadsState["heads"]): HeadsState["heads"] {
  let left = heads;
  while (left.length > HEADS_MAX) {
    const least = left.reduce((one, other) => (other.depth < one.depth ? other : one));
    left = left.filter((each) => each !== least);
  }
  return left;
}

/** A message of ours that we know of and cannot read any more: what we say next comes after it. */
export function* citeUnread(work: Work, group: GroupId, head: HeadsState["heads"][number]): Step<void> {
  const before = (yield* read(work, HEADS, toHex(group))) ?? NO_HEADS;
  write(work, HEADS, toHex(group), { ...before, heads: deepestHeads([...before.heads, head]) });
}

export const isAmong = (ids: readonly MessageId[], id: MessageId): boolean => ids.some((each) => equalBytes(each, id));

/**
 * Notes what the message cites and is not here, and tells of it. A gap is its first author's word until another account
 * cites it too.
 */
export function* noteGaps(work: Work, group: GroupId, message: Arriving): Step<void> {
  const { cites, account, device, depth } = message;
  const at = work.nowMs as TimeMs;
  for (const cited of cites) {
    if ((yield* depthHere(work, group, cited)) !== undefined) continue;
    const id = idOf(group, cited);
    const known = yield* read(work, GAP, id);
    if (known && !known.isConfirmed && !equalBytes(known.account, account))
      write(work, GAP, id, { ...known, isConfirmed: true });
    if (known) announce(work, { kind: "missing", group, missing: cited, depth, at: known.at });
    if (
      known ||
      !(yield* hasSpokenBefore(work, group, message)) ||
      !(yield* countGap(work, [toHex(group), idOf(group, device)]))
    )
      continue;
    write(work, GAP, id, { citedBy: device, account, at, isConfirmed: false });
    announce(work, { kind: "missing", group, missing: cited, depth, at });
  }
}

/**
 * What a device says first of all that we can read may cite what was said before we came, which nobody can give us. What
 * it says next cites that first message, or others that came since.
 */
function* hasSpokenBefore(work: Work, group: GroupId, { id, device, iteration }: Arriving): Step<boolean> {
  if (iteration > 0) return true;
  for (const { said } of (yield* recentMessages(work, group)).values())
    if (equalBytes(said.device, device) && !equalBytes(said.id, id)) return true;
  return false;
}

function* countGap(work: Work, [all, own]: readonly [string, string]): Step<boolean> {
  const gaps = (yield* read(work, GAP_COUNT, all))?.gaps ?? 0;
  const ofDevice = (yield* read(work, GAP_COUNT, own))?.gaps ?? 0;
  if (gaps >= GAPS_MAX || ofDevice >= GAPS_PER_DEVICE_MAX) return false;
  write(work, GAP_COUNT, all, { gaps: gaps + 1 });
  write(work, GAP_COUNT, own, { gaps: ofDevice + 1 });
  return true;
}

/** What was missing has come, and it is told; whether it was missing. */
export function* closeGap(work: Work, group: GroupId, id: MessageId): Step<boolean> {
  const gap = yield* read(work, GAP, idOf(group, id));
  if (!gap) return false;
  write(work, GAP, idOf(group, id), null);
  announce(work, { kind: "found", group, found: id });
  for (const count of [toHex(group), idOf(group, gap.citedBy)]) {
    const gaps = ((yield* read(work, GAP_COUNT, count))?.gaps ?? 1) - 1;
    write(work, GAP_COUNT, count, gaps > 0 ? { gaps } : null);
  }
  return true;
}
