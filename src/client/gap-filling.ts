/**
 * Messages that others cite and that are not here are looked for at everybody who is reached: their ids name no envelope,
 * so what we keep of the group's topics is compared with what each holder keeps, and what only it has is fetched.
 *
 * 1. What may still be on its way is not looked for: SETTLE_MS pass first, unless a call waits for it, and a topic whose
 *    end nobody has reached yet is left out.
 * 2. Where a report says that its author has more than is here the group is looked at as well, once a minute at most.
 * 3. Each gap is looked for once, and once more when somebody else is reached; the comparisons at intervals do the rest.
 * 4. Nobody can keep us from being in step for longer than MISSED_MS, nor alone for longer than one look.
 *
 * @see PROTOCOL.md § History
 */
import { GAP } from "../protocol/records/conversation.ts";
import { LIVE } from "../protocol/records/epoch.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ClientNotice, EventHub } from "./event-hub.ts";
import type { Clock } from "./ports/clock.ts";
import type { Network } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, scanRecords } from "./profile-reader.ts";

/** Ms from a sign that something is missing until it is looked for. */
const SETTLE_MS = 2_000;
/** Least time between two looks (ms). */
const PAUSE_MS = 500;
/** Gaps of all groups that are looked at together. */
const GAPS_LOOKED_AT = 4_096;
/** Newest epochs of a group in whose topics a message is looked for, and topics of one look. */
const EPOCHS_LOOKED_AT = 8;
const TOPICS_LOOKED_AT = 64;
/** Least time between two looks at one group because somebody says that they have more (ms): anybody in it may say so. */
const BEHIND_PAUSE_MS = 60_000;
/** Ms for which a message that two people cite and nobody has keeps us from being in step; after that it is taken for lost. */
const MISSED_MS = 86_400_000;

export interface GapFillingParts {
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly hub: EventHub;
  /** Whether somebody's log of this topic (hex) has been read to its end. */
  readonly isCaughtUp: (topic: string) => boolean;
}

export interface GapFilling {
  /** Cited messages that are not here; `isSettled`: everybody who is reached was asked, and two people's word is for none of them. Looks soon. */
  readonly state: () => Promise<{ readonly gaps: number; readonly isSettled: boolean }>;
  /** Looks no more; resolves when nothing is under way. */
  readonly close: () => Promise<void>;
}

interface Looking extends GapFillingParts {
  /** Ids of gaps that were looked for at everybody who is reached now. */
  readonly asked: Set<string>;
  /** Groups (hex) of which somebody has said to have more than is here. */
  readonly behind: Set<string>;
  /** When such groups were last looked at because of that (ms). */
  readonly lookedBehindMs: Map<string, number>;
}

export function createGapFilling(parts: GapFillingParts): GapFilling {
  const { hub, clock } = parts;
  const looking: Looking = { ...parts, asked: new Set(), behind: new Set(), lookedBehindMs: new Map() };
  let running: Promise<void> | undefined;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let isClosed = false;
  const look = (): void => {
    if (isClosed || running || clock.nowMs() - lookedMs < PAUSE_MS) return;
    running = lookForAll(looking)
      .catch(() => undefined) // a disk that fails shows elsewhere, and the next sign looks again
      .then((isFound) => {
        running = undefined;
        lookedMs = clock.nowMs();
        if (isFound) hub.tell({ kind: "gaps" });
      });
  };
  const stop = hub.listen((notice) => {
    if (isArrival(notice) || notice.kind === "caught-up") looking.asked.clear();
    if (notice.kind === "behind") noteBehind(looking, toHex(notice.group));
    if (!isSign(notice) || cancel || isClosed) return;
    cancel = clock.after(SETTLE_MS, () => {
      cancel = undefined;
      look();
    });
  });
  return {
    state: async () => {
      const open = await openGaps(looking);
      const isAsked = open.every(([id]) => looking.asked.has(id));
      if (!isAsked || looking.behind.size > 0) look();
      const sinceMs = clock.nowMs() - MISSED_MS;
      const isBehind = looking.behind.size > 0;
      return {
        gaps: open.length,
        isSettled: isAsked && !isBehind && !open.some(([, gap]) => gap.isConfirmed && gap.at > sinceMs),
      };
    },
    close: async () => {
      isClosed = true;
      stop();
      cancel?.();
      await running;
    },
  };
}

/** Somebody else is reached. */
const isArrival = (notice: ClientNotice): boolean =>
  (notice.kind === "relay" && notice.status.state === "connected") ||
  (notice.kind === "peer" && notice.state === "connected");

/** Something may be missing now that was not before, or may be found. */
const isSign = (notice: ClientNotice): boolean =>
  notice.kind === "message" || notice.kind === "caught-up" || notice.kind === "behind" || isArrival(notice);

function noteBehind({ behind, lookedBehindMs, clock }: Looking, group: string): void {
  const nowMs = clock.nowMs();
  if (nowMs - (lookedBehindMs.get(group) ?? Number.NEGATIVE_INFINITY) < BEHIND_PAUSE_MS) return;
  lookedBehindMs.set(group, nowMs);
  behind.add(group);
}

const openGaps = ({ store }: Looking) => scanRecords(store, GAP, { limit: GAPS_LOOKED_AT });

/** True when anything was looked for. */
async function lookForAll(looking: Looking): Promise<boolean> {
  const open = await openGaps(looking);
  const { asked, network, isCaughtUp } = looking;
  const ids = new Set(open.map(([id]) => id));
  for (const id of asked) if (!ids.has(id)) asked.delete(id);
  const due = [...ids].filter((id) => !asked.has(id));
  const behind = [...looking.behind];
  if (due.length + behind.length === 0) return false;
  looking.behind.clear();
  const all = await topicsOf(looking, new Set([...due.map((id) => id.split("/")[0] ?? ""), ...behind]));
  const topics = all.filter((topic) => isCaughtUp(toHex(topic)));
  const holders = network.fill ? await network.fill(topics) : 1;
  if (holders > 0) for (const id of due) asked.add(id);
  return holders > 0;
}

async function topicsOf({ store }: Looking, groups: ReadonlySet<string>): Promise<readonly Topic[]> {
  const topics: Topic[] = [];
  for (const group of groups) {
    const epochs = (await readRecord(store, LIVE, group))?.epochs ?? [];
    topics.push(...epochs.slice(-EPOCHS_LOOKED_AT).map(({ topic }) => topic));
    if (topics.length >= TOPICS_LOOKED_AT) break;
  }
  return topics.slice(0, TOPICS_LOOKED_AT);
}
