/**
 * Messages that others cite and that may be here in a moment, and from which place on a group is to wait for them.
 *
 * 1. Each is waited for once, for PATIENCE_MS from when it was missed first: what nobody has delays a group once.
 * 2. Room is bounded by what is noted of gaps (GAPS_MAX a group), and nothing is remembered for longer than PATIENCE_MS.
 */
import type { ProtocolEvent } from "../protocol/effects.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Clock } from "./ports/clock.ts";

/** Ms for which a missing message is waited for: it comes in a moment by another way, or after one look (gap-filling.ts). */
export const PATIENCE_MS = 3_000;

export interface MissedMessages {
  /** Somebody cites it. */
  readonly missing: (notice: Extract<ProtocolEvent, { readonly kind: "missing" }>) => void;
  /** It is missed no more. */
  readonly found: (group: GroupId, id: MessageId) => void;
  /** The least depth in each group (hex) of those that cite what is waited for now. */
  readonly places: () => ReadonlyMap<string, number>;
  /** When the first of them is waited for no longer (ms); undefined: there is none. */
  readonly untilMs: () => number | undefined;
}

/** None is missed yet. */
export function missedMessages(clock: Clock): MissedMessages {
  const missed = new Map<string, { readonly group: string; readonly depth: number; readonly untilMs: number }>();
  return {
    missing: ({ group, missing, depth, at }) => {
      const nowMs = clock.nowMs();
      const untilMs = Math.min(at, nowMs) + PATIENCE_MS; // `at` lies ahead where the clock was set back
      const id = nameOf(group, missing);
      if (untilMs > nowMs) {
        const least = Math.min(depth, missed.get(id)?.depth ?? depth);
        missed.set(id, { group: toHex(group), depth: least, untilMs });
      }
    },
    found: (group, id) => {
      missed.delete(nameOf(group, id));
    },
    places: () => {
      const nowMs = clock.nowMs();
      const places = new Map<string, number>();
      for (const [id, { group, depth, untilMs }] of missed) {
        if (untilMs <= nowMs) missed.delete(id);
        else places.set(group, Math.min(depth, places.get(group) ?? depth));
      }
      return places;
    },
    untilMs: () => {
      let first: number | undefined;
      for (const { untilMs } of missed.values()) first = Math.min(untilMs, first ?? untilMs);
      return first;
    },
  };
}

const nameOf = (group: GroupId, id: MessageId): string => `${toHex(group)}/${toHex(id)}`;
