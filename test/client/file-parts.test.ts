import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createFileParts } from "../../src/client/file-parts.ts";
import type { ProfileStore } from "../../src/client/ports/profile.ts";
import { fileKeysOf } from "../../src/crypto/file-chunk.ts";
import { shapeOf } from "../../src/crypto/file-shape.ts";
import { nativePrimitives as p } from "../../src/crypto-native/native-primitives.ts";
import { fileListId } from "../../src/protocol/files.ts";
import { FILE_LIST } from "../../src/protocol/records/file.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { encode } from "../../src/wire/encoding.ts";
import { ChunkId } from "../../src/wire/ids.ts";
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../../src/wire/limits.ts";
import { memoryDisk, memoryParts } from "../sim/memory-parts.ts";

const LISTS = 4;
const SHELF = "shelf";

/** The id of a chunk that a list names; from LISTS * CHUNK_LIST_MAX on of one that none names. */
const idAt = (number: number): ChunkId => ChunkId.from(p.sha256(u32be(number)));

/** A file of four full lists, all of them here, and how many lists were read for it. */
function largeFile() {
  let reads = 0;
  let nowMs = 0;
  const lists = new Map<string, Uint8Array>();
  const save = (level: number, index: number, ids: readonly ChunkId[]): void => {
    const hashes = Uint8Array.from(ids.flatMap((id) => [...id]));
    lists.set(FILE_LIST.prefix + fileListId(SHELF, level, index), encode(FILE_LIST.codec, { hashes }));
  };
  save(
    2,
    0,
    Array.from({ length: LISTS }, (_, i) => idAt(1_000_000 + i)),
  );
  for (let list = 0; list < LISTS; list++)
    save(
      1,
      list,
      Array.from({ length: CHUNK_LIST_MAX }, (_, i) => idAt(list * CHUNK_LIST_MAX + i)),
    );
  const load: ProfileStore["load"] = async (keys) => {
    reads++;
    return new Map(keys.flatMap((key) => (lists.has(key) ? [[key, lists.get(key) ?? assert.fail()] as const] : [])));
  };
  const shape = shapeOf(LISTS * CHUNK_LIST_MAX * CHUNK_PLAIN_BYTES);
  const [keys, parts] = [fileKeysOf(p, new Uint8Array(32)), memoryParts(memoryDisk())];
  const d = { primitives: p, store: { load } as ProfileStore, parts, keys, shelf: SHELF, shape, nowMs: () => nowMs };
  return {
    file: createFileParts({ ...d, root: idAt(2_000_000) }),
    reads: () => reads,
    wait: (ms: number): void => {
      nowMs += ms;
    },
  };
}

describe("the chunks of a large file", () => {
  it("are found wherever they stand", async () => {
    const { file } = largeFile();
    const at = [3, LISTS * CHUNK_LIST_MAX - 1, 9_999_999, CHUNK_LIST_MAX];
    const places = await file.find([...at.map(idAt), idAt(1_000_002), idAt(2_000_000)]);
    assert.deepEqual(places, [
      { level: 0, index: 3 },
      { level: 0, index: LISTS * CHUNK_LIST_MAX - 1 },
      undefined,
      { level: 0, index: CHUNK_LIST_MAX },
      { level: 1, index: 2 },
      { level: 2, index: 0 },
    ]);
  });

  it("cost a reading of each list, not of each list for each id, when somebody asks for what no file has", async () => {
    const { file, reads } = largeFile();
    const unknown = Array.from({ length: 200 }, (_, i) => idAt(5_000_000 + i));
    assert((await file.find(unknown)).every((place) => place === undefined));
    assert(reads() <= LISTS + 2, `${reads()} lists were read`);
  });

  it("cost so many readings a minute and no more, however often somebody asks for what no file has", async () => {
    const { file, reads, wait } = largeFile();
    for (let i = 0; i < 300; i++) await file.find([idAt(5_000_000 + i)]);
    assert(reads() <= 30 * (LISTS + 2), `${reads()} lists were read`);
    wait(60_000);
    assert.deepEqual(await file.find([idAt(3)]), [{ level: 0, index: 3 }]);
  });
});
