/** What calls wait for: what is stored for us, and what is to be sent. */
import { DELIVERY } from "../protocol/records/key-delivery.ts";
import { COUNTERS, OUTBOX } from "../protocol/records/outbox.ts";
import { PENDING } from "../protocol/records/pairwise.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { TopicBook } from "./effects-performer.ts";
import { type Waiting, waitUntil } from "./event-hub.ts";
import type { Sent } from "./group-api.ts";
import { heldByMembers } from "./members-holding.ts";
import type { Network } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, scanRecords } from "./profile-reader.ts";
import { sentState } from "./views.ts";

/** Ms that a call waits for the network unless told otherwise. */
export const WAIT_MS = 10_000;
/** Longest wait (ms) for what changed in a group since the last look, before a message is sealed or a change made. */
const CATCH_UP_MS = 2_000;

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

/**
 * Who came or went while we were away is learnt first: a message is sealed for those whom we know to be members. Answers
 * how many envelopes had ever been queued then: what comes after them is written by this call.
 */
export async function catchUp(context: CallContext, options: CallOptions): Promise<number> {
  const { network, store, topics } = context;
  await waitUntil(async () => isCaughtUp(topics) || !isRelayThere(network), waiting(context, CATCH_UP_MS, options));
  return (await readRecord(store, COUNTERS))?.outbox ?? 0;
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
  if (isRelayThere(network) || (helper === "relay or member" && network.peers().length > 0))
    return Number.POSITIVE_INFINITY;
  return relays.length === 0 ? beganMs : Math.max(...relays.map(({ sinceMs }) => sinceMs));
}

/** Whether one is connected, or may be about to be. */
const isRelayThere = (network: Pick<Network, "relays">): boolean =>
  network.relays().some(({ state }) => state === "connected" || state === "connecting");

/** All topics that we read have been read to their end. */
export const isCaughtUp = ({ read, caughtUp }: TopicBook): boolean =>
  read.size > 0 && [...read].every((topic) => caughtUp.has(topic));

/** A message that a call has committed. */
export interface OwnMessage {
  readonly group: GroupId;
  readonly message: MessageId;
  /** As the caller gave them; see `send` in api.ts. */
  readonly window: string | undefined;
  readonly waitMs: number | undefined;
}

/** Shows the message to whoever listens in another window, and waits until somebody else has it; answers how far it has come. */
export async function waitTaken(
  context: CallContext,
  { group, message, window, waitMs }: OwnMessage,
  options: CallOptions,
): Promise<ReturnType<typeof sentState>> {
  const { store, hub } = context;
  const saved = () => store.line(toHex(group), toHex(message));
  const line = await saved();
  if (line) hub.tell({ kind: "own-message", line, window });
  const state = async () => (await saved())?.state ?? "queued";
  if ((waitMs ?? WAIT_MS) > 0)
    await waitForOthers(context, options, {
      holds: async () => (await state()) !== "queued",
      waitMs,
      helper: "relay or member",
    });
  return sentState(await state());
}

/** Envelopes that wait to be sent. */
export async function outboxLength(store: ProfileStore): Promise<number> {
  return (await scanRecords(store, OUTBOX)).length;
}

/**
 * Waits until everything is on a relay, letters too that wait for somebody's prekeys or are not sealed yet; or, while no
 * relay is there, until other members have what was written since (see {@link catchUp}).
 */
export async function waitSent(
  context: CallContext,
  { since, waitMs }: { readonly since: number; readonly waitMs: number | undefined },
  options: CallOptions,
): Promise<Sent> {
  const { store, network, undelivered } = context;
  let devices = 0;
  const hasNone = async (type: typeof PENDING | typeof DELIVERY) =>
    (await store.scan(type.prefix, { limit: 1 })).length === 0;
  const isWritten = async () => (await hasNone(PENDING)) && (await hasNone(DELIVERY));
  const isSent = async () => (await outboxLength(store)) <= undelivered() && (await isWritten());
  const isHeld = async () => {
    devices = isRelayThere(network) ? 0 : await heldByMembers(context, since);
    return devices > 0;
  };
  const holds = async () => (await isSent()) || (await isHeld());
  await waitForOthers(context, options, { holds, waitMs, helper: "relay or member" });
  if (await isSent()) return { state: "on-relay" };
  return devices > 0 ? { state: "with-members", devices } : { state: "queued" };
}
