import assert from "node:assert/strict";
import { type FileHandle, mkdtemp, open, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type ChunkPack, type ChunkPackOptions, chunkLengths, openChunkPack } from "../../relay-node/chunk-pack.ts";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { ChunkId } from "../../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";

const HEAD_BYTES = 4_096;
const SLOT_BYTES = 266_240;
/** Chunks of one write. */
const GROUP = 16;

/** Opens files whose reads are looked at first: by their place. */
const openWith =
  (before: (at: number) => Promise<void>): typeof open =>
  async (...given) => {
    const file = await open(...given);
    const read = async (into: Uint8Array, from: number, bytes: number, at: number) => {
      await before(at);
      return await file.read(into, from, bytes, at);
    };
    const get = (_: FileHandle, name: keyof FileHandle): unknown => {
      const own = file[name];
      if (name === "read") return read;
      return typeof own === "function" ? own.bind(file) : own;
    };
    return new Proxy(file, { get: get as ProxyHandler<FileHandle>["get"] & {} });
  };

/** Opens files on a disk that cannot read what lies there. */
const openBroken = (...places: readonly number[]): typeof open =>
  openWith(async (at) => {
    if (places.includes(at)) throw Object.assign(new Error("a bad sector"), { code: "EIO" });
  });

describe("a file of chunks", () => {
  let directory: string;
  let pack: ChunkPack;
  let lost: number[];
  const path = (): string => join(directory, "pack");
  const openAs = async (file: ChunkPackOptions["file"], openFile = open): Promise<void> => {
    pack = await openChunkPack({ path: path(), file, lost: (bytes) => lost.push(bytes) }, openFile);
  };
  const reopen = async (): Promise<void> => {
    await pack.close();
    await openAs("unknown");
  };
  const chunkOf = (n: number, bytes = CHUNK_MAX_BYTES): Uint8Array => {
    const chunk = new Uint8Array(bytes).fill(n);
    new DataView(chunk.buffer).setUint32(0, n);
    return chunk;
  };
  const idOf = (chunk: Uint8Array): ChunkId => ChunkId.from(nodeVerifier.sha256(chunk));
  const append = (...chunks: readonly Uint8Array[]) => Promise.all(chunks.map((each) => pack.append(idOf(each), each)));
  const isRead = async (chunk: Uint8Array): Promise<boolean> => {
    const read = await pack.read(idOf(chunk));
    return read !== undefined && Buffer.compare(read, chunk) === 0;
  };
  /** Overwrites what lies there. */
  const spoil = async (at: number, bytes: number): Promise<void> => {
    const file = await open(path(), "r+");
    await file.write(new Uint8Array(bytes), 0, bytes, at);
    await file.close();
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-pack-"));
    lost = [];
    await openAs("none");
  });
  afterEach(async () => {
    await pack.close();
    await rm(directory, { recursive: true });
  });

  it("gives back chunks of any length, over several sections, before and after it is opened again", async () => {
    const chunks = Array.from({ length: 150 }, (_, i) => chunkOf(i, i % 7 < 2 ? 100 + i : CHUNK_MAX_BYTES));
    await append(...chunks.slice(0, 90));
    for (const chunk of chunks.slice(90, 100)) await append(chunk);
    await append(...chunks.slice(100));
    for (const _ of ["before", "after"]) {
      for (const chunk of chunks) assert(await isRead(chunk), "a chunk is not as it was");
      assert.equal(pack.has(idOf(chunkOf(999))), false);
      await reopen();
    }
    assert.deepEqual((await chunkLengths(path())).length, 150);
    assert.deepEqual(lost, []);
  });

  it("takes no more of the disk than what is in it", async () => {
    await append(...Array.from({ length: GROUP }, (_, i) => chunkOf(i, 16)));
    assert((await stat(path())).blocks * 512 <= (GROUP + 3) * 4_096); // and a block or two of the file system
  });

  it("says after a cut of the power what is whole, and writes the rest anew where it was", async () => {
    const chunks = Array.from({ length: 40 }, (_, i) => chunkOf(i));
    for (const chunk of chunks) await append(chunk);
    const { size } = await stat(path());
    const torn = [26, 38];
    for (const n of torn) await spoil(HEAD_BYTES + n * SLOT_BYTES + 1_000, 2_000);
    await truncate(path(), size - 10_000); // the last one, too
    await reopen();
    assert.deepEqual(
      chunks.map((_, n) => n).filter((n) => !pack.has(idOf(chunks[n] ?? new Uint8Array()))),
      [...torn, 39],
    );
    assert.deepEqual(lost, [CHUNK_MAX_BYTES, CHUNK_MAX_BYTES, CHUNK_MAX_BYTES]);
    await append(...[...torn, 39].map((n) => chunkOf(n)));
    await reopen();
    for (const chunk of chunks) assert(await isRead(chunk));
    assert.equal((await stat(path())).size, size + SLOT_BYTES, "38 and 39 lie where they lay, 26 behind them");
  });

  it("gives up a chunk that the disk cannot read, and no other; it can be handed in again", async () => {
    const chunks = Array.from({ length: 20 }, (_, i) => chunkOf(i));
    await append(...chunks);
    await pack.close();
    const bad = [3, 18].map((n) => HEAD_BYTES + n * SLOT_BYTES); // one of the last group, and one that is asked for
    await openAs("unknown", openBroken(...bad));
    assert.deepEqual(lost, [CHUNK_MAX_BYTES]);
    assert.equal(await isRead(chunkOf(3)), false);
    assert.deepEqual(
      chunks.filter((each) => !pack.has(idOf(each))),
      [chunkOf(3), chunkOf(18)],
    );
    await append(chunkOf(3), chunkOf(18));
    for (const chunk of chunks) assert(await isRead(chunk));
  });

  it("goes on without the section whose entries the disk cannot read, and writes nothing into it", async () => {
    const chunks = Array.from({ length: 70 }, (_, i) => chunkOf(i, 16));
    await append(...chunks);
    await pack.close();
    for (const [section, kept] of [
      [0, chunks.slice(64)],
      [1, chunks.slice(0, 64)],
    ] as const) {
      const at = section * (HEAD_BYTES + 64 * SLOT_BYTES);
      await openAs("unknown", openBroken(at));
      assert.deepEqual(
        chunks.filter((each) => pack.has(idOf(each))),
        kept,
      );
      const more = chunkOf(100 + section, 16);
      await append(more);
      assert(await isRead(more));
      await reopen();
      for (const chunk of [...chunks, more]) assert(await isRead(chunk), "what was there has been written over");
      await pack.close();
    }
    await openAs("unknown");
  });

  it("is not opened where the system fails in another way, which may pass", async () => {
    await append(chunkOf(1));
    await pack.close();
    const failing = openWith(() => Promise.reject(Object.assign(new Error("later"), { code: "ENOMEM" })));
    await assert.rejects(openAs("unknown", failing), { code: "ENOMEM" });
    await openAs("unknown");
    assert(await isRead(chunkOf(1)));
  });

  it("keeps a spoilt chunk that was handed in again while somebody was still reading the old one", async () => {
    await append(chunkOf(1), chunkOf(2));
    await pack.close();
    await spoil(HEAD_BYTES + 1_000, 10);
    let go = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      go = resolve;
    });
    let reads = 0;
    await openAs(
      "known",
      openWith(async (at) => {
        if (at === HEAD_BYTES && ++reads === 2) await slow;
      }),
    );
    const id = idOf(chunkOf(1));
    const readers = [pack.read(id), pack.read(id)] as const;
    assert.equal(await readers[0], undefined);
    await append(chunkOf(1));
    go();
    assert.equal(await readers[1], undefined);
    assert(await isRead(chunkOf(1)), "the second reader took the new one away");
    assert.deepEqual(lost, [CHUNK_MAX_BYTES]);
  });

  it("counts an entry that is not whole as nothing", async () => {
    const chunks = [chunkOf(1), chunkOf(2), chunkOf(3)];
    await append(...chunks);
    await spoil(64 + 40, 1);
    await reopen();
    assert.deepEqual(
      chunks.map((each) => pack.has(idOf(each))),
      [true, false, true],
    );
    assert.deepEqual(lost, []);
  });
});
