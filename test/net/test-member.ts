/** A member as the tests run it: a network that keeps what it writes and what it reads, as a profile does. */
import { createServer } from "node:net";
import { createNetwork, type NetworkOptions } from "../../src/net/client-network.ts";
import type { MembersLog, MembersOptions } from "../../src/net/members.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { kindOf, topicOf } from "../../src/wire/envelope.ts";
import { Topic } from "../../src/wire/ids.ts";
import { memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";
import { QUICK } from "./test-relay.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

/** The group that members are in unless a test says otherwise. */
export const group = topicKey(1);

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where it listens, which addresses it knows, and what of its network is other than usual. */
export interface MemberOptions extends Pick<NetworkOptions, "timing" | "watch"> {
  readonly port?: number;
  readonly knows?: readonly number[];
}

/** A member that keeps what it writes and what it reads, as a profile does. */
export class Member {
  readonly recorder = new NetworkRecorder();
  readonly peers: string[] = [];
  readonly #watchers = new Set<Parameters<MembersLog["watch"]>[0]>();
  readonly #log = memoryLog(Math.floor(Math.random() * 256));
  readonly #options: Omit<MembersOptions, "log" | "verifier" | "discover">;
  readonly #others: Pick<NetworkOptions, "timing" | "watch">;
  network = createNetwork();

  constructor({ port, knows = [], ...others }: MemberOptions) {
    this.#options = { listen: port ? [at(port)] : [], addresses: knows.map(at) };
    this.#others = others;
    this.recorder.commit = ({ items }) => this.keep(items.map(({ envelope }) => envelope));
  }

  async start(): Promise<this> {
    const watch: MembersLog["watch"] = (told) => {
      this.#watchers.add(told);
      return () => this.#watchers.delete(told);
    };
    const log: MembersLog = Object.assign(this.#log, { watch });
    const members = { ...this.#options, log, verifier: nobleVerifier, discover: false };
    this.network = createNetwork({ timing: QUICK, ...this.#others, members });
    const { delivered, caughtUp, relayChanged, said } = this.recorder;
    await this.network.start({
      delivered,
      caughtUp,
      relayChanged,
      said,
      peerChanged: ({ path }, state) => {
        this.peers.push(`${path} ${state}`);
        this.recorder.relayChanged({ address: "", state: "connected", sinceMs: 0 });
      },
    });
    return this;
  }

  reads(...keys: readonly (typeof group)[]): this {
    for (const key of keys) this.network.subscribe(key.subscription());
    return this;
  }

  write(text: string, key = group): Promise<void> {
    return this.keep([key.envelope(text)]);
  }

  kept(): string[] {
    return this.#log.items(group.topic).map(({ envelope }) => bodyText(envelope));
  }

  /** As if it had been lost on the way to those who read here. */
  async writeUnheard(text: string): Promise<void> {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    await this.write(text);
    for (const each of watchers) this.#watchers.add(each);
  }

  async keep(envelopes: readonly Uint8Array[]): Promise<void> {
    const items = envelopes.map((envelope) => ({
      topic: Topic.from(topicOf(envelope).slice()),
      id: envelopeId(nobleVerifier.sha256, envelope),
      kind: kindOf(envelope),
      envelope,
    }));
    const results = await this.#log.append(items);
    const fresh = items.flatMap(({ topic, envelope }, i) => {
      const result = results[i];
      return result?.kind === "stored" && !result.duplicate ? [{ topic, envelope, sequence: result.sequence }] : [];
    });
    for (const told of this.#watchers) told(fresh);
  }
}

/** An address of this machine. */
export const at = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`;
