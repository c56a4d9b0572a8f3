/**
 * Who gave us an envelope, while it is being committed: nobody is sent back what came from them.
 *
 * Envelopes are told apart by a part of their signature. Whoever sends one with another signature gets it back, no more.
 */
import type { Delivery, NetworkEvents } from "../client/ports/network.ts";
import type { EnvelopeId, Sequence, Topic } from "../wire/ids.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import type { TopicLog } from "./topic-log.ts";

/** Bytes at an envelope's end, of its signature, that tell it from others. */
const NAME_BYTES = 32;
/** Bytes of what is looked at again because another member keeps it now. */
const KEPT_BYTES = 262_144;

export interface Givers {
  /** Runs `take`; until it is done what is in the delivery counts as given by these. */
  readonly during: (givers: readonly string[], delivery: Delivery, take: () => Promise<void>) => Promise<void>;
  /** Those who have given this envelope just now. */
  readonly of: (envelope: Uint8Array) => ReadonlySet<string> | undefined;
}

/** Nobody has given anything. */
export function createGivers(): Givers {
  const given = new Map<string, Set<string>>();
  const forget = (name: string, peer: string): void => {
    const peers = given.get(name);
    peers?.delete(peer);
    if (peers?.size === 0) given.delete(name);
  };
  return {
    during: async (givers, { items }, take) => {
      const named = items.flatMap(({ envelope }) => {
        const name = nameOf(envelope);
        return givers.map((giver) => ({ name, giver }));
      });
      for (const { name, giver } of named) given.set(name, (given.get(name) ?? new Set()).add(giver));
      try {
        await take();
      } finally {
        for (const { name, giver } of named) forget(name, giver);
      }
    },
    of: (envelope) => {
      const peers = given.get(nameOf(envelope));
      return peers && new Set(peers);
    },
  };
}

const nameOf = (envelope: Uint8Array): string =>
  Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength).subarray(-NAME_BYTES).toString("latin1");

/** Another member keeps these, which it has from us: they are taken as if it had sent them back whole. */
export function takeKept(log: Pick<TopicLog, "get">, delivered: NetworkEvents["delivered"]) {
  return async (topic: Topic, ids: readonly EnvelopeId[]): Promise<void> => {
    const envelopes = await log.get(topic, ids, KEPT_BYTES);
    const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
    if (items.length > 0) await delivered({ log: MEMBERS_LOG, topic, items });
  };
}
