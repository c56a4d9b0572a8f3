/** What calls wait for: what is stored for us, and what is to be sent. */
import { DELIVERY, OUTBOX, PENDING } from "../protocol/records.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { TopicBook } from "./effects-performer.ts";
import { type Waiting, waitUntil } from "./event-hub.ts";
import type { ChangeState } from "./group-api.ts";
import type { ProfileStore } from "./ports.ts";
import { scanRecords } from "./profile-reader.ts";

/** Ms that a call waits for the network unless told otherwise. */
export const WAIT_MS = 10_000;
/** Longest wait (ms) for what changed in a group since the last look, before a message is sealed or a change made. */
const CATCH_UP_MS = 2_000;
/** Outbox records that are counted. */
const OUTBOX_COUNTED = 100_000;

/**
 * Ms for which nobody has been there after which a call that was given no time of its own waits no longer: a relay that
 * restarts, and members on a LAN, are found within it.
 */
const ALONE_MS = 2_000;
/** Least of such a call's own time (ms): a relay that is back is dialled within 0.8 s, a silent one within 4 s. */
export const LEAST_WAIT_MS = { change: 1_000, sync: 4_500 } as const;
/** Ms between two looks at who is there. */
const LOOK_MS = 250;

/** How a call waits; `waitMs` in ms, WAIT_MS when `undefined`. */
export const waiting = ({ hub, clock }: CallContext, waitMs: number | undefined, { signal }: CallOptions): Waiting => ({
  hub,
  clock,
  waitMs: waitMs ?? WAIT_MS,
  signal,
});

/** Who came or went while we were away is learnt first: a message is sealed for those whom we know to be members. */
export async function catchUp(context: CallContext, options: CallOptions): Promise<void> {
  const { network, topics } = context;
  const isRelayThere = () => network.relays().some(({ state }) => state === "connected" || state === "connecting");
  await waitUntil(async () => isCaughtUp(topics) || !isRelayThere(), waiting(context, CATCH_UP_MS, options));
}

/** What a call waits for. */
export interface Awaited {
  readonly holds: () => Promise<boolean>;
  /** As the caller gave it (ms). */
  readonly waitMs: number | undefined;
  /** Who can bring it about. */
  readonly helper: "relay" | "relay or member";
  readonly leastMs?: number;
}

/**
 * As `waitUntil`, for what only others can bring about. Without a `waitMs` it ends as soon as it is known that nobody
 * is there; with one the caller wants to wait, whatever may come.
 */
export async function waitForOthers(
  context: CallContext,
  options: CallOptions,
  { holds, waitMs, helper, leastMs = LEAST_WAIT_MS.change }: Awaited,
): Promise<boolean> {
  if (waitMs !== undefined) return await waitUntil(holds, waiting(context, waitMs, options));
  const { clock } = context;
  const beganMs = clock.nowMs();
  for (;;) {
    const leftMs = beganMs + WAIT_MS - clock.nowMs();
    if (await waitUntil(holds, waiting(context, Math.max(0, Math.min(leftMs, LOOK_MS)), options))) return true;
    if (leftMs <= LOOK_MS || options.signal?.aborted === true) return false;
    const aloneMs = clock.nowMs() - aloneSince(context, helper, beganMs);
    if (aloneMs >= ALONE_MS && clock.nowMs() - beganMs >= leastMs) return false;
  }
}

/** Since when nobody is there (ms), where no relay is known since `beganMs`; in the future while somebody is. */
function aloneSince({ network }: CallContext, helper: Awaited["helper"], beganMs: number): number {
  const relays = network.relays();
  const isThere = relays.some(({ state }) => state === "connected" || state === "connecting");
  if (isThere || (helper === "relay or member" && network.peers().length > 0)) return Number.POSITIVE_INFINITY;
  return relays.length === 0 ? beganMs : Math.max(...relays.map(({ sinceMs }) => sinceMs));
}

/** All topics that we read have been read to their end. */
export const isCaughtUp = ({ read, caughtUp }: TopicBook): boolean =>
  read.size > 0 && [...read].every((topic) => caughtUp.has(topic));

/** Envelopes that wait to be sent. */
export async function outboxLength(store: ProfileStore): Promise<number> {
  return (await scanRecords(store, OUTBOX, { limit: OUTBOX_COUNTED })).length;
}

/** Waits until everything is on a relay, letters too that wait for somebody's prekeys or are not sealed yet. */
export async function waitSent(
  context: CallContext,
  waitMs: number | undefined,
  options: CallOptions,
): Promise<ChangeState> {
  const { store, network, undelivered } = context;
  const hasNone = async (type: typeof PENDING | typeof DELIVERY) =>
    (await store.scan(type.prefix, { limit: 1 })).length === 0;
  const isWritten = async () => (await hasNone(PENDING)) && (await hasNone(DELIVERY));
  const isSent = async () => (await outboxLength(store)) <= undelivered() && (await isWritten());
  const mostMs = network.relays().length === 0 ? 0 : waitMs; // a profile without a relay would wait in vain
  const isThere = await waitForOthers(context, options, { holds: isSent, waitMs: mostMs, helper: "relay" });
  return isThere ? "on-relay" : "queued";
}
