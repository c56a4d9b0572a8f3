/**
 * Lines that do not count (any more) and lines that count again. A withdrawn line stays saved with the state
 * `withdrawn`, which no query finds, so that it can come back.
 * @see PROTOCOL.md § History, Messages that do not count
 */
import { equalBytes } from "../verify/transcript.ts";
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { isAmong, noteGaps } from "./conversation.ts";
import { announce, type Work } from "./effects.ts";
import { ACCOUNT, HEADS, HEADS_MAX, type HeadsState, SAID, SAID_MAX, type SaidState } from "./records.ts";
import { type LineState, read, readExisting, type Step, scan, write } from "./step.ts";

/** A recent message and the id of its record. */
export interface Recent {
  readonly place: string;
  readonly said: SaidState;
}

/** The recent messages of a group by message id (hex). */
export function* recentMessages(work: Work, group: GroupId): Step<Map<string, Recent>> {
  const rows = yield* scan(work, SAID, `${toHex(group)}/`, SAID_MAX);
  return new Map(rows.map(([place, said]) => [toHex(said.id), { place, said }]));
}

export const isCounting = ({ said }: Recent): boolean => !said.isHeld && !said.isVoid;

/** Writes what became of a message; its line goes or comes with it. */
export function* restate(work: Work, group: GroupId, recent: Map<string, Recent>, changed: Recent): Step<void> {
  const before = recent.get(toHex(changed.said.id));
  recent.set(toHex(changed.said.id), changed);
  write(work, SAID, changed.place, changed.said);
  if (!before || isCounting(before) === isCounting(changed)) return;
  const heads: HeadsState = (yield* read(work, HEADS, toHex(group))) ?? { heads: [], said: 0 };
  write(work, HEADS, toHex(group), { ...heads, heads: headsAfter(heads.heads, recent, changed) });
  if (isCounting(changed)) yield* noteGaps(work, group, changed.said);
  const isOwn = equalBytes((yield* readExisting(work, ACCOUNT)).device, changed.said.device);
  const shown: LineState = isOwn ? "on-relay" : "received";
  const state: LineState = isCounting(changed) ? shown : "withdrawn";
  const line = { group: toHex(group), id: toHex(changed.said.id), state };
  work.lineStates.push(line);
  announce(work, { kind: "line-state", ...line });
}

type Head = HeadsState["heads"][number];

/** What is withdrawn is cited no more: what it cited itself stands in its place. What comes back is a head unless it is cited. */
function headsAfter(heads: readonly Head[], recent: ReadonlyMap<string, Recent>, { said }: Recent): readonly Head[] {
  const counting = [...recent.values()].filter(isCounting);
  const isFollowed = (id: Head["id"]): boolean => counting.some((each) => isAmong(each.said.cites, id));
  const candidates = isCounting({ place: "", said })
    ? [said]
    : said.cites.flatMap((id) => counting.find((each) => equalBytes(each.said.id, id))?.said ?? []);
  const others = heads.filter(
    (head) => !equalBytes(head.id, said.id) && !candidates.some((each) => equalBytes(each.id, head.id)),
  );
  const added = candidates.filter(({ id }) => !isFollowed(id)).map(({ id, depth }) => ({ id, depth }));
  return [...others, ...added].slice(-HEADS_MAX);
}
