import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import { startLyingRelay } from "./scene/lying-relay.ts";
import type { Person } from "./scene/person.ts";
import { freePort, type Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { createSmallDisk } from "./scene/small-disk.ts";

/** MiB of the large file; a campaign asks for more. */
const LARGE_MIB = Number(process.env["HERMES_FILE_MIB"] ?? 256);
const LARGE_BYTES = LARGE_MIB * 1024 * 1024;
/** Bytes that a process may use above what it uses when idle. */
const MEMORY_BYTES = 60 * 1024 * 1024;

describe("files between processes", function () {
  this.timeout(10 * PATIENCE_MS * Math.max(1, LARGE_MIB / 256));
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let ben: Person;
  let group: string;

  const path = (name: string): string => join(scene.directory, name);
  const written = async (name: string, bytes: number): Promise<string> => {
    const file = await open(path(name), "w");
    for (let at = 0; at < bytes; at += 1_048_576) await file.write(randomBytes(Math.min(1_048_576, bytes - at)));
    await file.close();
    return path(name);
  };
  const digest = async (file: string): Promise<string> => {
    const hash = createHash("sha256");
    const handle = await open(file);
    for await (const piece of handle.createReadStream()) hash.update(piece);
    return hash.digest("hex");
  };
  const fileOf = async (person: Person, ...args: readonly string[]): Promise<FileView> => {
    const all = await person.askAll<{ readonly file: FileView }>(...args);
    return all.at(-1)?.file ?? assert.fail("no file");
  };

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    const ports = [await freePort(), await freePort()];
    const at = (port: number | undefined): string => `/ip4/127.0.0.1/tcp/${port}`;
    const member = (name: string, mine: number, other: number): Promise<Person> =>
      scene.person(name, [relay.address], {
        env: {
          HERMES_NO_LISTEN: undefined,
          HERMES_LISTEN: at(ports[mine]),
          HERMES_PEERS: at(ports[other]),
          HERMES_AUTOMATIC_DOWNLOAD_BYTES: "1000",
          HERMES_DOWNLOADS: path(`downloads-${name}`),
        },
      });
    [ana, ben] = await Promise.all([member("ana", 0, 1), member("ben", 1, 0)]);
    group = await ana.createGroup("film club");
    const link = await ana.invite(group);
    const door = ana.listen();
    await door.ready();
    assert.equal((await ben.join(link)).state, "joined");
    door.signal("SIGINT");
    await door.ended;
  });
  after(() => scene.end());

  it("go by commands alone, one after the other, neither side there when the other is", async () => {
    const sent = await fileOf(ana, "send-file", group, await written("notes.pdf", 700_000));
    assert.equal(sent.state, "sent");
    await ben.sync();
    assert.equal((await ben.history(group)).at(-1)?.file?.name, "notes.pdf");
    const here = await fileOf(ben, "get-file", group, "notes.pdf");
    assert.equal(here.path, path("downloads-ben/notes.pdf"));
    assert.equal(await digest(here.path ?? ""), await digest(path("notes.pdf")));
    const again = await fileOf(ben, "get-file", group, "notes.pdf", "--out", path("other.pdf"));
    assert.equal(again.path, path("other.pdf"));
  });

  it(`${LARGE_MIB} MiB go through the relay, and on by a direct path when it is gone, in little memory`, async () => {
    const large = await written("film.mkv", LARGE_BYTES);
    const expected = await digest(large);
    const windows = [ana.listen(), ben.listen()] as const;
    for (const window of windows) await window.event("peer", ({ peer }) => peer.state === "connected");
    const processes = [relay.process(), ...windows];
    const idle = processes.map((each) => memoryOf(each).now);
    assert.equal((await fileOf(ana, "send-file", group, large)).state, "sent");
    const here = await fileOf(ben, "get-file", group, "film.mkv");
    assert.equal(await digest(here.path ?? ""), expected);
    const used = processes.map((each, i) => memoryOf(each).peak - (idle[i] ?? 0));
    await relay.kill();
    const direct = await written("direct.mkv", LARGE_BYTES / 4);
    await fileOf(ana, "send-file", group, direct, "--no-wait");
    await windows[1].event("message", ({ message }) => message.file?.name === "direct.mkv");
    const there = await fileOf(ben, "get-file", group, "direct.mkv");
    assert.equal(await digest(there.path ?? ""), await digest(direct));
    await windows[0].event("file", ({ file }) => file.name === "direct.mkv" && file.state === "sent");
    for (const window of windows) window.signal("SIGINT");
    for (const window of windows) await window.ended;
    await relay.restart();
    assert(
      used.every((each) => each < MEMORY_BYTES),
      `${used}`,
    );
  });
  it("go on after sender, relay and receiver were killed in the middle, and a command was stopped", async () => {
    const bytes = LARGE_BYTES / 4;
    const file = await written("killed.mkv", bytes);
    const moving = (one: HermesProcess): Promise<unknown> =>
      one.until("some progress", (objects) => (objects as readonly Progress[]).find(isMoving));
    const sending = ana.start(["send-file", group, file]);
    await moving(sending);
    sending.signal("SIGKILL");
    await sending.ended;
    await relay.kill();
    await relay.restart();
    const stopped = ana.listen();
    await moving(stopped);
    stopped.signal("SIGINT");
    assert.equal((await stopped.ended).code, 0);
    const window = ana.listen();
    await window.event("file", (event) => event.file.name === "killed.mkv" && event.file.state === "sent");
    window.signal("SIGINT");
    await window.ended;
    await ben.sync();
    const getting = ben.start(["get-file", group, "killed.mkv"]);
    await moving(getting);
    getting.signal("SIGKILL");
    await getting.ended;
    const [before] = (await ben.askAll<Progress>("files", group)).filter(
      ({ file: each }) => each.name === "killed.mkv",
    );
    assert(before && ["fetching", "here"].includes(before.file.state));
    const here = await fileOf(ben, "get-file", group, "killed.mkv");
    assert.equal(here.state, "here");
    assert.equal(await digest(here.path ?? ""), await digest(file));
    const left = (await readdir(path("downloads-ben"))).filter((name) => name.startsWith("."));
    assert.deepEqual(left, []);
  });

  it("of two people who send at once come to the other whole", async () => {
    const bytes = LARGE_BYTES / 16;
    const [hers, his] = [await written("hers.mkv", bytes), await written("his.mkv", bytes)];
    const sending = [fileOf(ana, "send-file", group, hers), fileOf(ben, "send-file", group, his)];
    for (const { state } of await Promise.all(sending)) assert.equal(state, "sent");
    await Promise.all([ana.sync(), ben.sync()]);
    const getting = [fileOf(ana, "get-file", group, "his.mkv"), fileOf(ben, "get-file", group, "hers.mkv")];
    const [at, to] = await Promise.all(getting);
    assert.equal(await digest(at?.path ?? ""), await digest(his));
    assert.equal(await digest(to?.path ?? ""), await digest(hers));
  });

  it("wait for room on a full disk: a sentence says so, what came is kept, and the rest follows", async function () {
    const disk = await createSmallDisk(path("small"), 40 * 1_048_576);
    if (disk.needsRestart) this.skip(); // mounting is not allowed here
    try {
      const file = await written("map.iso", 6 * 1_048_576);
      assert.equal((await fileOf(ana, "send-file", group, file)).state, "sent");
      await ben.sync();
      const window = ben.listen();
      await window.ready();
      await relay.kill();
      const get = ["get-file", group, "map.iso", "--out", disk.directory, "--wait", "1"];
      assert.equal((await ben.run(get)).code, 1);
      await disk.fill();
      await truncate(join(disk.directory, "filler"), 38 * 1_048_576);
      await relay.restart();
      const { file: full } = await window.event("file", (event) => /is full/.test(event.file.reason ?? ""));
      assert.equal(full.state, "fetching");
      assert.match(full.reason ?? "", /^the disk that holds \S+ is full: .{20,80}$/);
      assert(full.doneBytes < full.sizeBytes);
      const parts = (await readdir(disk.directory)).filter((name) => name.startsWith(".hermes-"));
      assert.equal(parts.length, 1);
      await disk.free();
      const here = await fileOf(ben, ...get);
      assert.equal(here.path, join(disk.directory, "map.iso"));
      assert.equal(await digest(here.path), await digest(file));
      assert.deepEqual(await readdir(disk.directory), ["map.iso"]);
      window.signal("SIGINT");
      await window.ended;
    } finally {
      disk.close();
    }
  });

  it("do not come from a relay that swaps, changes and withholds chunks: it is named, and the sender brings them", async () => {
    const names = ["swapped.txt", "changed.txt", "withheld.txt"];
    for (const name of names)
      assert.equal((await fileOf(ana, "send-file", group, await written(name, 1_500_000))).state, "sent");
    await ben.sync();
    await relay.stop();
    const liar = await startLyingRelay(relay, ["swap", "flip", "drop"]);
    try {
      const window = ben.listen();
      await window.event("status", (event) => event.relay.state === "connected");
      for (const name of names) assert.equal((await ben.run(["get-file", group, name, "--wait", "1"])).code, 1);
      const warnings = new Set<number>();
      const { relay: named, message } = await window.event(
        "warning",
        ({ code }, index) => code === "false-chunks" && warnings.add(index).size === 2,
      );
      assert.equal(named, relay.address);
      assert.match(message, /thrown away/);
      const stuck = (await ben.askAll<Progress>("files", group)).filter(({ file }) => names.includes(file.name));
      const blames = stuck.map(({ file }) =>
        (file.reason ?? "").includes(`the relay ${relay.address} gave other bytes`),
      );
      assert.deepEqual(blames, [true, true, false]);
      const sender = ana.listen();
      for (const name of names) {
        await window.event("file", ({ file }) => file.name === name && file.state === "here");
        assert.equal(await digest(path(`downloads-ben/${name}`)), await digest(path(name)));
      }
      assert.equal(window.events().filter((event) => event.event === "warning").length, 2);
      for (const each of [window, sender]) each.signal("SIGINT");
      for (const each of [window, sender]) await each.ended;
    } finally {
      await liar.stop();
      await relay.restart();
    }
  });

  it("can be a directory, or standard input, and are cancelled with nothing left", async () => {
    await mkdir(path("photos/2026"), { recursive: true });
    await writeFile(path("photos/2026/a.txt"), "hello");
    await fileOf(ana, "send-file", group, path("photos"));
    const { code, objects } = await ana.run(["send-file", group, "-", "--name", "dump.sql"], "select 1;");
    assert.equal(code, 0, JSON.stringify(objects));
    const chat = ana.start(["chat", group], `/file ${await written("from a chat.txt", 10)}\n/files\n`);
    assert.equal((await chat.ended).code, 0);
    await ben.sync();
    assert.equal((await ben.history(group)).at(-1)?.file?.name, "from a chat.txt");
    const out = ["--out", path("unpacked"), "--unpack"];
    await mkdir(path("unpacked"));
    await fileOf(ben, "get-file", group, "photos.tar", ...out);
    assert.equal(await readFile(path("unpacked/photos/2026/a.txt"), "utf8"), "hello");
    const dump = (await ben.askAll<Progress>("files", group)).find(({ file }) => file.name === "dump.sql");
    const fetched = dump?.file.state === "here" ? dump.file : await fileOf(ben, "get-file", group, "dump.sql");
    assert.equal(await readFile(fetched.path ?? "", "utf8"), "select 1;");
    assert.equal((await fileOf(ana, "cancel-file", group, "dump.sql")).state, "cancelled");
    const none = { exit: 1, code: "usage/not-found" };
    const { exit, code: refusal } = await ben.refused(["get-file", group, "nothing.txt"]);
    assert.deepEqual({ exit, code: refusal }, none);
    assert.equal((await ana.refused(["send-file", group, path("nowhere")])).code, "usage/not-found");
  });
});

interface Progress {
  readonly file: FileView;
}

/** An event of a file of which something, and not all, is through. */
function isMoving({ file }: Partial<Progress>): boolean {
  return file !== undefined && file.doneBytes > 0 && file.doneBytes < file.sizeBytes;
}

/** Resident memory of a process (bytes), and the most that it ever had. */
function memoryOf({ pid }: HermesProcess): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return { now: kib("VmRSS") * 1024, peak: kib("VmHWM") * 1024 };
}
