/** Two clients of one relay in this process: one writes to a topic, the other reads it, and the way of each message is timed. */

import { proofBy } from "../src/client/effects-performer.ts";
import type { Network, TopicSubscription } from "../src/client/ports/network.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import { envelopeBodyHash, envelopeSigningBytes } from "../src/verify/envelope-check.ts";
import { ENVELOPE_KIND, encodeEnvelope } from "../src/wire/envelope.ts";
import { type Sequence, Signature, Topic } from "../src/wire/ids.ts";
import { random } from "./device.ts";

/** Time between two messages (ms). */
const PAUSE_MS = 20;
const BODY_BYTES = 200;

/** Ms. */
export interface Ways {
  readonly p50: number;
  readonly p99: number;
}

/** What single ways (ms) come to. */
export function waysOf(each: readonly number[]): Ways {
  const sorted = each.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Each answers with the way of every message (ms). */
export interface RelayTalk {
  readonly measure: (messages: number) => Promise<readonly number[]>;
  readonly measureUntil: (ended: Promise<unknown>) => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
}

/** Connects both. */
export async function talkThrough(relay: string): Promise<RelayTalk> {
  const seed = random(32);
  const topic = Topic.from(p.signingPublicKey(seed));
  const prove = proofBy(p, { topic, seed, inbox: false });
  let arrived: () => void = () => undefined;
  const reader = await started(relay, { topic, inbox: false, prove, cursor: async () => 0 as Sequence }, () =>
    arrived(),
  );
  const writer = await started(
    relay,
    { topic, inbox: false, prove, cursor: async () => 0 as Sequence },
    () => undefined,
  );
  const say = async (): Promise<number> => {
    const body = random(BODY_BYTES);
    const bytes = envelopeSigningBytes(1, topic, ENVELOPE_KIND.message, envelopeBodyHash(p.sha256, body));
    const signature = Signature.from(p.sign(seed, bytes));
    const envelope = encodeEnvelope({ version: 1, topic, kind: ENVELOPE_KIND.message, body, signature });
    const startedMs = performance.now();
    const there = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await writer.append([envelope]);
    await there;
    return performance.now() - startedMs;
  };
  const talk = async (goesOn: () => boolean): Promise<readonly number[]> => {
    const ways: number[] = [];
    while (goesOn()) {
      ways.push(await say());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return ways;
  };
  return {
    measure: (messages) => {
      let left = messages;
      return talk(() => left-- > 0);
    },
    measureUntil: (ended) => {
      let isOver = false;
      const watch = ended.finally(() => {
        isOver = true;
      });
      return talk(() => !isOver).then(async (ways) => {
        await watch;
        return ways;
      });
    },
    stop: async () => {
      await reader.stop();
      await writer.stop();
    },
  };
}

async function started(relay: string, subscription: TopicSubscription, told: () => void): Promise<Network> {
  const network = createNetwork();
  network.useRelays([relay], "us");
  network.subscribe(subscription);
  await new Promise<void>((resolve) => {
    void network.start({
      delivered: async () => told(),
      caughtUp: () => resolve(),
      relayChanged: () => undefined,
    });
  });
  return network;
}
