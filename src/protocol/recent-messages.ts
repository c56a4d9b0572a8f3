/**
 * The recent messages of a group, by which removals and forks are judged: the newest SAID_MAX of the flow, and those that
 * came ahead of what is missing before them.
 *
 * 1. What comes behind newer messages takes the place of no deeper one.
 * 2. What came ahead keeps a place of its own until the flow comes to it, and with it the entries that stand before it:
 *    whoever was removed cannot push its own latest words out by what it said before. Without a free place a message is
 *    left to the flow.
 *
 * @see PROTOCOL.md § History, Messages that do not count
 */
import { equalBytes } from "../verify/transcript.ts";
import type { EpochId, GroupId, MessageId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { AHEAD, AHEAD_MAX, HEADS, type HeadsState, SAID, SAID_MAX, type SaidState } from "./records/conversation.ts";
import { loadAll, type RecordType, read, type Step, scan, write } from "./step.ts";

/** A message that is here now; `isVoid` is for the judge to say. */
export type Arriving = Omit<SaidState, "isVoid">;

/** A recent message and where its record is. */
export interface Recent {
  readonly record: RecordType<SaidState>;
  readonly place: string;
  readonly said: SaidState;
}

/** Before the first message. */
export const NO_HEADS: HeadsState = { heads: [], said: 0 };

/** The recent messages of a group by message id (hex). */
export function* recentMessages(work: Work, group: GroupId): Step<Map<string, Recent>> {
  const all = new Map<string, Recent>();
  for (const [record, most] of [
    [SAID, SAID_MAX],
    [AHEAD, AHEAD_MAX],
  ] as const)
    for (const [place, said] of yield* scan(work, record, `${toHex(group)}/`, most))
      all.set(toHex(said.id), { record, place, said });
  return all;
}

/** Who gives what comes ahead: a relay, whose order only a relay's flow confirms, or a member. */
export type AheadBy = "relay" | "member";

/** Places that one message may take, each by a byte of its id: with half of all taken one message in 65,536 finds none. */
const PROBES = 16;
const SLOTS = AHEAD_MAX / 2;

const slotsFor = (group: GroupId, id: MessageId, by: AheadBy): readonly string[] =>
  [...id.subarray(0, PROBES)].map((byte) => `${toHex(group)}/${by}/${(byte % SLOTS).toString(16).padStart(2, "0")}`);

/** The first free place for a message that comes ahead; `undefined` when the flow should bring it. */
export function* placeAhead(work: Work, group: GroupId, id: MessageId, by: AheadBy): Step<string | undefined> {
  for (const slot of slotsFor(group, id, by)) if (!(yield* read(work, AHEAD, slot))) return slot;
  return undefined;
}

/** The message is among the recent ones; answers how many took a place in `said/` so far. */
export function* keepRecent(work: Work, group: GroupId, message: Arriving, before: HeadsState): Step<number> {
  const place = yield* placeFor(work, group, message, before);
  if (!place.isTaken) write(work, SAID, saidId(group, place.number), { ...message, isVoid: false });
  return place.number + 1;
}

/** A message that is here comes again in a holder's flow: if it came ahead, it is one of those in their order now. */
export function* reachedByFlow(work: Work, group: GroupId, id: MessageId, from: AheadBy): Step<void> {
  if ((yield* scan(work, AHEAD, `${toHex(group)}/`, 1)).length === 0) return;
  const slots = [...(from === "relay" ? slotsFor(group, id, "relay") : []), ...slotsFor(group, id, "member")];
  yield* loadAll(
    work,
    slots.map((slot) => AHEAD.prefix + slot),
  );
  for (const slot of slots) {
    const said = yield* read(work, AHEAD, slot);
    if (!said || !equalBytes(said.id, id)) continue;
    write(work, AHEAD, slot, null);
    const before = (yield* read(work, HEADS, toHex(group))) ?? NO_HEADS;
    const place = yield* placeFor(work, group, said, before);
    if (!place.isTaken) write(work, SAID, saidId(group, place.number), said);
    write(work, HEADS, toHex(group), { ...before, said: place.number + 1 });
  }
}

/** Nothing of an epoch that is read no more is judged any more. */
export function* forgetAhead(work: Work, group: string, epoch: EpochId): Step<void> {
  for (const [slot, said] of yield* scan(work, AHEAD, `${group}/`, AHEAD_MAX))
    if (equalBytes(said.epoch, epoch)) write(work, AHEAD, slot, null);
}

/** Places of deeper messages that one message passes by: as many as come first of a topic (net/topic-catch-up.ts). */
const PASSED_MAX = 64;

/**
 * Its number among the recent messages, where it takes the place of another one. What comes behind newer ones, as they came
 * first, takes no deeper one's: by those it is judged what was seen in time. `isTaken`: the last one looked at is, too.
 */
function* placeFor(
  work: Work,
  group: GroupId,
  { depth, isHeld }: Arriving,
  { heads, said }: HeadsState,
): Step<{ readonly number: number; readonly isTaken: boolean }> {
  const isLate = said >= SAID_MAX && !isHeld && heads.some((head) => head.depth > depth);
  for (let number = said; isLate && number <= said + PASSED_MAX; number++) {
    const there = yield* read(work, SAID, saidId(group, number));
    if (!there || there.isHeld || there.isVoid || there.depth <= depth) return { number, isTaken: false };
  }
  return isLate ? { number: said + PASSED_MAX, isTaken: true } : { number: said, isTaken: false };
}

const saidId = (group: GroupId, number: number): string =>
  `${toHex(group)}/${String(number % SAID_MAX).padStart(4, "0")}`;
