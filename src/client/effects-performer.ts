/**
 * Performs what steps ask for after their commit, and brings back what comes of it as new inputs. Everything
 * here is asked for again at the next start, so a failure costs time only.
 */
import { directoryKeyOf } from "../crypto/prekey-bundle.ts";
import type { Primitives } from "../crypto/primitives.ts";
import type { Effect } from "../protocol/effects.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { PENDING } from "../protocol/records/pairwise.ts";
import { CURSOR, cursorId } from "../protocol/records/topic.ts";
import { signAnew } from "../protocol/topic-envelope.ts";
import { openProofBytes } from "../verify/open-proof.ts";
import type { AccountKey, Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { EventHub } from "./event-hub.ts";
import { followedRelays } from "./followed-relays.ts";
import type { OutboxFlusher } from "./outbox-flusher.ts";
import { reachableAt } from "./own-addresses.ts";
import { ownPrekeys } from "./own-prekeys.ts";
import type { Clock } from "./ports/clock.ts";
import type { Network, TopicSubscription } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, scanRecords } from "./profile-reader.ts";

/** Ms after which prekeys that nobody had are asked for again. */
const PREKEYS_RETRY_MS = 15_000;
/**
 * Ms after which those are asked for again that some devices of an account had and others not; then after twice as long
 * each time, up to the other: each request uses up keys of those that are there, and a lost device never comes.
 */
const PREKEYS_PARTLY_MS = 30_000;
const PREKEYS_PARTLY_MAX_MS = 3_600_000;

/** Ms after which a new connection has its topics open, so that what is said there is heard. */
const REACHABLE_MS = 3_000;

export interface PerformerDependencies {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly topics: TopicBook;
  readonly put: (input: Input) => Promise<Answer>;
  readonly flusher: () => OutboxFlusher;
}

/** Which topics we read, and which of them have been read to their end on the present connections. */
export interface TopicBook {
  readonly read: Set<string>;
  readonly caughtUp: Set<string>;
  /** Of epochs that newer ones have taken the place of. */
  readonly superseded: Set<string>;
}

export interface EffectsPerformer {
  readonly perform: (effects: readonly Effect[]) => void;
  /** A relay has (again) become reachable. */
  readonly relayConnected: () => void;
  /** Another member has. */
  readonly memberConnected: () => void;
  /** True once a relay has answered about our prekeys: from then on others can write to us first. */
  readonly isIntroduced: () => boolean;
  readonly close: () => void;
}

export function createEffectsPerformer(d: PerformerDependencies): EffectsPerformer {
  const relays = followedRelays(d.network);
  const timers = createTimers(d.clock);
  const prekeys = createPrekeyTaker(d, timers);
  let introduced = false;
  const askLater = saysThatWeAreHere(d, timers);
  const introduce = (): void => {
    introduced = true;
    d.hub.tell({ kind: "introduced" });
  };
  const own = ownPrekeys({ ...d, later: timers.later, known: introduce });
  const performers: Performers = {
    subscribe: (effect) => {
      d.topics.read.add(toHex(effect.topic));
      d.network.subscribe(subscriptionOf(d, effect));
      if (!effect.inbox && !effect.takesMail) askLater(); // we may be new to a group
    },
    unsubscribe: ({ topic }) => {
      d.topics.read.delete(toHex(topic));
      d.topics.superseded.delete(toHex(topic));
      d.network.unsubscribe(topic);
    },
    superseded: (effect) => noteSuperseded(d.topics, effect),
    trim: ({ log, topic, upTo }) => d.network.trim(log, topic, upTo),
    "use-relays": (effect) => relays.use(effect),
    flush: () => d.flusher().flush(),
    keep: () => undefined, // was part of the commit (step-queue.ts)
    "take-prekeys": ({ account }) => prekeys.take(account),
    "publish-prekeys": own.publish,
    "use-addresses": ({ addresses }) => d.network.useAddresses?.(addresses),
    "offer-prekeys": ({ record }) => d.network.offerPrekeys?.(record),
    say: ({ topic, body }) => d.network.say(topic, body),
    wake: (effect) => tickAt(d, timers, effect),
    continue: () => {
      d.put({ kind: "continue" }).catch(ignore);
    },
    event: ({ event }) => d.hub.tell(event),
  };
  return {
    perform: (effects) => {
      for (const effect of effects) {
        try {
          performOne(performers, effect);
        } catch {
          // committed already, so it is repeated at the next start; one that fails must not stop the others
        }
      }
    },
    relayConnected: () => {
      d.flusher().flush();
      own.look();
      prekeys.again();
      askLater();
    },
    memberConnected: () => {
      prekeys.again();
      askLater();
    },
    isIntroduced: () => introduced,
    close: timers.close,
  };
}

function noteSuperseded(
  { superseded }: TopicBook,
  { topic, isSuperseded }: Extract<Effect, { kind: "superseded" }>,
): void {
  if (isSuperseded) superseded.add(toHex(topic));
  else superseded.delete(toHex(topic));
}

/** Says soon, and once for all calls until then, that we can be heard and reached. */
function saysThatWeAreHere(d: PerformerDependencies, timers: Timers): () => void {
  let isComing = false;
  return () => {
    if (isComing) return;
    isComing = true;
    timers.later(REACHABLE_MS, () => {
      isComing = false;
      const isThere = d.network.peers().length > 0 || d.network.relays().some(({ state }) => state === "connected");
      if (isThere) d.put({ kind: "reachable", addresses: reachableAt(d.network) }).catch(ignore);
    });
  };
}

type Performers = { readonly [K in Effect["kind"]]: (effect: Extract<Effect, { readonly kind: K }>) => void };

function performOne<K extends Effect["kind"]>(
  performers: Performers,
  effect: Extract<Effect, { readonly kind: K }>,
): void {
  performers[effect.kind as K](effect);
}

/** A failed effect is repeated at the next start or connection, and status shows the relay; nothing else is to be done. */
const ignore = (): void => undefined;

interface Timers {
  /** Calls `wake` once; the answer cancels. */
  readonly later: (delayMs: number, wake: () => void) => () => void;
  /** Nothing wakes any more. */
  readonly close: () => void;
}

function createTimers(clock: Clock): Timers {
  const cancels = new Set<() => void>();
  let isClosed = false;
  return {
    later: (delayMs, wake) => {
      if (isClosed) return ignore; // what was under way may still come to an end
      const stop = clock.after(Math.max(0, delayMs), () => {
        cancels.delete(stop);
        wake();
      });
      cancels.add(stop);
      return () => {
        cancels.delete(stop);
        stop();
      };
    },
    close: () => {
      isClosed = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}

/** A timer may fire a moment early by the clock, and a tick that finds nothing due is not followed by another. */
function tickAt(d: PerformerDependencies, timers: Timers, wake: Extract<Effect, { kind: "wake" }>): void {
  const { atMs, report } = wake;
  timers.later(atMs - d.clock.nowMs(), () => {
    if (d.clock.nowMs() < atMs) tickAt(d, timers, wake);
    else d.put(report ? { kind: "tick", report } : { kind: "tick" }).catch(ignore);
  });
}

interface PrekeyTaker {
  readonly take: (account: AccountKey) => void;
  /** Asks again for everything that nobody had so far. */
  readonly again: () => void;
}

/** Asks for accounts' prekeys until somebody has them: each request uses up a one-time prekey, so one at a time. */
function createPrekeyTaker(d: PerformerDependencies, timers: Timers): PrekeyTaker {
  const wanted = new Map<string, AccountKey>();
  const asking = new Set<string>();
  /** Ms after which those are asked for again of whom some devices were not there. */
  const partly = new Map<string, number>();
  const take = async (account: AccountKey): Promise<void> => {
    const name = toHex(account);
    wanted.set(name, account);
    if (asking.has(name)) return;
    asking.add(name);
    const found = await takePrekeys(d, account).catch(() => "nobody" as const);
    asking.delete(name);
    if (found !== "some") partly.delete(name);
    if (found === "all") return void wanted.delete(name);
    const partlyMs = Math.min(2 * (partly.get(name) ?? PREKEYS_PARTLY_MS / 2), PREKEYS_PARTLY_MAX_MS);
    if (found === "some") partly.set(name, partlyMs);
    timers.later(found === "some" ? partlyMs : PREKEYS_RETRY_MS, () => wanted.has(name) && take(account));
  };
  return {
    take: (account) => void take(account),
    again: () => {
      for (const account of wanted.values()) void take(account);
    },
  };
}

function subscriptionOf(d: PerformerDependencies, effect: Extract<Effect, { kind: "subscribe" }>): TopicSubscription {
  const { topic, inbox, takesMail = false, seed: topicSeed } = effect;
  const name = toHex(topic);
  return {
    topic,
    inbox,
    takesMail,
    signAnew: (envelope) => signAnew(d.primitives, { topic, topicSeed }, envelope),
    prove: proofBy(d.primitives, effect),
    isSuperseded: () => d.topics.superseded.has(name),
    cursor: async (log) => (await readRecord(d.store, CURSOR, cursorId(log, topic)))?.sequence ?? (0 as Sequence),
  };
}

/** Proves to a holder that we have the key of a topic; `seed`: 32 bytes. */
export function proofBy(
  p: Primitives,
  { topic, seed, inbox }: { readonly topic: Topic; readonly seed: Uint8Array; readonly inbox: boolean },
): TopicSubscription["prove"] {
  return (nonce, holderPeerId, openerPeerId) =>
    p.sign(seed, openProofBytes({ topic, nonce, holderPeerId, openerPeerId, inbox }));
}

/**
 * Whether the prekeys of the account came, and with them those of every device that something waits for: a new device may
 * be in another relay's directory only, or in none yet.
 */
async function takePrekeys(d: PerformerDependencies, account: AccountKey): Promise<"all" | "some" | "nobody"> {
  const taken = await d.network.takePrekeys(directoryKeyOf(d.primitives, account));
  if (!taken || taken.length === 0) return "nobody";
  await d.put({ kind: "prekeys-taken", account, taken });
  const own = `${toHex(account)}/`;
  const waiting = await scanRecords(d.store, PENDING, { after: own, limit: 1 });
  return waiting.some(([id]) => id.startsWith(own)) ? "some" : "all";
}
