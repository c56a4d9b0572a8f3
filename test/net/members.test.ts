import assert from "node:assert/strict";
import { createServer } from "node:net";
import { afterEach, describe, it } from "mocha";
import { createNetwork } from "../../src/net/client-network.ts";
import type { MembersLog, MembersOptions } from "../../src/net/members.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { kindOf, topicOf } from "../../src/wire/envelope.ts";
import { Topic } from "../../src/wire/ids.ts";
import { memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";
import { Cleanup, QUICK } from "./test-relay.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);
const other = topicKey(2);

/** A port of 127.0.0.1 that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A member that keeps what it writes and what it reads, as a profile does. */
class Member {
  readonly recorder = new NetworkRecorder();
  readonly peers: string[] = [];
  readonly #watchers = new Set<Parameters<MembersLog["watch"]>[0]>();
  readonly #log = memoryLog(Math.floor(Math.random() * 256));
  readonly #options: Omit<MembersOptions, "log" | "verifier" | "discover">;
  network = createNetwork();

  constructor(options: { readonly port?: number; readonly knows?: readonly number[] }) {
    const { port, knows = [] } = options;
    this.#options = { listen: port ? [at(port)] : [], addresses: knows.map(at) };
    this.recorder.commit = ({ items }) => this.#keep(items.map(({ envelope }) => envelope));
  }

  async start(): Promise<this> {
    const watch: MembersLog["watch"] = (told) => {
      this.#watchers.add(told);
      return () => this.#watchers.delete(told);
    };
    const log: MembersLog = Object.assign(this.#log, { watch });
    const members = { ...this.#options, log, verifier: nobleVerifier, discover: false };
    this.network = createNetwork({ timing: QUICK, members });
    const { delivered, caughtUp, relayChanged } = this.recorder;
    await this.network.start({
      delivered,
      caughtUp,
      relayChanged,
      peerChanged: ({ path }, state) => {
        this.peers.push(`${path} ${state}`);
        this.recorder.relayChanged({ address: "", state: "connected", sinceMs: 0 });
      },
    });
    cleanup.add({ stop: () => this.network.stop() });
    return this;
  }

  reads(...keys: readonly (typeof group)[]): this {
    for (const key of keys) this.network.subscribe(key.subscription());
    return this;
  }

  write(text: string, key = group): Promise<void> {
    return this.#keep([key.envelope(text)]);
  }

  kept(): string[] {
    return this.#log.items(group.topic).map(({ envelope }) => bodyText(envelope));
  }

  async #keep(envelopes: readonly Uint8Array[]): Promise<void> {
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

const at = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`;

async function member(options: ConstructorParameters<typeof Member>[0]): Promise<Member> {
  return await new Member(options).start();
}

describe("members without a relay", () => {
  afterEach(() => cleanup.run());

  it("read from each other what is kept and what comes, in both directions, over one connection", async () => {
    const port = await freePort();
    const ana = (await member({ port })).reads(group);
    await ana.write("one");
    const ben = (await member({ knows: [port] })).reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("one"));
    await ana.recorder.until(() => ana.peers.length > 0);
    await Promise.all([ana.write("two"), ben.write("three")]);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("two"));
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("three"));
    assert.deepEqual(
      ana.network.peers().map(({ path }) => path),
      ["direct"],
    );
    assert.deepEqual(ben.kept().toSorted(), ["one", "three", "two"]);
  });

  it("pass on what they read: the third hears of what the first wrote through the second", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const ana = (await member({ port: first })).reads(group);
    const ben = (await member({ port: second, knows: [first] })).reads(group);
    const cleo = (await member({ knows: [second] })).reads(group);
    await ana.recorder.until(() => ana.peers.length > 0);
    await ana.write("passed on");
    await cleo.recorder.until(() => cleo.recorder.texts(group.topic).includes("passed on"));
    assert.deepEqual(ben.kept(), ["passed on"]);
  });

  it("meet when one of them joins later, without a new connection being told to them", async () => {
    const port = await freePort();
    const ana = (await member({ port })).reads(group, other);
    const ben = (await member({ knows: [port] })).reads(other);
    await ana.recorder.until(() => ana.peers.length > 0);
    await ana.write("before");
    ben.reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("before"));
    await ben.write("after");
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("after"));
    assert.equal(ana.network.peers().length, 1);
  });

  it("give a stranger nothing, and are no peers of it", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const ana = (await member({ port: first, knows: [second] })).reads(group);
    const stranger = (await member({ port: second, knows: [first] })).reads(other);
    await ana.write("secret");
    const ben = (await member({ knows: [first] })).reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("secret"));
    assert.deepEqual([stranger.peers, stranger.recorder.received, stranger.network.peers()], [[], [], []]);
    await ana.recorder.until(() => ana.peers.length === 1);
    assert.equal(ana.network.peers().length, 1);
  });

  it("find each other again after one was away", async () => {
    const port = await freePort();
    const ben = (await member({ knows: [port] })).reads(group);
    const ana = (await member({ port })).reads(group);
    await ben.recorder.until(() => ben.peers.length === 1);
    await ana.network.stop();
    await ben.recorder.until(() => ben.peers.length === 2);
    const again = (await member({ port })).reads(group);
    await again.write("back");
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("back"));
    assert.deepEqual(ben.peers, ["direct connected", "direct gone", "direct connected"]);
  });

  it("are read at six of them, and others take the place of those who go", async function () {
    this.timeout(60_000);
    const ports = await Promise.all(Array.from({ length: 9 }, freePort));
    const many: Member[] = [];
    for (const [i, port] of ports.entries()) {
      const one = (await member({ port })).reads(group);
      await one.write(`by ${i}`);
      many.push(one);
    }
    const reader = (await member({ knows: ports })).reads(group);
    const authors = (): string[] => [...new Set(reader.recorder.texts(group.topic))].filter((text) => /^by/.test(text));
    await reader.recorder.until(() => authors().length === 6);
    const read = many.filter((_, i) => authors().includes(`by ${i}`));
    await read[0]?.write("round trip");
    await reader.recorder.until(() => reader.recorder.texts(group.topic).includes("round trip"));
    assert.equal(authors().length, 6);
    await Promise.all(read.slice(0, 3).map((each) => each.network.stop()));
    await reader.recorder.until(() => authors().length === 9);
  });
});
