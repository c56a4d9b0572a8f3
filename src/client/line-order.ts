/**
 * Messages in their order, for somebody who reads from top to bottom and cannot insert a line. Whoever was away for long
 * gets the newest of a group ahead of those before them (PROTOCOL.md § Topic protocol): they are held back until the
 * others have come.
 *
 * 1. Nothing is held while nothing comes ahead, so what is written now is shown now.
 * 2. What is held is let go, sorted, when everything that was stored is here, or when nothing older has come for QUIET_MS:
 *    a relay that goes away in the middle hides nothing. What is written meanwhile keeps nothing back, and HOLD_MS is
 *    the longest time in any case.
 * 3. At most HELD_MAX are held; of more the older half goes first.
 */
import type { ClientNotice } from "./event-hub.ts";
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
  /** Whether something of this group (hex) is held. */
  readonly holds: (group: string) => boolean;
  /** Resolves with `more`, or when it is time to let go what is held. */
  readonly wait: (more: Promise<void>) => Promise<void>;
}

/** `isCaughtUp`: everything that was stored for us is here. */
export function lineOrder(clock: Clock, isCaughtUp: () => boolean): LineOrder {
  let held: MessageNotice[] = [];
  /** Until when (ms) something is waited for; undefined: nothing is held. */
  let untilMs: number | undefined;
  let latestMs = 0;
  /** How deep the messages of each group (hex) are that are held. */
  const deepest = new Map<string, number>();
  const waitOn = (): void => {
    untilMs = Math.min(clock.nowMs() + QUIET_MS, latestMs);
  };
  const release = (count: number): readonly MessageNotice[] => {
    held.sort((one, other) => compareLines(one.line, other.line));
    return held.splice(0, count);
  };
  const releaseAll = (): readonly MessageNotice[] => {
    untilMs = undefined;
    deepest.clear();
    return release(held.length);
  };
  const passOne = (notice: ClientNotice): readonly ClientNotice[] => {
    if (notice.kind === "newest-first") {
      if (untilMs === undefined && isCaughtUp()) return []; // somebody else had it all
      if (untilMs === undefined) latestMs = clock.nowMs() + HOLD_MS;
      waitOn();
      return [];
    }
    if (untilMs === undefined) return [notice];
    if (notice.kind === "message") {
      const { group, depth } = notice.line;
      if (depth < (deepest.get(group) ?? 0)) waitOn();
      else deepest.set(group, depth);
      held.push(notice);
      return held.length > HELD_MAX ? release(HELD_MAX / 2) : [];
    }
    if (notice.kind === "line-state" && notice.state === "withdrawn")
      held = held.filter(({ line }) => line.id !== notice.id);
    if (notice.kind !== "caught-up" || !isCaughtUp()) return [notice];
    return [...releaseAll(), notice];
  };
  return {
    pass: (notices) => {
      const passed = notices.flatMap(passOne);
      return untilMs === undefined || clock.nowMs() < untilMs ? passed : [...passed, ...releaseAll()];
    },
    holds: (group) => held.some(({ line }) => line.group === group),
    wait: async (more) => {
      if (untilMs === undefined) return await more;
      let cancel = (): void => undefined;
      const quiet = new Promise<void>((resolve) => {
        cancel = clock.after(Math.max(0, (untilMs ?? 0) - clock.nowMs()), resolve);
      });
      await Promise.race([more, quiet]);
      cancel();
    },
  };
}

/** The order of a conversation. */
function compareLines(one: ConversationLine, other: ConversationLine): number {
  return one.depth - other.depth || one.sentAtMs - other.sentAtMs || (one.id < other.id ? -1 : 1);
}
