import assert from "node:assert/strict";
import type { Stream } from "@libp2p/interface";
import { afterEach, describe, it } from "mocha";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import type { ChunkGiver } from "../../src/client/ports/chunks.ts";
import { createStopper } from "../../src/client/stopping.ts";
import { openChunks } from "../../src/net/chunk-client.ts";
import { fetchChunks } from "../../src/net/chunk-fetch.ts";
import { CHUNK_PROTOCOL, createChunkService } from "../../src/net/chunk-service.ts";
import type { ChunkSource } from "../../src/net/chunk-sources.ts";
import type { ChunkStore } from "../../src/net/chunk-store.ts";
import { uploadChunks } from "../../src/net/chunk-upload.ts";
import { FrameStream, withLength } from "../../src/net/frame-stream.ts";
import { createRelayNode, type NetNode } from "../../src/net/node.ts";
import {
  type ChunkAnswer,
  type ChunkRequest,
  decodeChunkAnswer,
  decodeChunkRequest,
  encodeChunkAnswer,
  encodeChunkRequest,
} from "../../src/wire/chunk-frames.ts";
import { Signature } from "../../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { chunkClientNode, NEVER, onlySources, sourceAt, testFile } from "./chunk-parties.ts";
import { Cleanup } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const FILE = testFile(topicKey(1), { count: 16, bytes: CHUNK_MAX_BYTES });

interface Counted extends ChunkStore {
  readonly counts: { puts: number; reads: number; now: number; most: number };
}

/** A relay's store that has the file, and counts what is asked of it. */
function counted(): Counted {
  const counts = { puts: 0, reads: 0, now: 0, most: 0 };
  return {
    counts,
    has: async (_, ids) => ids.map((id) => FILE.chunks.has(toHex(id))),
    read: async (_, id) => {
      counts.reads++;
      return FILE.chunks.get(toHex(id));
    },
    put: async () => {
      counts.puts++;
      counts.most = Math.max(counts.most, ++counts.now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      counts.now--;
      return "stored";
    },
    release: async () => undefined,
  };
}

let seeds = 100;
async function node(): Promise<NetNode> {
  const made = await createRelayNode({ seed: new Uint8Array(32).fill(++seeds), listen: ["/ip4/127.0.0.1/tcp/0"] });
  cleanup.add({ stop: () => made.stop() });
  return made;
}

async function relay(store: ChunkStore): Promise<string> {
  const made = await node();
  const service = createChunkService({ store, verifier: nodeVerifier });
  cleanup.add({ stop: () => service.close() });
  await service.serve(made);
  await made.start();
  return made.addresses()[0] ?? "";
}

/** A holder without manners: what it answers to a request is up to the test. */
async function liar(
  answer: (request: ChunkRequest, say: (answer: ChunkAnswer) => void) => void,
  has = 0xff,
): Promise<string> {
  const made = await node();
  await made.libp2p.handle(CHUNK_PROTOCOL, (stream) => {
    const say = (each: ChunkAnswer): void => frames.send(encodeChunkAnswer(each));
    const frames: FrameStream = new FrameStream(stream, {
      frame: (bytes) => {
        const request = decodeChunkRequest(bytes.slice());
        if (request?.kind === "open") say({ kind: "opened", proof: new Uint8Array() });
        else if (request?.kind === "have")
          say({ kind: "has", id: request.id, bits: new Uint8Array(Math.ceil(request.chunks.length / 8)).fill(has) });
        else if (request) answer(request, say);
      },
      closed: () => undefined,
    });
    say({ kind: "challenge", nonce: new Uint8Array(32) });
  });
  await made.start();
  return made.addresses()[0] ?? "";
}

/** A stream with the service whose other end does what it likes. */
async function rudeStream(address: string) {
  const me = await chunkClientNode(cleanup);
  const { holder } = await sourceAt(me, address, { verifier: nodeVerifier });
  const stream = await holder.connection.newStream(CHUNK_PROTOCOL);
  const answers: ChunkAnswer[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const frames = new FrameStream(stream, {
    frame: (bytes) => {
      const answer = decodeChunkAnswer(bytes.slice());
      if (answer) answers.push(answer);
      wake();
    },
    closed: () => {
      isOver = true;
      wake();
    },
  });
  const next = async (): Promise<ChunkAnswer | "over"> => {
    for (;;) {
      const answer = answers.shift();
      if (answer) return answer;
      if (isOver) return "over";
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const send = (request: ChunkRequest): void => frames.send(encodeChunkRequest(request));
  const open = async (): Promise<void> => {
    const challenge = await next();
    assert(challenge !== "over" && challenge.kind === "challenge");
    const prove = FILE.prove(challenge.nonce, holder.connection.remotePeer.toMultihash().bytes, me.peerIdBytes);
    send({ kind: "open", access: "", topic: FILE.topic, signature: Signature.from(prove) });
    const opened = await next();
    assert(opened !== "over" && opened.kind === "opened");
  };
  return { stream, frames, next, send, open };
}

/** A piece as an attacker would write it, whatever the stream has become. */
function write(stream: Stream, bytes: Uint8Array): void {
  try {
    stream.send(bytes);
  } catch {
    // the service has ended it
  }
}

/** A chunk that has been under way for so long is asked of others, too (ms). */
const SLOW_MS = 200;

async function fetchFile(...sources: readonly ChunkSource[]) {
  const got = new Map<string, Uint8Array>();
  const blamed: ChunkGiver[] = [];
  const arrived = async (id: Uint8Array, chunk: Uint8Array): Promise<void> => {
    got.set(toHex(id), chunk.slice());
  };
  const options = { arrived, blamed: (giver: ChunkGiver) => blamed.push(giver), signal: NEVER };
  const outcome = await fetchChunks(onlySources(...sources), new Map(), [FILE, FILE.ids, options], SLOW_MS);
  for (const [name, chunk] of got) assert.deepEqual(chunk, FILE.chunks.get(name), "what arrives is right");
  return { outcome, got, blamed };
}

describe("chunks among the hostile", function () {
  this.timeout(30_000);
  afterEach(() => cleanup.run());

  it("noise, cut frames, endless lengths and requests before the proof end their stream, and nothing else", async () => {
    const store = counted();
    const address = await relay(store);
    const get = encodeChunkRequest({ kind: "get", id: 1, chunk: FILE.ids[0] ?? assert.fail() });
    const broken = [
      new Uint8Array(500).fill(0x21),
      Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x7f]),
      Uint8Array.from([0x80, 0x00]),
      withLength(new Uint8Array(0)),
      withLength(get.subarray(0, 20)),
      withLength(Uint8Array.of(...get, 0)),
      withLength(get),
      withLength(encodeChunkRequest({ kind: "release", id: 1 })),
    ];
    for (const bytes of broken) {
      const { stream, next } = await rudeStream(address);
      write(stream, bytes);
      for (let answer = await next(); answer !== "over"; answer = await next()) assert.equal(answer.kind, "challenge");
    }
    assert.equal(store.counts.reads, 0);
    const { holder } = await sourceAt(await chunkClientNode(cleanup), address, { verifier: nodeVerifier });
    const client = await openChunks(holder, FILE);
    assert((await client?.get(FILE.ids[0] ?? assert.fail())) instanceof Uint8Array);
  });

  it("a proof for another nonce, another key or another person opens nothing", async () => {
    const address = await relay(counted());
    for (const spoil of [0, 1, 2]) {
      const { next, send } = await rudeStream(address);
      const challenge = await next();
      assert(challenge !== "over" && challenge.kind === "challenge");
      const nonce = spoil === 0 ? new Uint8Array(32) : challenge.nonce;
      const prove = spoil === 1 ? testFile(topicKey(2), { count: 0, bytes: 0 }).prove : FILE.prove;
      const signature = Signature.from(prove(nonce, new Uint8Array(38), new Uint8Array(38)));
      send({ kind: "open", access: "", topic: FILE.topic, signature });
      const answer = await next();
      assert(answer !== "over" && answer.kind === "refused");
    }
  });

  it("who hands in faster than the disk writes waits, and never has more than a few chunks in memory", async () => {
    const store = counted();
    const { open, send, next } = await rudeStream(await relay(store));
    await open();
    const chunks = 64;
    for (let id = 1; id <= chunks; id++) send({ kind: "put", id, chunk: new Uint8Array(CHUNK_MAX_BYTES).fill(id) });
    for (let done = 0; done < chunks; done++) assert.equal(((await next()) as ChunkAnswer).kind, "done");
    assert.equal(store.counts.puts, chunks);
    assert(store.counts.most <= 8, `${store.counts.most} at once`);
  });

  it("who asks for a thousand chunks and reads none costs a few chunks of memory, and holds up nobody", async () => {
    const store = counted();
    const address = await relay(store);
    const { open, send, frames } = await rudeStream(address);
    await open();
    frames.pause();
    for (let id = 1; id <= 1_000; id++) send({ kind: "get", id, chunk: FILE.ids[id % 16] ?? assert.fail() });
    const source = await sourceAt(await chunkClientNode(cleanup), address, { verifier: nodeVerifier });
    const { outcome } = await fetchFile(source);
    assert.equal(outcome.kind, "complete");
    // 8 MiB wait at the reader, 2 MiB in the window, 1 MiB and a few chunks at the holder
    assert(store.counts.reads < 16 + 64, `${store.counts.reads} reads`);
  });

  it("a holder that swaps the chunks it was asked for lies; one that answers what nobody asked is not heard", async () => {
    const [a = assert.fail(), b = assert.fail()] = FILE.ids;
    const swapping = await liar((request, say) => {
      if (request.kind !== "get") return;
      const other = toHex(request.chunk) === toHex(a) ? b : a;
      say({ kind: "chunk", id: request.id, chunk: FILE.chunks.get(toHex(other)) ?? assert.fail() });
    });
    const reversed: (() => void)[] = [];
    const reordering = await liar((request, say) => {
      if (request.kind !== "get") return;
      say({ kind: "chunk", id: request.id + 1_000, chunk: new Uint8Array(100) });
      reversed.unshift(() =>
        say({ kind: "chunk", id: request.id, chunk: FILE.chunks.get(toHex(request.chunk)) ?? assert.fail() }),
      );
      if (reversed.length === 2) for (const each of reversed.splice(0)) each();
    });
    const me = await chunkClientNode(cleanup);
    const to = (address: string) => sourceAt(me, address, { verifier: nodeVerifier });
    const [bad, odd] = [await to(swapping), await to(reordering)];
    const alone = await fetchFile(bad);
    assert.deepEqual([alone.outcome.kind, alone.got.size, alone.blamed], ["lacking", 0, [bad.giver]]);
    const { outcome, blamed } = await fetchFile(odd);
    assert.deepEqual([outcome.kind, blamed], ["complete", []], "answers may come in any order");
  });

  it("a holder that challenges again and again is answered once", async () => {
    let proofs = 0;
    const made = await node();
    await made.libp2p.handle(CHUNK_PROTOCOL, (stream) => {
      const challenge = (): void =>
        frames.send(encodeChunkAnswer({ kind: "challenge", nonce: new Uint8Array(32).fill(proofs) }));
      const frames: FrameStream = new FrameStream(stream, {
        frame: () => {
          if (++proofs < 100) challenge();
          else frames.send(encodeChunkAnswer({ kind: "opened", proof: new Uint8Array() }));
        },
        closed: () => undefined,
      });
      challenge();
    });
    await made.start();
    const me = await chunkClientNode(cleanup);
    const source = await sourceAt(me, made.addresses()[0] ?? "", { verifier: nodeVerifier });
    assert.deepEqual([await openChunks(source.holder, FILE), proofs], [undefined, 1]);
  });

  it("a holder that takes requests and answers nothing delays a chunk, not the file", async () => {
    const silent = await liar(() => undefined);
    const me = await chunkClientNode(cleanup);
    const to = (address: string) => sourceAt(me, address, { verifier: nodeVerifier });
    const { outcome, blamed } = await fetchFile(await to(silent), await to(await relay(counted())));
    assert.deepEqual([outcome.kind, blamed], ["complete", []]);
  });

  it("a relay that asks for weeks of patience, or answers nothing, does not hold up who stops the upload", async () => {
    const me = await chunkClientNode(cleanup);
    for (const retryAfterMs of [2_000_000_000, undefined]) {
      const stopper = createStopper();
      let asked: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const source = await sourceAt(
        me,
        await liar((request, say) => {
          if (request.kind !== "put") return;
          if (retryAfterMs) say({ kind: "refused", id: request.id, reason: REFUSAL.busy, retryAfterMs });
          asked();
        }, 0),
        { verifier: nodeVerifier },
      );
      const options = { stored: () => assert.fail(), signal: stopper.signal };
      const ending = uploadChunks(onlySources(source), [FILE, FILE.ids, options]);
      await begun;
      stopper.stop();
      assert.deepEqual(await ending, { kind: "cancelled" });
    }
  });

  it("three fetch a file that one of them alone can reach: it comes to the others through that one", async () => {
    const me = await Promise.all([1, 2, 3].map(() => chunkClientNode(cleanup)));
    const held = new Map<string, Uint8Array>();
    const passing: ChunkStore = {
      ...counted(),
      has: async (_, ids) => ids.map((id) => held.has(toHex(id))),
      read: async (_, id) => held.get(toHex(id)),
    };
    const [origin, middle] = [await relay(counted()), await relay(passing)];
    const [first, ...others] = me as [NetNode, NetNode, NetNode];
    const arrived = async (id: Uint8Array, chunk: Uint8Array): Promise<void> => void held.set(toHex(id), chunk.slice());
    const source = await sourceAt(first, origin, { verifier: nodeVerifier });
    const fetching = fetchChunks(onlySources(source), new Map(), [FILE, FILE.ids, { arrived, signal: NEVER }]);
    while (held.size === 0) await new Promise((resolve) => setImmediate(resolve));
    const ways = await Promise.all(others.map((each) => sourceAt(each, middle, { verifier: nodeVerifier })));
    const outcomes = await Promise.all(ways.map((way) => fetchFile(way)));
    assert.equal((await fetching).kind, "complete");
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome.kind),
      ["complete", "complete"],
    );
  });
});
