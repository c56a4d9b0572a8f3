/** A relay as the tests run it: real libp2p over 127.0.0.1, with a log in memory that outlives a restart. */
import { createNetwork } from "../../src/net/client-network.ts";
import type { LinkTiming } from "../../src/net/link-timing.ts";
import { createRelayNode, type NetNode } from "../../src/net/node.ts";
import { createPrekeyService } from "../../src/net/prekey-service.ts";
import type { TopicServiceEvent } from "../../src/net/topic-events.ts";
import { createTopicService, type TopicService, type TopicServiceOptions } from "../../src/net/topic-service.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { type MemoryLog, memoryDirectory, memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";

/** Times short enough for tests, in the proportions of the real ones. */
export const QUICK: LinkTiming = {
  heartbeatMs: 200,
  deadAfterMs: 600,
  probeMs: 150,
  requestTimeoutMs: 4_000,
  connectTimeoutMs: 3_000,
  firstRetryMs: 20,
  lastRetryMs: 200,
  absentRetryMs: 100,
  healWithinMs: 200,
  compareEveryMs: 60_000,
};

/** The same where nobody goes without a goodbye: on a busy machine nobody is taken for gone, and all that is asked is answered. */
export const PATIENT: LinkTiming = {
  ...QUICK,
  deadAfterMs: 60_000,
  requestTimeoutMs: 60_000,
  connectTimeoutMs: 60_000,
};

export interface TestRelay {
  readonly log: MemoryLog;
  readonly node: NetNode;
  readonly topics: TopicService;
  readonly events: TopicServiceEvent[];
  readonly address: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export interface TestRelayOptions extends Omit<Partial<TopicServiceOptions>, "log"> {
  readonly log?: MemoryLog;
  /** 0 for any. */
  readonly port?: number;
  /** The relay's key. */
  readonly seedByte?: number;
}

export async function startRelay({
  log = memoryLog(),
  port = 0,
  seedByte = 9,
  ...rest
}: TestRelayOptions = {}): Promise<TestRelay> {
  const seed = new Uint8Array(32).fill(seedByte);
  const node = await createRelayNode({ seed, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
  const events: TopicServiceEvent[] = [];
  const onEvent = (event: TopicServiceEvent): void => {
    events.push(event);
    rest.onEvent?.(event);
  };
  const topics = createTopicService({ verifier: nobleVerifier, ...rest, log, onEvent });
  await topics.serve(node);
  await createPrekeyService({ directory: memoryDirectory(), verifier: nobleVerifier }).serve(node);
  await node.start();
  const [address = ""] = node.addresses();
  return {
    log,
    node,
    topics,
    events,
    address,
    port: Number(/tcp\/(\d+)/.exec(address)?.[1]),
    stop: async () => {
      await topics.close();
      await node.stop();
    },
  };
}

/** A started client network that uses these relay addresses. */
export async function startClient(addresses: readonly string[], options: Parameters<typeof createNetwork>[0] = {}) {
  const network = createNetwork({ timing: QUICK, ...options });
  const recorder = new NetworkRecorder();
  await network.start(recorder);
  network.useRelays(addresses, "us");
  return { network, recorder };
}

/** Things to stop after a test, last first. */
export class Cleanup {
  #stops: (() => Promise<unknown>)[] = [];

  add<T extends { readonly stop: () => Promise<unknown> }>(running: T): T {
    this.#stops.push(running.stop);
    return running;
  }

  async run(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    this.#stops = [];
  }
}
