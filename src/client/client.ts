/**
 * The client: protocol, store and network put together. The only thing a screen needs.
 *
 * Input -> step -> commit -> effects (step-queue.ts, effects-performer.ts); what the network delivers are inputs.
 * @see ARCHITECTURE.md § One message in eight hops
 */

import type { Primitives } from "../crypto/primitives.ts";
import { isFault } from "../wire/fault.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Client } from "./api.ts";
import { type CallContext, perform } from "./calls.ts";
import { createEffectsPerformer, type TopicBook } from "./effects-performer.ts";
import { createEventHub } from "./event-hub.ts";
import { createFileTransfers, type FileSettings } from "./file-transfers.ts";
import { createGapFilling } from "./gap-filling.ts";
import { createOutboxFlusher, type OutboxFlusher } from "./outbox-flusher.ts";
import { peerTimes } from "./peer-times.ts";
import type { Clock, RandomBytes } from "./ports/clock.ts";
import type { Delivery, Network, NetworkEvents } from "./ports/network.ts";
import type { PartStore } from "./ports/parts.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { createStepQueue, type StepQueue } from "./step-queue.ts";

export interface ClientDependencies {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Left out: this client neither sends nor fetches files, and says so. */
  readonly files?: { readonly parts: PartStore; readonly settings: FileSettings } | undefined;
}

/** Starts a client on a profile that has an account. It owns store and network from now on. */
export async function startClient(dependencies: ClientDependencies): Promise<Client> {
  const { store, network, clock } = dependencies;
  const hub = createEventHub();
  const topics: TopicBook = { read: new Set(), caughtUp: new Set(), superseded: new Set() };
  const isCaughtUp = (topic: string): boolean => topics.caughtUp.has(topic);
  const put: StepQueue["put"] = (input) => queue.put(input);
  const performer = createEffectsPerformer({
    ...dependencies,
    hub,
    topics,
    put,
    flusher: () => flusher,
  });
  const queue = createStepQueue({ ...dependencies, perform: performer.perform });
  const flusher = createOutboxFlusher({
    store,
    network,
    clock,
    put,
    isCaughtUp,
    walked: () => hub.tell({ kind: "outbox" }),
  });
  const { isIntroduced } = performer;
  const { undelivered } = flusher;
  const { chunks } = network;
  const { parts, settings } = dependencies.files ?? {};
  const files =
    chunks && parts && settings && createFileTransfers({ ...dependencies, chunks, parts, hub, put }, settings);
  const peerSince = peerTimes(hub, clock.nowMs);
  const gaps = createGapFilling({ store, network, clock, hub, isCaughtUp });
  const context: CallContext = { ...dependencies, hub, topics, isIntroduced, undelivered, put, files, peerSince, gaps };
  await network.start(networkEvents(context, { flusher, performer }));
  await put({ kind: "start" });
  await files?.start();
  return {
    call: async (call, options) =>
      perform(context, call, { ...options, id: call.id, emit: options?.emit ?? (() => undefined) }),
    close: async () => {
      performer.close();
      await files?.close();
      await gaps.close();
      await flusher.close();
      await network.stop();
      await queue.close();
      await store.close();
    },
  };
}

interface Movers {
  readonly flusher: OutboxFlusher;
  readonly performer: ReturnType<typeof createEffectsPerformer>;
}

function networkEvents(context: CallContext, { flusher, performer }: Movers): NetworkEvents {
  const { topics, hub, network, put } = context;
  return {
    delivered: (delivery) => takeDelivery(context, delivery),
    caughtUp: (topic) => {
      topics.caughtUp.add(toHex(topic));
      flusher.flush(toHex(topic));
      hub.tell({ kind: "caught-up" });
    },
    relayChanged: (status) => {
      const isAlone = network.peers().length === 0 && !network.relays().some((each) => each.state === "connected");
      if (isAlone) topics.caughtUp.clear();
      if (status.state === "connected") performer.relayConnected();
      hub.tell({ kind: "relay", status });
    },
    mailTaken: (topic) => flusher.flush(toHex(topic)),
    peerChanged: (peer, state) => {
      if (state === "connected") performer.memberConnected();
      hub.tell({ kind: "peer", peer, state });
    },
    relayFailed: (relay, log, { kind: fault, ...seen }) =>
      void put({ kind: "relay-failed", relay, log, fault, ...seen }).catch(() => undefined), // it will do so again
    // what is said in passing is lost by the way as well: a failure here loses no more
    said: (topic, body) => void put({ kind: "said", topic, body }).catch(() => undefined),
  };
}

/** One delivery, committed when this resolves. What cannot be stored rejects, and is delivered again later. */
async function takeDelivery({ put, hub }: CallContext, { items, ...place }: Delivery): Promise<void> {
  if (place.isAhead) hub.tell({ kind: "newest-first" });
  const steps = items.map((item) => put({ kind: "delivered", ...place, ...item }));
  for (const outcome of await Promise.allSettled(steps)) {
    if (outcome.status === "rejected" && isStorage(outcome.reason)) throw outcome.reason;
  }
}

function isStorage(error: unknown): boolean {
  return isFault(error) && (error.code.startsWith("storage/") || error.code === "network/closed");
}
