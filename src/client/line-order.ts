/**
 * Messages in their order, for somebody who reads from top to bottom and cannot insert a line. Whoever was away for long
 * gets the newest of a group ahead of those before them (PROTOCOL.md § Topic protocol), and of two holders the faster may
 * bring what cites a message that only the other has: these are held back until the others have come.
 *
 * 1. Nothing is held while nothing comes ahead and nothing is missing, so what is written now is shown now.
 * 2. What came ahead is let go, sorted, when everything that was stored is here, or when nothing older has come for
 *    QUIET_MS: a relay that goes away in the middle hides nothing. What is written meanwhile keeps nothing back, and
 *    HOLD_MS is the longest time in any case.
 * 3. What cites a missing message, and what stands behind that in the same group, is let go when the missing one is here
 *    or has been waited for (missed-messages.ts), and in any case when something of the group was held for PATIENCE_MS:
 *    whoever cites message after message that nobody has keeps the others back no longer.
 * 4. At most HELD_MAX are held; of more the older half goes first.
 */
import type { ClientNotice } from "./event-hub.ts";
import { type MissedMessages, missedMessages, PATIENCE_MS } from "./missed-messages.ts";
import type { Clock } from "./ports/clock.ts";
import type { ConversationLine } from "./ports/profile.ts";

/** Ms without an older message after which the others are waited for no longer: several times what a page takes. */
const QUIET_MS = 3_000;
/** Longest time (ms) for which a message is held: tens of thousands come in it, and nobody looks at an empty screen for longer. */
const HOLD_MS = 60_000;
/** Messages that are held at once: what fits in memory beside a client (1 kB each), and more than anybody reads. */
const HELD_MAX = 20_000;

type MessageNotice = Extract<ClientNotice, { readonly kind: "message" }>;

/** What is held back, and when it is let go. */
export interface LineOrder {
  /** Those of `notices`, and of those that were held before, that are to be shown now, in their order. */
  readonly pass: (notices: readonly ClientNotice[]) => readonly ClientNotice[];
  /** Whether something of this group (hex) is held, or anything at all. */
  readonly holds: (group?: string) => boolean;
  /** Resolves with `more`, or when it is time to let go what is held. */
  readonly wait: (more: Promise<void>) => Promise<void>;
}

/** `isCaughtUp`: everything that was stored for us is here. */
export function lineOrder(clock: Clock, isCaughtUp: () => boolean): LineOrder {
  let held: MessageNotice[] = [];
  /** Since when (ms) something of a group (hex) is held. */
  const since = new Map<string, number>();
  const isHolding = (group: string): boolean => held.some(({ line }) => line.group === group);
  const [ahead, missed] = [newestAhead(clock), missedMessages(clock)];
  const releaseFree = (): readonly MessageNotice[] => {
    if (held.length === 0 || ahead.untilMs() !== undefined) return [];
    const [places, nowMs] = [missed.places(), clock.nowMs()];
    const isKept = ({ line }: MessageNotice): boolean =>
      isBehind(places, line) && nowMs - (since.get(line.group) ?? 0) < PATIENCE_MS;
    const free = held.filter((each) => !isKept(each));
    held = held.filter(isKept);
    for (const group of since.keys()) if (!isHolding(group)) since.delete(group);
    return inOrder(free);
  };
  const passMessage = (notice: MessageNotice): readonly ClientNotice[] => {
    const { line } = notice;
    const isHeld = ahead.untilMs() !== undefined || isBehind(missed.places(), line);
    if (!isHeld && held.length === 0) return [notice]; // else it goes, in its place, with those that go now
    ahead.came(line);
    since.set(line.group, since.get(line.group) ?? clock.nowMs());
    held.push(notice);
    return held.length > HELD_MAX ? inOrder(held).splice(0, HELD_MAX / 2) : [];
  };
  const passOne = (notice: ClientNotice): readonly ClientNotice[] => {
    switch (notice.kind) {
      case "newest-first":
        if (ahead.untilMs() !== undefined || !isCaughtUp()) ahead.waitOn(); // else somebody else had it all
        return [];
      case "missing":
        missed.missing(notice);
        return [];
      case "found":
        missed.found(notice.group, notice.found);
        return [];
      case "message":
        return passMessage(notice);
      case "line-state":
        if (notice.state === "withdrawn") held = held.filter(({ line }) => line.id !== notice.id);
        return [notice];
      case "caught-up":
        if (ahead.untilMs() === undefined || !isCaughtUp()) return [notice];
        ahead.end();
        return [...releaseFree(), notice];
      default:
        return [notice];
    }
  };
  return {
    pass: (notices) => {
      const passed = notices.flatMap(passOne);
      if (clock.nowMs() >= (ahead.untilMs() ?? Number.POSITIVE_INFINITY)) ahead.end();
      return [...passed, ...releaseFree()];
    },
    holds: (group) => (group === undefined ? held.length > 0 : isHolding(group)),
    wait: (more) => moreUntil(clock, more, ahead.untilMs() ?? (held.length > 0 ? freeAt(missed, since) : undefined)),
  };
}

/** When (ms) something of what is missed or held has been waited for. */
function freeAt(missed: MissedMessages, since: ReadonlyMap<string, number>): number | undefined {
  const over = [...since.values()].map((ms) => ms + PATIENCE_MS);
  return [...over, missed.untilMs() ?? []].flat().reduce<number | undefined>((a, b) => Math.min(a ?? b, b), undefined);
}

/** Until when those are waited for that stand before what came ahead. */
function newestAhead(clock: Clock) {
  let untilMs: number | undefined;
  let latestMs = 0;
  /** How deep the messages of each group (hex) are that have come. */
  const deepest = new Map<string, number>();
  const waitOn = (): void => {
    if (untilMs === undefined) latestMs = clock.nowMs() + HOLD_MS;
    untilMs = Math.min(clock.nowMs() + QUIET_MS, latestMs);
  };
  return {
    /** Ms; undefined: nothing is waited for. */
    untilMs: () => untilMs,
    waitOn,
    came: ({ group, depth }: ConversationLine): void => {
      if (untilMs === undefined) return;
      if (depth < (deepest.get(group) ?? 0)) waitOn();
      else deepest.set(group, depth);
    },
    end: (): void => {
      untilMs = undefined;
      deepest.clear();
    },
  };
}

/** Resolves with `more`, or at that time (ms). */
async function moreUntil(clock: Clock, more: Promise<void>, untilMs: number | undefined): Promise<void> {
  if (untilMs === undefined) return await more;
  let cancel = (): void => undefined;
  const quiet = new Promise<void>((resolve) => {
    cancel = clock.after(Math.max(0, untilMs - clock.nowMs()), resolve);
  });
  await Promise.race([more, quiet]);
  cancel();
}

const isBehind = (places: ReadonlyMap<string, number>, { group, depth }: ConversationLine): boolean =>
  depth >= (places.get(group) ?? Number.POSITIVE_INFINITY);

/** Sorts them, in place, as a conversation is. */
function inOrder(notices: MessageNotice[]): MessageNotice[] {
  return notices.sort(
    ({ line: one }, { line: other }) =>
      one.depth - other.depth || one.sentAtMs - other.sentAtMs || (one.id < other.id ? -1 : 1),
  );
}
