import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { FileTools } from "../../src/cli/compose-files.ts";
import type { FileView } from "../../src/client/file-api.ts";
import { createFileDoor, type FileCall } from "../../src/gui/file-door.ts";
import { Fault } from "../../src/wire/fault.ts";

const PNG = Buffer.from("89504e470d0a1a0a0000000d494844520000000100000001", "hex");

const view = (change: Partial<FileView>): FileView => ({
  id: "f1",
  name: "a.bin",
  sizeBytes: 3,
  type: "text/html",
  state: "here",
  doneBytes: 3,
  ...change,
});

describe("Files between browser and profile", () => {
  let directory: string;
  let asked: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[];
  let offers: string[];
  beforeEach(async () => {
    offers = [];
    directory = await mkdtemp(join(tmpdir(), "hermes-door-"));
    asked = [];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const offer: FileTools["offer"] = async (input) => {
    for await (const part of input) offers.push(String(part));
    return { path: "/offered/1", close: async () => void offers.push("closed") };
  };
  const door = (answer: (method: string, params: Readonly<Record<string, unknown>>) => unknown) => {
    const call = (async (method: string, params: Readonly<Record<string, unknown>>) => {
      asked.push({ method, params });
      return answer(method, params);
    }) as unknown as FileCall;
    return createFileDoor({ directory, call, offer });
  };
  const body = (text: string) => new Response(text).body ?? assert.fail();
  const uploads = () => (existsSync(join(directory, "uploads")) ? readdirSync(join(directory, "uploads")) : []);
  const sent = (state: FileView["state"]) => ({ message: { id: "f1" }, file: view({ state }), state: "queued" });

  it("put an upload on the disk for this user alone while it is handed over, and not a moment longer", async () => {
    let seen: readonly [text: string, modes: readonly number[]] | undefined;
    const { take } = door((_, { picture }) => {
      const path = String(picture);
      assert.ok(path.startsWith(join(directory, "uploads")));
      seen = [readFileSync(path, "utf8"), [path, join(path, "..")].map((each) => statSync(each).mode & 0o777)];
      return sent("sending");
    });
    const taken = await take({ group: "a1", name: "../../evil.sh", type: "image/png", body: body("all of it") });
    assert.equal(taken.file.id, "f1");
    const { path, name, type } = asked[0]?.params ?? assert.fail();
    assert.deepEqual([path, name, type], ["/offered/1", "../../evil.sh", "image/png"]);
    assert.deepEqual(seen, ["all of it", [0o600, 0o700]]);
    assert.deepEqual([uploads(), offers], [[], ["all of it", "closed"]]);
  });

  it("leave nothing of an upload that is refused or breaks off", async () => {
    const refusing = door(() => {
      throw new Fault("usage/not-allowed", "You are not in this group.");
    });
    await assert.rejects(refusing.take({ group: "a1", name: "", type: "", body: body("x") }), {
      code: "usage/not-allowed",
    });
    const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("gone")) });
    await assert.rejects(refusing.take({ group: "a1", name: "", type: "", body: broken }), { message: "gone" });
    assert.deepEqual([uploads(), asked.length], [[], 1]);
  });

  it("remove what a killed program has left, and nothing of one that runs", async () => {
    for (const name of ["1-aa", "1-old", "999999999-bb", `${process.pid}-cc`])
      await mkdir(join(directory, "uploads", name), { recursive: true });
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
    await utimes(join(directory, "uploads", "1-old"), twoDaysAgo, twoDaysAgo);
    await door(() => undefined).tidy();
    assert.deepEqual(uploads(), ["1-aa"]);
  });

  it("give a file to be saved, never to be run, whatever its sender calls it", async () => {
    const path = join(directory, "a.html");
    await writeFile(path, "<script>1</script>");
    const { give } = door(() => ({ files: [view({ path, name: 'ä"\r\nx: y.html' })] }));
    const { headers, body: bytes } = (await give("a1", "f1", "save")) ?? assert.fail();
    assert.equal(await new Response(bytes).text(), "<script>1</script>");
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.equal(headers["content-disposition"], "attachment; filename*=UTF-8''%C3%A4%22%0D%0Ax%3A%20y.html");
    assert.match(headers["content-security-policy"] ?? "", /sandbox/);
  });

  it("show pictures by their first bytes, and nothing that only claims to be one", async () => {
    const [picture, page] = [join(directory, "a.png"), join(directory, "b.png")];
    await writeFile(picture, PNG);
    await writeFile(page, "<svg onload=alert(1)>");
    const files = [
      view({ id: "f1", path: picture, type: "text/html" }),
      view({ id: "f2", path: page, type: "image/png" }),
    ];
    const { give } = door(() => ({ files }));
    assert.equal((await give("a1", "f1", "show"))?.headers["content-type"], "image/png");
    assert.equal(await give("a1", "f2", "show"), undefined);
  });

  it("give nothing that is not here, is gone, or is no file of the group", async () => {
    const files = [
      view({ id: "f1", state: "offered", path: join(directory, "x") }),
      view({ id: "f2", path: join(directory, "gone") }),
    ];
    const { give } = door(() => ({ files }));
    for (const id of ["f1", "f2", "f3"]) assert.equal(await give("a1", id, "save"), undefined);
  });
});
