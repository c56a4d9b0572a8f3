/**
 * The client's network port over simulated relays: links with delay, loss, repetition and partitions, all from the
 * world's seed. Topics of one relay arrive in any order; within a topic in the relay's.
 */
import type {
  AppendOutcome,
  Network,
  NetworkEvents,
  RelayStatus,
  TopicSubscription,
} from "../../src/client/ports/network.ts";
import { isFault } from "../../src/wire/fault.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimRelay } from "./sim-relay.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How bad the network is. Probabilities for each message on a link. */
export interface Weather {
  loss: number;
  duplication: number;
  maxDelayMs: number;
}

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly weather: Weather;
  readonly relays: ReadonlyMap<string, SimRelay>;
  /** Whether this device can reach that relay now. */
  readonly reaches: (address: string) => boolean;
}

export interface SimNetwork extends Network {
  /** Looks again which relays can be reached. */
  readonly look: () => void;
  /** Nothing more is done or told: the process is gone. */
  readonly kill: () => void;
}

interface Place {
  after: number;
  caughtUp: boolean;
}

interface Link {
  readonly relay: SimRelay;
  state: RelayStatus["state"];
  sinceMs: number;
  /** By topic; present once the cursor is known. */
  places: Map<string, Place>;
  pumping: boolean;
}

const RECONNECT_MS = 500;
const PAGE = 8;

export function simNetwork({ clock, random, weather, relays, reaches }: Surroundings): SimNetwork {
  const links = new Map<string, Link>();
  const subscriptions = new Map<string, TopicSubscription>();
  let events: NetworkEvents | undefined;
  let dead = false;

  const later = (run: () => Promise<void>): void => {
    clock.after(1 + random.below(weather.maxDelayMs), () => {
      if (!dead) void run();
    });
  };
  const travel = (): Promise<void> =>
    new Promise((resolve) => clock.after(1 + random.below(weather.maxDelayMs), resolve));

  const statusOf = ({ relay, state, sinceMs }: Link): RelayStatus => ({ address: relay.address, state, sinceMs });

  const change = (link: Link, state: RelayStatus["state"]): void => {
    if (dead || link.state === state) return;
    link.state = state;
    link.sinceMs = clock.nowMs();
    link.places = new Map();
    if (state === "connected") for (const each of subscriptions.values()) void place(link, each);
    events?.relayChanged(statusOf(link));
  };

  const place = async (link: Link, subscription: TopicSubscription): Promise<void> => {
    const { places } = link;
    if (subscription.inbox) link.relay.registerInbox(subscription.topic);
    const after = await subscription.cursor(link.relay.logId);
    if (link.places !== places || places.has(toHex(subscription.topic))) return;
    places.set(toHex(subscription.topic), { after, caughtUp: false });
    pump(link);
  };

  const connect = (link: Link): void => {
    if (dead || link.state === "connected" || links.get(link.relay.address) !== link) return;
    if (reaches(link.relay.address)) change(link, "connected");
    else clock.after(RECONNECT_MS, () => connect(link));
  };

  const ready = (link: Link): readonly string[] =>
    [...link.places].flatMap(([topic, { after, caughtUp }]) => {
      const subscription = subscriptions.get(topic);
      if (!subscription) return [];
      return caughtUp && !link.relay.hasAfter(subscription.topic, after) ? [] : [topic];
    });

  const pump = (link: Link): void => {
    if (dead || link.pumping || link.state !== "connected" || ready(link).length === 0) return;
    link.pumping = true;
    later(async () => {
      await deliverSome(link).catch((error) => {
        if (!isFault(error)) throw error;
        change(link, "unreachable");
        connect(link);
      });
      link.pumping = false;
      pump(link);
    });
  };

  const deliverSome = async (link: Link): Promise<void> => {
    const { places, relay } = link;
    const topics = ready(link);
    if (!events || topics.length === 0) return;
    const name = random.pick(topics);
    const subscription = subscriptions.get(name);
    const at = places.get(name);
    if (!subscription || !at) return;
    const { topic } = subscription;
    const items = relay.read(topic, at.after).slice(0, 1 + random.below(PAGE));
    if (items.length > 0) await events.delivered({ log: relay.logId, topic, items });
    if (dead || link.places !== places) return;
    at.after = items.at(-1)?.sequence ?? at.after;
    if (items.length > 0 && random.happens(weather.duplication)) at.after -= 1 + random.below(items.length);
    if (at.caughtUp || relay.hasAfter(topic, at.after)) return;
    at.caughtUp = true;
    events.caughtUp(topic, relay.logId);
  };

  for (const relay of relays.values())
    relay.onStored((topic) => {
      const link = links.get(relay.address);
      if (link?.places.has(topic)) pump(link);
    });

  const heard = new Set<string>();
  for (const relay of relays.values())
    relay.onSaid((topic, body) => {
      const subscription = subscriptions.get(topic);
      if (!subscription || !links.get(relay.address)?.places.has(topic) || random.happens(weather.loss)) return;
      later(async () => {
        const name = toHex(body);
        if (heard.has(name) && !random.happens(weather.duplication)) return;
        heard.add(name);
        events?.said?.(subscription.topic, body);
      });
    });

  const up = (): readonly Link[] => [...links.values()].filter(({ state }) => state === "connected");
  /** What one relay answers; its answer can be lost as well as the question. */
  const ask = async <T>(link: Link, answer: (relay: SimRelay) => T): Promise<T | undefined> => {
    await travel();
    if (link.state !== "connected" || random.happens(weather.loss / 2)) return undefined;
    const answered = answer(link.relay);
    await travel();
    return link.state !== "connected" || random.happens(weather.loss / 2) ? undefined : answered;
  };

  return {
    start: async (told) => {
      events = told;
    },
    useRelays: (addresses) => {
      for (const address of addresses) {
        const relay = relays.get(address);
        if (!relay || links.has(address)) continue;
        const link: Link = { relay, state: "connecting", sinceMs: clock.nowMs(), places: new Map(), pumping: false };
        links.set(address, link);
        later(async () => connect(link));
      }
    },
    dropRelays: (addresses) => {
      for (const address of addresses) {
        const link = links.get(address);
        if (!link) continue;
        change(link, "unreachable");
        links.delete(address);
      }
    },
    subscribe: (subscription) => {
      subscriptions.set(toHex(subscription.topic), subscription);
      for (const link of up()) void place(link, subscription);
    },
    unsubscribe: (topic) => {
      subscriptions.delete(toHex(topic));
    },
    append: async (envelopes) => {
      const best: AppendOutcome[] = envelopes.map(() => ({ kind: "unreachable" }));
      await Promise.all(
        up().map(async (link) => {
          const answers = await ask(link, (relay) => envelopes.map(relay.append));
          for (const [i, answer] of (answers ?? []).entries()) if (best[i]?.kind !== "stored") best[i] = answer;
        }),
      );
      return best;
    },
    say: (topic, body) => {
      heard.add(toHex(body));
      for (const link of up())
        void travel().then(() => {
          if (link.state === "connected" && !random.happens(weather.loss)) link.relay.say(toHex(topic), body);
        });
    },
    trim: () => undefined, // a relay may keep what it was allowed to forget
    publishPrekeys: async (record) => {
      const answers = await Promise.all(up().map((link) => ask(link, (relay) => relay.publish(record))));
      const known = answers.filter((each) => each !== undefined);
      return known.find((each) => each !== "refused") ?? (known.length > 0 ? "refused" : "unreachable");
    },
    takePrekeys: async (directoryKey) => {
      const answers = await Promise.all(up().map((link) => ask(link, (relay) => relay.take(directoryKey))));
      const known = answers.filter((each) => each !== undefined);
      return known.length > 0 ? known.flat() : undefined;
    },
    countPrekeys: async (_directoryKey, slot) => {
      const answers = await Promise.all(up().map((link) => ask(link, (relay) => relay.count(slot) ?? 0)));
      const known = answers.filter((each) => each !== undefined);
      return known.length > 0 ? Math.min(...known) : undefined;
    },
    relays: () => [...links.values()].map(statusOf),
    peers: () => [],
    reach: () => ({ listening: [], circuits: [], observed: [], own: [] }),
    stop: async () => {
      dead = true;
    },
    look: () => {
      for (const link of links.values()) {
        if (link.state !== "connected" || reaches(link.relay.address)) continue;
        change(link, "unreachable");
        connect(link);
      }
    },
    kill: () => {
      dead = true;
    },
  };
}
