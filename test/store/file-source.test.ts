import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { lookAt, streamOf } from "../../src/store/file-source.ts";

describe("a named pipe that is sent", () => {
  let directory = "";
  let pipe = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-pipe-"));
    pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
  });

  afterEach(() => rm(directory, { recursive: true }));

  it("is a stream of what is written there, until the writer has closed it", async () => {
    assert.deepEqual(await lookAt(pipe), { kind: "stream", name: "pipe" });
    const parts: Uint8Array[] = [];
    const read = (async () => {
      for await (const part of streamOf(pipe)) parts.push(part);
    })();
    await Promise.all([writeFile(pipe, "from a pipe"), read]);
    assert.equal(Buffer.concat(parts).toString(), "from a pipe");
  });

  it("holds nothing else up while nobody writes, and ends with the writer who comes at last", async () => {
    const waiting = Array.from({ length: 8 }, () => streamOf(pipe)[Symbol.asyncIterator]().next()); // twice the threads there are
    await stat(directory);
    await writeFile(pipe, "");
    for (const each of waiting) assert.equal((await each).done, true);
  });
});
