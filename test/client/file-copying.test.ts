import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { copyHere } from "../../src/client/file-copying.ts";
import type { PartStore } from "../../src/client/ports/parts.ts";
import type { Answer } from "../../src/protocol/machine.ts";
import { isFault } from "../../src/wire/fault.ts";
import { GroupId, MessageId } from "../../src/wire/ids.ts";
import { CHUNK_PLAIN_BYTES } from "../../src/wire/limits.ts";
import { type MemoryDisk, memoryDisk, memoryParts } from "../sim/memory-parts.ts";
import { fillerBytes } from "../twin/write-file-vectors.ts";

const SIZE = CHUNK_PLAIN_BYTES + 1_000;
const PLACE = { group: GroupId.from(new Uint8Array(32)), file: MessageId.from(new Uint8Array(32)) };

describe("a copy of a file that is here", () => {
  /** Copies it while `during` happens to the disk after the first piece was read; what is on the disk then. */
  async function copyWhile(during: (disk: MemoryDisk) => void) {
    const disk = memoryDisk();
    disk.files.set("/downloads/a", fillerBytes(SIZE));
    const parts = memoryParts(disk);
    const found = await parts.look("/downloads/a");
    const saved = { path: "/downloads/a", isSpool: false, modified: found.kind === "file" ? found.modifiedMs : 0 };
    let reads = 0;
    const read: PartStore["read"] = async (...given) => {
      const piece = await parts.read(...given);
      if (reads++ === 0) during(disk);
      return piece;
    };
    const put = async (): Promise<Answer> => ({ kind: "file", isChanged: true });
    const to = { directory: "/elsewhere", name: "b", isExact: true };
    const outcome = await copyHere({ parts: { ...parts, read }, put }, PLACE, [saved, { size: SIZE }], to).then(
      () => "copied",
      (error: unknown) => (isFault(error) ? error.code : assert.fail(`${error}`)),
    );
    return { outcome, names: [...disk.files.keys()], copy: disk.files.get("/elsewhere/b") };
  }

  it("is as the file, and the only thing that is new", async () => {
    const { outcome, names, copy } = await copyWhile(() => undefined);
    assert.deepEqual([outcome, names, copy], ["copied", ["/downloads/a", "/elsewhere/b"], fillerBytes(SIZE)]);
  });

  it("is not made of what is removed meanwhile", async () => {
    const { outcome, names } = await copyWhile(({ files }) => files.delete("/downloads/a"));
    assert.deepEqual([outcome, names], ["usage/not-allowed", []]);
  });

  it("is not made of what becomes shorter meanwhile", async () => {
    const { outcome, names } = await copyWhile(({ files }) =>
      files.set("/downloads/a", fillerBytes(CHUNK_PLAIN_BYTES)),
    );
    assert.deepEqual([outcome, names], ["usage/not-allowed", ["/downloads/a"]]);
  });

  it("is not made of what is written again meanwhile", async () => {
    const { outcome, names } = await copyWhile((disk) => {
      disk.files.set("/downloads/a", new Uint8Array(SIZE));
      disk.changes++;
    });
    assert.deepEqual([outcome, names], ["usage/not-allowed", ["/downloads/a"]]);
  });
});
