import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { ChunkGiver, ChunkTopic } from "../../src/client/ports/chunks.ts";
import { type ChunkClient, openChunks } from "../../src/net/chunk-client.ts";
import { createChunkExchange } from "../../src/net/chunk-exchange.ts";
import { fetchChunks, type Liars } from "../../src/net/chunk-fetch.ts";
import { createChunkService } from "../../src/net/chunk-service.ts";
import { type ChunkSource, type ChunkSources, sourceOn } from "../../src/net/chunk-sources.ts";
import type { ChunkStore } from "../../src/net/chunk-store.ts";
import { uploadChunks } from "../../src/net/chunk-upload.ts";
import { createClientNode, createRelayNode, type NetNode } from "../../src/net/node.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { openProofBytes } from "../../src/verify/open-proof.ts";
import { ChunkId, type Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type TestFile, testFile } from "./chunk-parties.ts";
import { Cleanup } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const FILE = topicKey(1);
const CHUNKS = Array.from({ length: 12 }, (_, i) => new Uint8Array(2_000).fill(i));
const IDS = CHUNKS.map((chunk) => ChunkId.from(nobleVerifier.sha256(chunk)));
const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

const topicOf = (key = FILE): ChunkTopic => ({
  topic: key.topic,
  prove: (nonce, holderPeerId, openerPeerId) =>
    key.sign(openProofBytes({ topic: key.topic, nonce, holderPeerId, openerPeerId, inbox: false })),
});

interface Shelf extends ChunkStore {
  readonly kept: Map<string, Uint8Array>;
  readonly asked: string[];
}

/** A holder of these chunks, in memory. */
function shelf(numbers: readonly number[] = []): Shelf {
  const kept = new Map(numbers.map((i) => [toHex(IDS[i] as ChunkId), CHUNKS[i] as Uint8Array]));
  const asked: string[] = [];
  const isOurs = (topic: Topic): boolean => toHex(topic) === toHex(FILE.topic);
  return {
    kept,
    asked,
    has: async (topic, ids) => ids.map((id) => isOurs(topic) && kept.has(toHex(id))),
    read: async (topic, id) => {
      asked.push(toHex(id));
      return isOurs(topic) ? kept.get(toHex(id)) : undefined;
    },
    put: async (_, id, chunk) => {
      kept.set(toHex(id), chunk);
      return "stored";
    },
    release: async () => kept.clear(),
  };
}

let seeds = 0;
async function relay(store: ChunkStore): Promise<NetNode> {
  const node = await createRelayNode({ seed: new Uint8Array(32).fill(++seeds), listen: ["/ip4/127.0.0.1/tcp/0"] });
  const service = createChunkService({ store, verifier: nobleVerifier });
  await service.serve(node);
  await node.start();
  cleanup.add({
    stop: async () => {
      await service.close();
      await node.stop();
    },
  });
  return node;
}

async function client(): Promise<NetNode> {
  const node = await createClientNode();
  await node.start();
  cleanup.add({ stop: () => node.stop() });
  return node;
}

async function sourceTo(from: NetNode, to: NetNode, kind: "relay" | "member" = "relay"): Promise<ChunkSource> {
  const [peer] = to.libp2p.getMultiaddrs();
  assert(peer);
  const connection = await from.libp2p.dial(peer);
  return sourceOn(connection, { kind, accessToken: "", ownPeerId: from.peerIdBytes, verifier: nobleVerifier });
}

const only = (...all: readonly ChunkSource[]): ChunkSources => ({ now: () => all, watch: () => () => undefined });

/** Fetches all chunks; what came, and who was blamed. */
async function fetchAll(sources: ChunkSources, liars: Liars = new Map()) {
  const got = new Map<string, Uint8Array>();
  const blamed: ChunkGiver[] = [];
  const outcome = await fetchChunks(sources, liars, [
    topicOf(),
    IDS,
    {
      arrived: async (id, chunk) => {
        assert(!got.has(toHex(id)), "twice");
        got.set(toHex(id), Uint8Array.from(chunk));
      },
      blamed: (giver) => blamed.push(giver),
      signal: NEVER,
    },
  ]);
  return { outcome, got, blamed };
}

const all = IDS.map((_, i) => i);

describe("chunks of a file", function () {
  this.timeout(20_000);
  afterEach(() => cleanup.run());

  it("come from several holders, each asked only for what it has", async () => {
    const [one, two] = [shelf([0, 1, 2, 3, 4, 5, 6, 7]), shelf([6, 7, 8, 9, 10, 11])];
    const me = await client();
    const sources = only(await sourceTo(me, await relay(one)), await sourceTo(me, await relay(two)));
    const { outcome, got } = await fetchAll(sources);
    assert.equal(outcome.kind, "complete");
    assert.deepEqual(
      IDS.map((id) => got.get(toHex(id))),
      CHUNKS,
    );
    assert.equal(one.asked.length + two.asked.length, IDS.length);
  });

  it("come from a holder that is just being given them", async () => {
    const growing = shelf([0]);
    const me = await client();
    const { read } = growing;
    const given: ChunkStore = {
      ...growing,
      read: async (topic, id) => {
        const [next] = IDS.filter((each) => !growing.kept.has(toHex(each)));
        if (next) growing.kept.set(toHex(next), CHUNKS[IDS.indexOf(next)] as Uint8Array);
        return read(topic, id);
      },
    };
    const source = await sourceTo(me, await relay(given));
    const { outcome, got } = await fetchAll(only(source));
    assert.deepEqual([outcome.kind, got.size], ["complete", IDS.length]);
  });

  it("are lacking when nobody has the rest, and nobody is there", async () => {
    const me = await client();
    const source = await sourceTo(me, await relay(shelf([0, 1])));
    const { outcome, got } = await fetchAll(only(source));
    assert.deepEqual([outcome, got.size], [{ kind: "lacking", asked: 1 }, 2]);
    assert.deepEqual((await fetchAll(only())).outcome, { kind: "lacking", asked: 0 });
  });

  it("are taken elsewhere when a holder gives other bytes, which is said once; it is asked no more", async () => {
    const liar: ChunkStore = {
      ...shelf(all),
      read: async (_, id) => {
        const chunk = Uint8Array.from(CHUNKS[IDS.findIndex((each) => toHex(each) === toHex(id))] ?? []);
        chunk[0] = (chunk[0] ?? 0) ^ 1;
        return chunk;
      },
    };
    const me = await client();
    const [bad, good] = [await sourceTo(me, await relay(liar)), await sourceTo(me, await relay(shelf(all)))];
    const liars: Liars = new Map();
    const first = await fetchAll(only(bad), liars);
    assert.deepEqual([first.outcome.kind, first.got.size], ["lacking", 0]);
    assert.deepEqual(first.blamed, [bad.giver]);
    const { outcome, got, blamed } = await fetchAll(only(bad, good), liars);
    assert.deepEqual([outcome.kind, got.size, blamed], ["complete", IDS.length, []]);
  });

  it("are taken elsewhere when a holder says it has them and gives nothing, or goes away", async () => {
    const empty: ChunkStore = { ...shelf(all), read: async () => undefined };
    const me = await client();
    const gone = await relay(shelf(all));
    const sources = [await sourceTo(me, await relay(empty)), await sourceTo(me, gone)] as const;
    const good = await sourceTo(me, await relay(shelf(all)));
    await gone.stop();
    const { outcome, got } = await fetchAll(only(...sources, good));
    assert.deepEqual([outcome.kind, got.size], ["complete", IDS.length]);
  });

  it("go to a relay that lacks them, once, and each is told of", async () => {
    const store = shelf([0, 1, 2]);
    const me = await client();
    const source = await sourceTo(me, await relay(store));
    const mine = shelf(all);
    const stored = new Set<string>();
    const holdings = { ...topicOf(), has: async () => [], read: async (id: ChunkId) => mine.read(FILE.topic, id) };
    const outcome = await uploadChunks(only(source), [
      holdings,
      IDS,
      { stored: (id) => stored.add(toHex(id)), signal: NEVER },
    ]);
    assert.deepEqual([outcome, stored.size, mine.asked.length], [{ kind: "stored" }, IDS.length, IDS.length - 3]);
    assert.equal(store.kept.size, IDS.length);
  });

  it("of two files go to one relay at the same time, and from it to somebody who fetches both", async () => {
    const kept = new Map<string, Uint8Array>();
    const named = (topic: Topic, id: ChunkId): string => `${toHex(topic)}/${toHex(id)}`;
    const store: ChunkStore = {
      has: async (topic, ids) => ids.map((id) => kept.has(named(topic, id))),
      read: async (topic, id) => kept.get(named(topic, id)),
      put: async (topic, id, chunk) => {
        kept.set(named(topic, id), chunk.slice());
        return "stored";
      },
      release: async () => undefined,
    };
    const node = await relay(store);
    const files = [1, 2].map((byte) => testFile(topicKey(byte), { count: 20, bytes: 50_000, name: `${byte}` }));
    const send = async (file: TestFile): Promise<string> => {
      const options = { stored: () => undefined, signal: NEVER };
      const { kind } = await uploadChunks(only(await sourceTo(await client(), node)), [file, file.ids, options]);
      return kind;
    };
    assert.deepEqual(await Promise.all(files.map(send)), ["stored", "stored"]);
    const source = await sourceTo(await client(), node);
    const take = async (file: TestFile): Promise<number> => {
      const got = new Set<string>();
      const arrived = async (id: ChunkId, chunk: Uint8Array): Promise<void> => {
        if (Buffer.from(file.chunks.get(toHex(id)) ?? []).equals(chunk)) got.add(toHex(id));
      };
      await fetchChunks(only(source), new Map(), [file, file.ids, { arrived, signal: NEVER }]);
      return got.size;
    };
    assert.deepEqual(await Promise.all(files.map(take)), [20, 20]);
  });

  it("are refused with a reason by a full relay; without a relay there is nobody", async () => {
    const me = await client();
    const full = await sourceTo(me, await relay({ ...shelf(), put: async () => "quota" }));
    const holdings = { ...topicOf(), has: async () => [], read: async () => CHUNKS[0] };
    const upload = (sources: ChunkSources) =>
      uploadChunks(sources, [holdings, IDS, { stored: () => assert.fail(), signal: NEVER }]);
    const outcome = await upload(only(full));
    assert(outcome.kind === "refused" && /no room/.test(outcome.reason) && (outcome.retryAfterMs ?? 0) > 0);
    assert.deepEqual(await upload(only()), { kind: "unreachable" });
  });

  it("are released for whoever has the file's key", async () => {
    const store = shelf(all);
    const me = await client();
    const opened = await openChunks((await sourceTo(me, await relay(store))).holder, topicOf());
    await opened?.release();
    assert.equal(store.kept.size, 0);
    await opened?.close();
  });

  it("are for nobody without the file's key", async () => {
    const store = shelf(all);
    const me = await client();
    const { holder } = await sourceTo(me, await relay(store));
    const forged: ChunkTopic = { topic: FILE.topic, prove: topicOf(topicKey(2)).prove };
    assert.equal(await openChunks(holder, forged), undefined);
    const other = (await openChunks(holder, topicOf(topicKey(2)))) as ChunkClient;
    assert.equal(await other.get(IDS[0] as ChunkId), "lacking");
    await other.close();
  });

  it("come from a member to a member, also when another message names its key, and a stranger is told nothing, not even that it has the file", async () => {
    const node = await createClientNode({ listen: ["/ip4/127.0.0.1/tcp/0"] });
    const exchange = createChunkExchange(nobleVerifier, only());
    const mine = shelf(all);
    const served: string[] = [];
    exchange.serve({
      ...topicOf(),
      has: (ids) => mine.has(FILE.topic, ids),
      read: (id) => mine.read(FILE.topic, id),
      served: (id) => served.push(toHex(id)),
    });
    exchange.serve({ ...topicOf(), has: async (ids) => ids.map(() => false), read: async () => undefined })();
    exchange.serve({ ...topicOf(), has: async (ids) => ids.map(() => false), read: async () => undefined });
    await exchange.serveOn(node);
    await node.start();
    cleanup.add({
      stop: async () => {
        await exchange.stop();
        await node.stop();
      },
    });
    const me = await client();
    const member = await sourceTo(me, node, "member");
    const { outcome, got } = await fetchAll(only(member));
    assert.deepEqual([outcome.kind, got.size, served.length], ["complete", IDS.length, IDS.length]);
    assert.equal(await openChunks(member.holder, topicOf(topicKey(2))), undefined);
    const asRelay = { ...member.holder, kind: "relay" as const };
    assert.equal(await openChunks(asRelay, topicOf()), undefined, "a member names no topic");
  });
});
