/** Our own relay process, with its store, and real client networks around it. */

import { randomBytes } from "node:crypto";
import type { Network, TopicSubscription } from "../src/client/ports/network.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import { signEnvelope } from "../src/protocol/topic-envelope.ts";
import { openProofBytes } from "../src/verify/open-proof.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../src/wire/envelope.ts";
import { type Sequence, Topic } from "../src/wire/ids.ts";
import { startRelay, temporaryDirectory } from "./child-process.ts";
import { type Arrived, type Star, several } from "./star.ts";

/** A topic of which we hold the key. */
export interface BenchTopic {
  readonly topic: Topic;
  readonly topicSeed: Uint8Array;
  readonly subscription: TopicSubscription;
}

/** A new topic, read from the beginning. */
export function benchTopic(): BenchTopic {
  const topicSeed = new Uint8Array(randomBytes(32));
  const topic = Topic.from(p.signingPublicKey(topicSeed));
  const subscription: TopicSubscription = {
    topic,
    inbox: false,
    prove: (nonce, holderPeerId, openerPeerId) =>
      p.sign(topicSeed, openProofBytes({ topic, nonce, holderPeerId, openerPeerId, inbox: false })),
    cursor: async () => 0 as Sequence,
  };
  return { topic, topicSeed, subscription };
}

/** A client network that reads `topic`; resolves when it has caught up. */
export async function subscriber(address: string, { subscription }: BenchTopic, arrived: Arrived): Promise<Network> {
  const network = createNetwork();
  network.useRelays([address], "us");
  await new Promise<void>((caughtUp, reject) => {
    const delivered = async ({ items }: { readonly items: readonly { readonly envelope: Uint8Array }[] }) => {
      for (const { envelope } of items) {
        const decoded = decodeEnvelope(envelope);
        if (decoded !== undefined) arrived(decoded.body);
      }
    };
    const events = { delivered, caughtUp: () => caughtUp(), relayChanged: () => undefined };
    network.start(events).catch(reject);
    network.subscribe(subscription);
  });
  return network;
}

/** Envelopes handed over at once: the network puts them into as few frames as it can. */
const APPEND = 256;

/** See {@link Star}. */
export async function hermesStar(subscribers: number, arrived: Arrived): Promise<Star> {
  const directory = await temporaryDirectory();
  const relay = await startRelay(directory.path);
  const topic = benchTopic();
  const networks = await several(subscribers, () => subscriber(relay.address, topic, arrived));
  const publish = async (envelopes: readonly Uint8Array[]): Promise<void> => {
    for (let at = 0; at < envelopes.length; at += APPEND) {
      const outcomes = (await networks[0]?.append(envelopes.slice(at, at + APPEND))) ?? [];
      const bad = outcomes.find(({ kind }) => kind !== "stored");
      if (bad !== undefined) throw new Error(`the relay did not store an envelope: ${JSON.stringify(bad)}`);
    }
  };
  return {
    name: "hermes",
    relayPid: relay.pid,
    perMessage: subscribers,
    prepare: (payload) => signEnvelope(p, topic, ENVELOPE_KIND.message, payload),
    publish,
    stop: async () => {
      await Promise.all(networks.map((network) => network.stop()));
      await relay.stop();
      await directory.remove();
    },
  };
}
