import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { CHUNK_DIRECTORY, type ChunkFiles, openChunkFiles } from "../../relay-node/chunk-files.ts";
import { CHUNK_OVERHEAD_BYTES, packPath, TOPIC_OVERHEAD_BYTES } from "../../relay-node/chunk-shelf.ts";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { ChunkId, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";

/** What the relay of 0.1.0's first weeks wrote: two topics, of three chunks and of one. */
const SAVED = fileURLToPath(new URL("../formats/relay-chunks-v1", import.meta.url));
const DAY_MS = 86_400_000;
const topic = (byte: number): Topic => Topic.from(new Uint8Array(32).fill(byte));
const chunkOf = (byte: number): Uint8Array => new Uint8Array(100 * byte).fill(byte);
const idOf = (chunk: Uint8Array): ChunkId => ChunkId.from(nodeVerifier.sha256(chunk));
const CHUNKS = [1, 2, 3].map(chunkOf);

describe("chunks as an earlier relay kept them, a file for each", () => {
  let directory: string;
  let root: string;
  let files: ChunkFiles | undefined;
  const open = async (): Promise<ChunkFiles> => {
    await files?.close();
    files = await openChunkFiles({ directory, totalMaxBytes: 1e9, fileMaxBytes: 1e9, retentionMs: 14 * DAY_MS });
    return files;
  };
  const oldPath = (of: Topic, chunk: Uint8Array): string => join(root, toHex(of), toHex(idOf(chunk)));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-old-chunks-"));
    root = join(directory, CHUNK_DIRECTORY);
    await cp(SAVED, root, { recursive: true });
  });
  afterEach(async () => {
    await files?.close();
    await rm(directory, { recursive: true });
  });

  it("are taken over at the start, and nothing of the old layout stays", async () => {
    const taken = await open();
    for (const chunk of CHUNKS) assert.deepEqual(await taken.read(topic(1), idOf(chunk)), chunk);
    assert.deepEqual(await taken.read(topic(2), idOf(chunkOf(4))), chunkOf(4));
    assert.deepEqual(taken.usage(), { files: 2, bytes: 1_000 + 4 * CHUNK_OVERHEAD_BYTES + 2 * TOPIC_OVERHEAD_BYTES });
    const paths = [topic(1), topic(2)].map((each) => packPath(root, toHex(each)));
    assert.deepEqual((await readdir(root)).map((name) => join(root, name)).sort(), paths);
  });

  it("go as long after they were handed in as they would have", async () => {
    const now = Date.now();
    for (const [i, chunk] of CHUNKS.entries()) {
      const at = new Date(now - (10 + i) * DAY_MS);
      await utimes(oldPath(topic(1), chunk), at, at);
    }
    await open();
    const { mtimeMs } = await stat(packPath(root, toHex(topic(1))));
    assert.equal(Math.round((now - mtimeMs) / DAY_MS), 10, "when the last of them was handed in");
  });

  it("of which some could not be taken over do not come back when their topic was released meanwhile", async () => {
    await mkdir(oldPath(topic(1), chunkOf(9))); // opens, and cannot be read
    const half = await open();
    assert(existsSync(join(root, toHex(topic(1)))));
    await half.release(topic(1));
    assert.deepEqual(await readdir(root), [`${toHex(topic(2))}.pack`]);
    assert.deepEqual(await (await open()).has(topic(1), CHUNKS.map(idOf)), [false, false, false]);
  });

  it("that could not all be taken over are counted from when they were handed in, also after the next start", async () => {
    const now = Date.now();
    const days = (count: number): Date => new Date(now - count * DAY_MS);
    for (const chunk of CHUNKS) await utimes(oldPath(topic(1), chunk), days(3), days(3));
    await open();
    await mkdir(join(root, toHex(topic(1))));
    await writeFile(oldPath(topic(1), chunkOf(5)), chunkOf(5));
    await utimes(oldPath(topic(1), chunkOf(5)), days(9), days(9));
    await open();
    const { mtimeMs } = await stat(packPath(root, toHex(topic(1))));
    assert.equal(Math.round((now - mtimeMs) / DAY_MS), 3, "when the last of all was handed in");
  });

  it("are taken over but for what was spoilt or half written, also where a start was cut off in the middle", async () => {
    const [first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()] = CHUNKS;
    const before = await readFile(oldPath(topic(1), first));
    await open();
    await mkdir(join(root, toHex(topic(1))));
    await writeFile(oldPath(topic(1), first), before); // is in the new file as well
    await writeFile(oldPath(topic(1), chunkOf(5)), chunkOf(5));
    await writeFile(oldPath(topic(1), chunkOf(6)), chunkOf(7));
    await writeFile(join(root, toHex(topic(1)), ".new-0123"), second);
    const taken = await open();
    const ids = [first, second, third, chunkOf(5), chunkOf(6)].map(idOf);
    assert.deepEqual(await taken.has(topic(1), ids), [true, true, true, true, false]);
    assert.equal(taken.usage().bytes, 1_500 + 5 * CHUNK_OVERHEAD_BYTES + 2 * TOPIC_OVERHEAD_BYTES);
  });
});
