import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { PartStore } from "../../src/client/ports/parts.ts";
import { unpackArchive } from "../../src/store/directory-archive.ts";
import { createPartStore } from "../../src/store/part-store.ts";
import { isFault } from "../../src/wire/fault.ts";

describe("the disk for files", () => {
  let root: string;
  let parts: PartStore;
  const fails = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => isFault(error) && error.code === code);
  const target = (name: string, sizeBytes: number, isExact = false) => ({
    directory: join(root, "downloads"),
    name,
    sizeBytes,
    isExact,
  });
  /** A finished download of these bytes. */
  const fetched = async (name: string, text: string, isExact = false): Promise<string> => {
    const to = target(name, text.length, isExact);
    const part = await parts.createPart(to);
    await parts.write(part, 0, Buffer.from(text));
    const path = await parts.finish(part, to);
    await parts.remove(part);
    return path;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "hermes-parts-"));
    parts = createPartStore(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("writes a download in pieces of any order, and gives it its name at the end", async () => {
    const to = target("a.txt", 6);
    const part = await parts.createPart(to);
    await parts.write(part, 3, Buffer.from("def"));
    await parts.write(part, 0, Buffer.from("abc"));
    assert.deepEqual(await readdir(to.directory), [part.split("/").at(-1)]);
    assert.equal(await parts.finish(part, to), join(to.directory, "a.txt"));
    assert.equal(
      await parts.finish(part, to),
      join(to.directory, "a.txt"),
      "the same again, before its owner noted it",
    );
    await parts.remove(part);
    assert.equal(await readFile(join(to.directory, "a.txt"), "utf8"), "abcdef");
    assert.deepEqual(await readdir(to.directory), ["a.txt"]);
  });

  it("lets nobody else read a download, and makes nothing executable", async () => {
    const { mode } = await stat(await fetched("run.sh", "#!/bin/sh"));
    assert.equal(mode & 0o777, 0o600);
  });

  it("never replaces what is there, whatever it is", async () => {
    await mkdir(join(root, "downloads"));
    await writeFile(join(root, "downloads", "a.tar.gz"), "mine");
    await symlink("/nowhere", join(root, "downloads", "a.tar (2).gz"));
    assert.equal(await fetched("a.tar.gz", "theirs"), join(root, "downloads", "a.tar (3).gz"));
    assert.equal(await readFile(join(root, "downloads", "a.tar.gz"), "utf8"), "mine");
    await fails(fetched("a.tar.gz", "theirs", true), "usage/not-allowed");
  });

  it("asks for room before it begins", async () => {
    await fails(parts.createPart(target("huge", Number.MAX_SAFE_INTEGER)), "storage/full");
    assert.deepEqual(await readdir(join(root, "downloads")), []);
  });

  it("reads ranges, up to the end, and says when there is nothing", async () => {
    await writeFile(join(root, "a"), "0123456789");
    assert.equal(Buffer.from((await parts.read(join(root, "a"), 4, 3)) ?? []).toString(), "456");
    assert.equal((await parts.read(join(root, "a"), 8, 100))?.length, 2);
    assert.equal(await parts.read(join(root, "b"), 0, 1), undefined);
  });

  it("tells files, directories and streams apart, and refuses the rest", async () => {
    await writeFile(join(root, "a"), "0123456789");
    const file = await parts.look(join(root, "a"));
    assert(file.kind === "file" && file.sizeBytes === 10 && file.name === "a");
    assert.equal((await parts.look(root)).kind, "directory");
    await fails(parts.look(join(root, "none")), "usage/not-found");
    await fails(parts.look("/dev/null"), "usage/bad-argument");
    await chmod(join(root, "a"), 0);
    assert.equal((await parts.look(join(root, "a"))).kind, "file");
  });

  it("takes a stream from a socket until it ends", async () => {
    const path = join(root, "socket");
    const server = createServer((socket) => socket.end("from elsewhere"));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const pieces: Uint8Array[] = [];
    for await (const piece of parts.stream(path)) pieces.push(piece);
    assert.equal(Buffer.concat(pieces).toString(), "from elsewhere");
    await new Promise((resolve) => server.close(resolve));
  });

  const leftOut: string[] = [];

  /** Sends a directory to itself. */
  const archived = async (directory: string): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of parts.stream(directory, (inside) => leftOut.push(inside))) pieces.push(piece);
    await writeFile(join(root, "a.tar"), Buffer.concat(pieces));
    return join(root, "a.tar");
  };

  it("makes an archive of a directory, without links but with a word about them, and takes it apart again", async () => {
    await mkdir(join(root, "in", "deep", "empty"), { recursive: true });
    await writeFile(join(root, "in", "deep", "ä.txt"), "x".repeat(100_000));
    await writeFile(join(root, "in", "none"), "");
    await symlink("/etc/passwd", join(root, "in", "link"));
    await symlink("deep", join(root, "in", "deep", "back"));
    await unpackArchive(await archived(join(root, "in")), join(root, "out"));
    assert.deepEqual(leftOut.splice(0), ["deep/back", "link"]);
    assert.deepEqual((await readdir(join(root, "out"), { recursive: true })).sort(), [
      "deep",
      "deep/empty",
      "deep/ä.txt",
      "none",
    ]);
    assert.equal((await readFile(join(root, "out", "deep", "ä.txt"), "utf8")).length, 100_000);
    await fails(unpackArchive(join(root, "a.tar"), join(root, "out")), "usage/not-allowed");
  });

  for (const [what, name, type] of [
    ["a way out", "../evil", "0"],
    ["an absolute path", "/tmp/evil", "0"],
    ["a way out in the middle", "a/../../evil", "0"],
    ["a link", "link", "2"],
    ["a device", "device", "3"],
  ] as const) {
    it(`unpacks no archive with ${what}`, async () => {
      await writeFile(join(root, "bad.tar"), tarOf(name, type));
      await fails(unpackArchive(join(root, "bad.tar"), join(root, "out")), "usage/not-allowed");
      assert.deepEqual(await readdir(join(root, "out")), []);
    });
  }

  it("unpacks names that a system or a screen would take for something else as harmless ones, and hidden ones as they are", async () => {
    const names = [
      "a:b.txt",
      "c\\..\\d",
      "dir/nul.txt",
      "COM¹.txt",
      "conin$",
      "e\u001b[2J\u202ef",
      "..\u0001./x",
      ".gitignore",
      "end. ",
    ];
    const entries = names.map((name) => tarHeader(name, "0"));
    await writeFile(join(root, "odd.tar"), Buffer.concat([...entries, Buffer.alloc(1_024)]));
    await unpackArchive(join(root, "odd.tar"), join(root, "out"));
    const found = await readdir(join(root, "out"), { recursive: true, withFileTypes: true });
    assert.deepEqual(
      found
        .filter((each) => each.isFile())
        .map(({ name }) => name)
        .sort(),
      [".gitignore", "_nul.txt", "_COM¹.txt", "_conin$", "a_b.txt", "c_.._d", "e[2Jf", "end", "x"].sort(),
    );
    assert.deepEqual((await readdir(root)).sort(), ["odd.tar", "out"]);
  });

  it("unpacks no name twice", async () => {
    await writeFile(
      join(root, "bad.tar"),
      Buffer.concat([tarHeader("a", "0"), tarHeader("a", "0"), Buffer.alloc(1_024)]),
    );
    await fails(unpackArchive(join(root, "bad.tar"), join(root, "out")), "usage/not-allowed");
  });

  it("unpacks no archive whose headers would fill the memory, nor more directories than it may make", async () => {
    const endless = tarHeader("x", "x", 64 * 1024 * 1024);
    await writeFile(join(root, "bad.tar"), Buffer.concat([endless, Buffer.alloc(8 * 1024 * 1024, 0x20)]));
    await fails(unpackArchive(join(root, "bad.tar"), join(root, "out")), "usage/not-allowed");
    const deep = (i: number): string => `${Array.from({ length: 31 }, () => i.toString(36)).join("/")}/f`;
    const many = Array.from({ length: 40 }, (_, i) => tarHeader(deep(i), "0"));
    await writeFile(join(root, "many.tar"), Buffer.concat([...many, Buffer.alloc(1_024)]));
    const limits = { entriesMax: 1_000 };
    await assert.rejects(unpackArchive(join(root, "many.tar"), join(root, "out2"), limits), /too many/);
    await unpackArchive(join(root, "many.tar"), join(root, "out3"), { entriesMax: 2_000 });
  });

  it("unpacks nothing of what is no archive", async () => {
    await writeFile(join(root, "bad.tar"), "x".repeat(2_000));
    await fails(unpackArchive(join(root, "bad.tar"), join(root, "out")), "usage/not-allowed");
  });
});

/** An archive with one empty entry. */
const tarOf = (name: string, type: string): Buffer => Buffer.concat([tarHeader(name, type), Buffer.alloc(1_024)]);

function tarHeader(name: string, type: string, size = 0): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, each) => total + each, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
