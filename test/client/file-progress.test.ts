import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createFileProgress } from "../../src/client/file-progress.ts";
import { shapeOf } from "../../src/crypto/file-shape.ts";
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../../src/wire/limits.ts";

/** Progress of a file of so many chunks, and what happened to the disk and the profile, in order. */
function progressOf(chunks: number, saved: ReadonlyMap<number, Uint8Array> = new Map()) {
  const done: string[] = [];
  const bits = new Map<number, Uint8Array>();
  const progress = createFileProgress(
    {
      shape: shapeOf(chunks * CHUNK_PLAIN_BYTES),
      beforeSave: async () => void done.push("synced"),
      saveBits: async (list, each) => {
        done.push(`saved ${list}`);
        bits.set(list, each);
      },
    },
    saved,
  );
  return { progress, done, bits };
}

describe("the progress of a file", () => {
  it("is saved only after the bytes that it stands for are on the disk", async () => {
    const { progress, done } = progressOf(4);
    progress.add(2, 5_000);
    await progress.save(5_000, "now");
    assert.deepEqual(done, ["synced", "saved 0"]);
  });

  it("is saved at most once a second, and not at all when nothing is new", async () => {
    const { progress, done } = progressOf(64);
    for (let i = 0; i < 40; i++) {
      progress.add(i, 5_000 + i * 50);
      await progress.save(5_000 + i * 50, "due");
    }
    assert.deepEqual(done, ["synced", "saved 0", "synced", "saved 0"]);
    await progress.save(7_000, "now");
    const before = done.length;
    await progress.save(9_000, "now");
    assert.equal(done.length, before);
  });

  it("goes on from what was saved, list by list", async () => {
    const first = progressOf(CHUNK_LIST_MAX + 3);
    for (const at of [0, 9, CHUNK_LIST_MAX + 2]) first.progress.add(at, 0);
    await first.progress.save(0, "now");
    const { progress } = progressOf(CHUNK_LIST_MAX + 3, first.bits);
    assert.deepEqual([progress.has(0), progress.has(1), progress.has(CHUNK_LIST_MAX + 2)], [true, false, true]);
    assert.equal(progress.doneBytes(), 3 * CHUNK_PLAIN_BYTES);
    assert.equal(progress.add(9, 0), false);
    assert.equal(progress.isComplete(), false);
  });

  it("is complete with the last chunk, and counts the file's own bytes without padding", () => {
    const shape = shapeOf(CHUNK_PLAIN_BYTES + 10);
    const parts = { shape, beforeSave: async () => undefined, saveBits: async () => undefined };
    const progress = createFileProgress(parts, new Map());
    progress.add(0, 0);
    assert.equal(progress.isComplete(), false);
    progress.add(1, 1_000);
    assert.deepEqual([progress.isComplete(), progress.doneBytes()], [true, CHUNK_PLAIN_BYTES + 10]);
    assert.equal(progress.bytesPerSecond(1_000), 2 * CHUNK_PLAIN_BYTES);
    assert.equal(progress.bytesPerSecond(60_000), undefined);
  });
});
