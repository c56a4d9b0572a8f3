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
  return (await waitUntil(isSent, waiting(context, mostMs, options))) ? "on-relay" : "queued";
}
