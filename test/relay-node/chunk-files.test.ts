import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, statfs, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  CHUNK_DIRECTORY,
  CHUNK_OVERHEAD_BYTES,
  type ChunkFiles,
  openChunkFiles,
} from "../../relay-node/chunk-files.ts";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { ChunkId, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";

const DAY_MS = 86_400_000;
/** What a chunk of these tests counts. */
const COST = 1_000 + CHUNK_OVERHEAD_BYTES;
const topic = (byte: number): Topic => Topic.from(new Uint8Array(32).fill(byte));
const chunkOf = (byte: number, length = 1_000) => new Uint8Array(length).fill(byte);
const idOf = (chunk: Uint8Array): ChunkId => ChunkId.from(nodeVerifier.sha256(chunk));

describe("a relay's chunks on the disk", () => {
  let directory: string;
  let files: ChunkFiles;
  const open = (totalMaxBytes = 10 * COST, fileMaxBytes = 5 * COST): Promise<ChunkFiles> =>
    openChunkFiles({ directory, totalMaxBytes, fileMaxBytes, retentionMs: 14 * DAY_MS });
  const put = (of: Topic, chunk: Uint8Array) => files.put(of, idOf(chunk), chunk);
  const pathOf = (of: Topic, chunk: Uint8Array): string =>
    join(directory, CHUNK_DIRECTORY, toHex(of), toHex(idOf(chunk)));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-chunks-"));
    files = await open();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("are there after a restart, under their topic only", async () => {
    assert.equal(await put(topic(1), chunkOf(1)), "stored");
    files = await open();
    assert.deepEqual(await files.read(topic(1), idOf(chunkOf(1))), chunkOf(1));
    assert.equal(await files.read(topic(2), idOf(chunkOf(1))), undefined);
    assert.deepEqual(await files.has(topic(1), [idOf(chunkOf(2)), idOf(chunkOf(1))]), [false, true]);
    assert.deepEqual(files.usage(), { files: 1, bytes: COST });
  });

  it("keep within the bounds of one file and of all, also when many come at once", async () => {
    const many = Array.from({ length: 8 }, (_, i) => put(topic(1), chunkOf(i)));
    assert.deepEqual((await Promise.all(many)).filter((each) => each === "stored").length, 5);
    for (const each of [2, 3]) for (let i = 0; i < 5; i++) await put(topic(each), chunkOf(i));
    assert.equal(files.usage().bytes, 10 * COST);
    assert.equal(await put(topic(4), chunkOf(9)), "quota");
    await files.release(topic(1));
    assert.equal(await put(topic(4), chunkOf(9)), "stored");
    assert.equal(files.usage().bytes, 6 * COST);
  });

  it("of one file are no more than a file of that size has, however small they are", async () => {
    files = await open(1e9, 1e6); // four full chunks, and some short ones
    const tiny = Array.from({ length: 100 }, (_, i) => put(topic(1), chunkOf(i, 16)));
    assert.equal((await Promise.all(tiny)).filter((each) => each === "stored").length, 68);
    files = await open(1e9, 1e6);
    assert.deepEqual([await put(topic(1), chunkOf(200)), await put(topic(2), chunkOf(200))], ["quota", "stored"]);
    await files.release(topic(1));
    assert.equal(await put(topic(1), chunkOf(200)), "stored");
  });

  it("count once, however often and by however many they are handed in", async () => {
    await Promise.all([put(topic(1), chunkOf(1)), put(topic(1), chunkOf(1)), put(topic(1), chunkOf(1))]);
    assert.equal(await put(topic(1), chunkOf(1)), "stored");
    assert.equal(files.usage().bytes, COST);
  });

  it("go when nobody has handed them in for longer than the retention", async () => {
    await put(topic(1), chunkOf(1));
    await put(topic(1), chunkOf(2));
    await put(topic(2), chunkOf(3));
    const old = new Date(Date.now() - 15 * DAY_MS);
    for (const [of, chunk] of [
      [topic(1), chunkOf(1)],
      [topic(2), chunkOf(3)],
      [topic(1), chunkOf(2)],
    ] as const)
      await utimes(pathOf(of, chunk), old, old);
    assert.equal(await put(topic(1), chunkOf(2)), "stored"); // again
    await files.purge();
    assert.deepEqual(await files.has(topic(1), [idOf(chunkOf(1)), idOf(chunkOf(2))]), [false, true]);
    assert.deepEqual(await readdir(join(directory, CHUNK_DIRECTORY)), [toHex(topic(1))]);
    assert.deepEqual(files.usage(), { files: 1, bytes: COST });
  });

  it("that are handed in again while old ones are being erased are there afterwards, or are written anew", async () => {
    const chunks = Array.from({ length: 40 }, (_, i) => chunkOf(i));
    files = await open(1e9, 1e9);
    for (const chunk of chunks) await put(topic(1), chunk);
    const old = new Date(Date.now() - 15 * DAY_MS);
    for (const chunk of chunks) await utimes(pathOf(topic(1), chunk), old, old);
    const purging = files.purge();
    for (const chunk of chunks) assert.equal(await put(topic(1), chunk), "stored");
    await purging;
    assert((await files.has(topic(1), chunks.map(idOf))).every(Boolean));
    assert.deepEqual(files.usage(), { files: 1, bytes: 40 * COST });
  });

  it("are not given out spoilt: what the disk has changed is not here, and can be handed in again", async () => {
    await put(topic(1), chunkOf(1));
    await writeFile(pathOf(topic(1), chunkOf(1)), chunkOf(2));
    assert.equal(await files.read(topic(1), idOf(chunkOf(1))), undefined);
    assert.deepEqual(await files.has(topic(1), [idOf(chunkOf(1))]), [false]);
    assert.equal(await put(topic(1), chunkOf(1)), "stored");
    assert.deepEqual(await files.read(topic(1), idOf(chunkOf(1))), chunkOf(1));
  });

  it("that a crash left half written are gone at the next start, and count nothing", async () => {
    await put(topic(1), chunkOf(1));
    await writeFile(join(directory, CHUNK_DIRECTORY, toHex(topic(1)), ".new-0123"), chunkOf(2));
    files = await open();
    assert.deepEqual(await readdir(join(directory, CHUNK_DIRECTORY, toHex(topic(1)))), [toHex(idOf(chunkOf(1)))]);
    assert.equal(files.usage().bytes, COST);
  });

  it("are refused while the disk cannot write, and count nothing", async () => {
    await mkdir(join(directory, CHUNK_DIRECTORY));
    await writeFile(join(directory, CHUNK_DIRECTORY, toHex(topic(1))), "in the way");
    assert.equal(await put(topic(1), chunkOf(1)), "unavailable");
    assert.equal(files.usage().bytes, 0);
  });

  it("leave the last bytes of the disk to messages", async () => {
    const { bavail, bsize } = await statfs(directory);
    const limits = { directory, totalMaxBytes: 1e9, fileMaxBytes: 1e9, retentionMs: DAY_MS };
    files = await openChunkFiles({ ...limits, keepFreeBytes: bavail * bsize * 2 });
    assert.equal(await put(topic(1), chunkOf(1)), "unavailable");
    assert.equal(files.usage().bytes, 0);
    assert.deepEqual(await readdir(join(directory, CHUNK_DIRECTORY, toHex(topic(1)))), []);
  });

  it("are not counted below nothing by a release in the middle of writing", async () => {
    const writing = Array.from({ length: 5 }, (_, i) => put(topic(1), chunkOf(i)));
    await files.release(topic(1));
    await Promise.all(writing);
    await files.release(topic(1));
    assert.deepEqual(files.usage(), { files: 0, bytes: 0 });
  });
});
