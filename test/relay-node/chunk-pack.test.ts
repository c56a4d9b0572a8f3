import assert from "node:assert/strict";
import { mkdtemp, open, rm, stat, truncate } from "node:fs/promises";
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

describe("a file of chunks", () => {
  let directory: string;
  let pack: ChunkPack;
  let lost: number[];
  const path = (): string => join(directory, "pack");
  const openAs = async (file: ChunkPackOptions["file"]): Promise<void> => {
    pack = await openChunkPack({ path: path(), file, lost: (bytes) => lost.push(bytes) });
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
