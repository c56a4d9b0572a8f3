/**
 * A relay that lies. What it acknowledged it keeps (unless it drops), but each device gets a log of its own from it:
 * with envelopes left out, changed, repeated, exchanged or made up. When it repents, it begins a new log with all it has.
 */
import { LogId, type Sequence, type Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimRelay, StoredEnvelope } from "./sim-relay.ts";

/** Ways in which a relay can be dishonest; `drop` alone loses what it acknowledged. */
export const MISDEEDS = ["drop", "withhold", "skip", "replay", "reorder", "tamper", "invent", "poison"] as const;
export type Misdeed = (typeof MISDEEDS)[number];

export interface HostileRelay {
  /** What this device sees of it. */
  readonly seenBy: (device: string) => SimRelay;
  /** From now on it does this; `undefined`: it behaves. */
  readonly turn: (misdeed: Misdeed | undefined) => void;
  /** Honest from now on, under a new log id and with everything it kept. */
  readonly repent: () => void;
  /** Misdeeds done. */
  readonly done: () => number;
}

interface ToldLog {
  /** Envelopes of the true log that went into it. */
  taken: number;
  readonly items: StoredEnvelope[];
}

export function hostileRelay(relay: SimRelay, random: SeededRandom): HostileRelay {
  let misdeed: Misdeed | undefined;
  let repented = false;
  let count = 0;
  const told = new Map<string, ToldLog>();
  const all: Uint8Array[] = [];
  const does = (which: Misdeed, share = 0.5): boolean => {
    if (misdeed !== which || !random.happens(share)) return false;
    count++;
    return true;
  };
  const tell = (device: string, topic: Topic): readonly StoredEnvelope[] => {
    const name = `${device}/${toHex(topic)}`;
    const log = told.get(name) ?? { taken: 0, items: [] };
    told.set(name, log);
    const fresh = relay.read(topic, log.taken);
    if (fresh.length === 0 || does("withhold", 0.7)) return log.items;
    log.taken += fresh.length;
    const envelopes = fresh.map(({ envelope }) => envelope);
    if (does("reorder")) envelopes.reverse();
    for (const envelope of envelopes)
      for (const each of twisted(envelope)) log.items.push({ sequence: next(log), envelope: each });
    return log.items;
  };
  const twisted = (envelope: Uint8Array): readonly Uint8Array[] => {
    if (does("skip")) return [];
    if (does("tamper")) return [flipped(envelope, random)];
    if (does("invent")) return [envelope, random.bytes(1 + random.below(300)), flipped(envelope, random)];
    if (does("replay")) return [envelope, random.pick(all), envelope];
    return [envelope];
  };
  const view = (device: string): SimRelay => ({
    ...relay,
    get logId() {
      return repented ? LogId.from(relay.logId.map((each) => each ^ 0xff)) : relay.logId;
    },
    append: (envelope) => {
      all.push(envelope.slice());
      if (does("drop", 0.3)) return { kind: "stored", sequence: 1 as Sequence, duplicate: false };
      return relay.append(envelope);
    },
    read: (topic, after) => (repented ? relay.read(topic, after) : tell(device, topic).slice(after)),
    hasAfter: (topic, after) => (repented ? relay.hasAfter(topic, after) : tell(device, topic).length > after),
    take: (directoryKey) => {
      const taken = relay.take(directoryKey);
      if (!does("poison")) return taken;
      return taken.map((each) => ({ ...each, bundle: flipped(each.bundle, random) }));
    },
  });
  return {
    seenBy: view,
    turn: (next) => {
      misdeed = next;
    },
    repent: () => {
      repented = true;
      misdeed = undefined;
    },
    done: () => count,
  };
}

const next = ({ items }: ToldLog): Sequence => (items.length + 1) as Sequence;

function flipped(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}
