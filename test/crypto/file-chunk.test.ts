import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  checkedShape,
  chunkIdOf,
  fileCommitment,
  fileKeysOf,
  openChunk,
  sealChunk,
} from "../../src/crypto/file-chunk.ts";
import { type ChunkPlace, isLastAt, plainBytesAt, shapeOf, topLevel } from "../../src/crypto/file-shape.ts";
import { type ChunkList, createFileTree, idsOf } from "../../src/crypto/file-tree.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import type { ChunkId } from "../../src/wire/ids.ts";
import { CHUNK_PLAIN_BYTES, FILE_MAX_BYTES } from "../../src/wire/limits.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import { fileTwin } from "../twin/file-twin.ts";
import { fillerBytes } from "../twin/write-file-vectors.ts";

interface Vector {
  readonly size: number;
  readonly key: string;
  readonly topic: string;
  readonly commitment: string;
  readonly root: string;
  readonly chunks: readonly (readonly { readonly bytes: number; readonly start: string }[])[];
}
const VECTORS = JSON.parse(readFileSync(new URL("../vectors/files.json", import.meta.url), "utf8")) as Vector[];
const KEY = fromHex(VECTORS[0]?.key ?? "") ?? new Uint8Array();

/** The file's chunks by this program. */
function sealFile(key: Uint8Array, data: Uint8Array) {
  const shape = shapeOf(data.length);
  const { chunkKey, topic } = fileKeysOf(p, key);
  const padded = new Uint8Array(shape.paddedBytes);
  padded.set(data);
  const tree = createFileTree(p, chunkKey);
  const sealed = new Map<string, Uint8Array>();
  const keep = (place: ChunkPlace, plain: Uint8Array): ChunkId => {
    const chunk = sealChunk(p, chunkKey, { ...place, isLast: isLastAt(shape, place) }, plain);
    sealed.set(`${place.level}/${place.index}`, chunk);
    return chunkIdOf(p, chunk);
  };
  const lists: ChunkList[] = [];
  for (let index = 0; index < (shape.counts[0] ?? 0); index++)
    lists.push(
      ...tree.add(keep({ level: 0, index }, padded.slice(index * CHUNK_PLAIN_BYTES, (index + 1) * CHUNK_PLAIN_BYTES))),
    );
  const { root, lists: rest } = tree.finish();
  for (const list of [...lists, ...rest]) keep(list, list.hashes);
  return { shape, chunkKey, topic, root, sealed, lists: [...lists, ...rest] };
}

const open = (file: ReturnType<typeof sealFile>, place: ChunkPlace, chunk: Uint8Array) =>
  openChunk(p, file.chunkKey, { shape: file.shape, place }, chunk);
const at = (file: ReturnType<typeof sealFile>, level: number, index: number): Uint8Array =>
  file.sealed.get(`${level}/${index}`) ?? assert.fail("no such chunk");

describe("the chunks of a file", () => {
  for (const vector of VECTORS) {
    it(`of ${vector.size} bytes are those of the vectors and of the twin`, () => {
      const data = fillerBytes(vector.size);
      const file = sealFile(KEY, data);
      const twin = fileTwin(KEY, data);
      assert.equal(toHex(file.root), vector.root);
      assert.equal(toHex(file.topic), vector.topic);
      assert.equal(toHex(fileCommitment(p, KEY, vector.size, file.root)), vector.commitment);
      assert.deepEqual(
        file.shape.counts,
        vector.chunks.map(({ length }) => length),
      );
      for (const [level, chunks] of twin.levels.entries())
        for (const [index, chunk] of chunks.entries()) {
          assert.deepEqual(Buffer.from(at(file, level, index)), chunk);
          const { bytes, start } = vector.chunks[level]?.[index] ?? assert.fail("a chunk too many");
          assert.equal(chunk.length, bytes);
          assert.equal(toHex(chunk.subarray(0, 16)), start);
        }
    });
  }

  it("open in their own place and in no other: swapped, cut off, from a list, or of another sending they are forged", () => {
    const data = fillerBytes(700_000);
    const file = sealFile(KEY, data);
    const other = sealFile(new Uint8Array(32).fill(7), data);
    assert.deepEqual(
      open(file, { level: 0, index: 1 }, at(file, 0, 1)),
      data.slice(CHUNK_PLAIN_BYTES, 2 * CHUNK_PLAIN_BYTES),
    );
    assert.equal(open(file, { level: 0, index: 0 }, at(file, 0, 1)), "forged");
    assert.equal(open(file, { level: 0, index: 1 }, at(file, 1, 0)), "forged");
    assert.equal(open(file, { level: 1, index: 0 }, at(file, 0, 0)), "forged");
    assert.equal(open(file, { level: 0, index: 1 }, at(other, 0, 1)), "forged");
    const shorter = shapeOf(2 * CHUNK_PLAIN_BYTES); // whoever claims that the file ends earlier lacks its last chunk
    const cut = openChunk(p, file.chunkKey, { shape: shorter, place: { level: 0, index: 1 } }, at(file, 0, 1));
    assert.equal(cut, "forged");
    assert.equal(open(file, { level: 0, index: 9 }, at(file, 0, 1)), "forged");
  });

  it("are forged after any change of one bit, and when shortened or lengthened", () => {
    const file = sealFile(KEY, fillerBytes(300));
    const chunk = at(file, 0, 0);
    fc.assert(
      fc.property(fc.nat({ max: chunk.length - 1 }), fc.nat({ max: 7 }), (byte, bit) => {
        const flipped = Uint8Array.from(chunk);
        flipped[byte] = (flipped[byte] ?? 0) ^ (1 << bit);
        assert.equal(open(file, { level: 0, index: 0 }, flipped), "forged");
      }),
      { numRuns: 60 },
    );
    for (const length of [0, 15, 16, chunk.length - 1, chunk.length + 1]) {
      const changed = new Uint8Array(length);
      changed.set(chunk.subarray(0, length));
      assert.equal(open(file, { level: 0, index: 0 }, changed), "forged");
    }
  });

  it("share nothing when the same file is sent twice, neither address nor content nor topic", () => {
    const data = fillerBytes(600_000);
    const [one, two] = [sealFile(KEY, data), sealFile(new Uint8Array(32).fill(9), data)];
    const ids = (file: typeof one) => [...file.sealed.values()].map((chunk) => toHex(chunkIdOf(p, chunk)));
    assert.equal(new Set([...ids(one), ...ids(two)]).size, one.sealed.size + two.sealed.size);
    assert.notDeepEqual(one.topic, two.topic);
  });

  it("are named by the list above them", () => {
    const file = sealFile(KEY, fillerBytes(600_000));
    const [list] = file.lists;
    assert(list);
    assert.deepEqual(
      idsOf(list.hashes).map(toHex),
      [0, 1, 2].map((i) => toHex(chunkIdOf(p, at(file, 0, i)))),
    );
    assert.deepEqual(open(file, { level: 1, index: 0 }, at(file, 1, 0)), list.hashes);
  });

  it("need a manifest whose key, size and root belong together", () => {
    const file = sealFile(KEY, fillerBytes(10));
    const { root } = file;
    const manifest = { name: "a", type: "", size: 10, isDirectory: false, key: KEY, root, preview: undefined };
    const commitment = fileCommitment(p, KEY, 10, root);
    assert(checkedShape(p, { ...manifest, commitment }));
    assert.equal(checkedShape(p, { ...manifest, commitment, size: 11 }), undefined);
    assert.equal(checkedShape(p, { ...manifest, commitment, key: new Uint8Array(32) }), undefined);
    assert.equal(checkedShape(p, { ...manifest, commitment, root: file.topic as Uint8Array as ChunkId }), undefined);
  });
});

describe("the shape of a file", () => {
  it("is one chunk of 4 KiB for whatever is smaller, and has two levels of lists at the greatest size", () => {
    assert.deepEqual(shapeOf(0), { sizeBytes: 0, paddedBytes: 4_096, counts: [1] });
    assert.deepEqual(shapeOf(4_096).counts, [1]);
    const greatest = shapeOf(FILE_MAX_BYTES);
    assert.deepEqual([greatest.paddedBytes, topLevel(greatest)], [FILE_MAX_BYTES, 2]);
  });

  it("tells little about the size, costs at most 12 %, and its chunks make up all of it", () => {
    const anySize = fc.integer({ min: 0, max: 44 }).chain((bits) => fc.integer({ min: 0, max: 2 ** bits }));
    fc.assert(
      fc.property(anySize, (size) => {
        const shape = shapeOf(size);
        assert(shape.paddedBytes >= size && shape.paddedBytes <= Math.max(4_096, size * 1.12));
        for (const [level, count] of shape.counts.entries()) {
          const last = plainBytesAt(shape, { level, index: count - 1 }) ?? 0;
          const unit = CHUNK_PLAIN_BYTES;
          const total = level === 0 ? shape.paddedBytes : (shape.counts[level - 1] ?? 0) * 32;
          assert.equal((count - 1) * unit + last, total);
          assert.equal(plainBytesAt(shape, { level, index: count }), undefined);
        }
        assert.equal(shape.counts.at(-1), 1);
      }),
    );
  });
});

describe("the tree over many chunks", () => {
  it("gives each list when it is full, marks the last of each level, and is the same whichever way it is cut", () => {
    const { chunkKey } = fileKeysOf(p, KEY);
    const tree = createFileTree(p, chunkKey);
    const ids = Array.from({ length: 8_193 }, (_, i) => p.sha256(Uint8Array.of(i >> 8, i)) as ChunkId);
    const early = ids.flatMap((id) => tree.add(id));
    assert.deepEqual(
      early.map(({ level, index, hashes }) => [level, index, hashes.length]),
      [[1, 0, 8_192 * 32]],
    );
    const { root, lists } = tree.finish();
    assert.deepEqual(
      lists.map(({ level, index, hashes }) => [level, index, hashes.length]),
      [
        [1, 1, 32],
        [2, 0, 64],
      ],
    );
    const top = lists.at(-1);
    assert(top);
    assert.deepEqual(root, chunkIdOf(p, sealChunk(p, chunkKey, { level: 2, index: 0, isLast: true }, top.hashes)));
    const second = sealChunk(p, chunkKey, { level: 1, index: 1, isLast: true }, lists[0]?.hashes ?? new Uint8Array());
    assert.deepEqual(top.hashes.slice(32), Uint8Array.from(chunkIdOf(p, second)));
  });
});
