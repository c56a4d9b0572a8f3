import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import { fileCommitment, fileKeysOf, sealChunk } from "../../src/crypto/file-chunk.ts";
import { fileBytesIn, plainBytesAt, shapeOf } from "../../src/crypto/file-shape.ts";
import { FILE_BITS, FILE_LIST } from "../../src/protocol/records/file.ts";
import { concat } from "../../src/verify/transcript.ts";
import { isFault } from "../../src/wire/fault.ts";
import { ChunkId } from "../../src/wire/ids.ts";
import { CHUNK_PLAIN_BYTES } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { p } from "../protocol/device.ts";
import { type MemoryDisk, memoryDisk, memoryParts } from "../sim/memory-parts.ts";
import { type SimChunks, simChunks } from "../sim/sim-chunks.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";
import { fillerBytes } from "../twin/write-file-vectors.ts";

/** A file of three chunks whose list names the second one in the place of the first, too. */
function fileWithHole() {
  const key = p.sha256(fillerBytes(1));
  const { chunkKey, topic } = fileKeysOf(p, key);
  const shape = shapeOf(600_000);
  const sealed = [1, 2].map((index) => {
    const bytes = plainBytesAt(shape, { level: 0, index }) ?? 0;
    const plain = new Uint8Array(bytes).fill(index + 1, 0, fileBytesIn(shape, index));
    return sealChunk(p, chunkKey, { level: 0, index, isLast: index === 2 }, plain);
  });
  const [second, last] = sealed.map((each) => p.sha256(each));
  assert(second && last);
  const list = sealChunk(p, chunkKey, { level: 1, index: 0, isLast: true }, concat(second, second, last));
  const root = ChunkId.from(p.sha256(list));
  const commitment = fileCommitment(p, key, 600_000, root);
  const about = { name: "hole.bin", type: "", size: 600_000, isDirectory: false, preview: undefined };
  return { manifest: { ...about, key, commitment, root }, topic, chunks: [list, ...sealed] };
}

describe("files of a group", function () {
  this.timeout(20_000);
  let world: World;
  let hub: SimChunks;
  let disks: Map<string, MemoryDisk>;
  let ada: SimDevice;
  let ben: SimDevice;
  let cleo: SimDevice;
  let group: string;
  let automaticBytes: number;

  const diskOf = (device: SimDevice): MemoryDisk => disks.get(device.name) ?? assert.fail("no disk");
  const filesOf = async (device: SimDevice): Promise<readonly FileView[]> =>
    (await world.call(device, "file-list", { group })).files;
  const fileOf = async (device: SimDevice): Promise<FileView> =>
    (await filesOf(device)).at(-1) ?? assert.fail("no file");
  const send = async (device: SimDevice, name: string, bytes: Uint8Array) => {
    diskOf(device).files.set(`/home/${name}`, bytes);
    return (await world.call(device, "file-send", { group, path: `/home/${name}` })).file;
  };
  const get = async (device: SimDevice, file: string, out?: string) =>
    (await world.call(device, "file-get", { group, file, waitMs: 60_000, ...(out === undefined ? {} : { out }) })).file;
  const fails = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => isFault(error) && error.code === code);
  const bits = (device: SimDevice): readonly string[] =>
    [...device.profile().records.keys()].filter((key) => key.startsWith(FILE_BITS.prefix));

  beforeEach(async () => {
    hub = simChunks();
    disks = new Map();
    automaticBytes = 0;
    world = await createWorld(1, 1, {
      files: (device, clock) => {
        const disk = disks.get(device) ?? memoryDisk();
        disks.set(device, disk);
        const settings = { downloads: "/downloads", automaticBytes };
        return { chunks: hub.of(device, clock), parts: memoryParts(disk), settings };
      },
    });
    const found = await people(world, "Ada", "Ben", "Cleo");
    assert(found[0] && found[1] && found[2]);
    [ada, ben, cleo] = [found[0], found[1], found[2]];
    group = (await world.call(ada, "group-create", { name: "walks" })).group.id;
    for (const other of [ben, cleo]) {
      const { contact } = await world.call(other, "whoami", {});
      await world.call(ada, "group-add", { group, account: contact });
    }
    await world.settle();
  });

  for (const size of [0, 1, 4_096, CHUNK_PLAIN_BYTES, CHUNK_PLAIN_BYTES + 1, 1_000_000]) {
    it(`of ${size} bytes come as they were sent`, async () => {
      const bytes = fillerBytes(size);
      await send(ada, "route.gpx", bytes);
      await world.settle(5_000);
      assert.equal((await fileOf(ada)).state, "sent");
      assert.equal((await fileOf(ben)).state, "offered");
      const { state, path, doneBytes } = await get(ben, "route.gpx");
      assert.deepEqual({ state, path, doneBytes }, { state: "here", path: "/downloads/route.gpx", doneBytes: size });
      assert.deepEqual(diskOf(ben).files.get("/downloads/route.gpx"), bytes);
      assert.deepEqual([...diskOf(ben).files.keys()], ["/downloads/route.gpx"]);
      assert.deepEqual(bits(ben), []);
    });
  }

  it("are lines of the conversation, with the file", async () => {
    await send(ada, "notes.txt", fillerBytes(10));
    await world.settle(5_000);
    const { messages } = await world.call(ben, "history", { group });
    const line = messages.at(-1);
    assert.equal(line?.kind, "file");
    assert.equal(line?.text, "notes.txt");
    assert.equal(line?.file?.type, "text/plain");
    assert.equal(line?.file?.state, "offered");
  });

  it("never replace what is there: another name, or a refusal where a path was given", async () => {
    diskOf(ben).files.set("/downloads/a.txt", fillerBytes(3));
    await send(ada, "a.txt", fillerBytes(10));
    await world.settle(5_000);
    await fails(get(ben, "a.txt", "/downloads/a.txt"), "usage/not-allowed");
    assert.equal((await get(ben, "a.txt")).path, "/downloads/a.txt (2)");
    assert.deepEqual(diskOf(ben).files.get("/downloads/a.txt"), fillerBytes(3));
  });

  it("that are here are not fetched again: they are where they are, or copied", async () => {
    await send(ada, "a.txt", fillerBytes(600_000));
    await world.settle(5_000);
    await get(ben, "a.txt");
    const before = hub.fetched.length;
    hub.stored.clear();
    hub.away.add("Ada");
    assert.equal((await get(ben, "a.txt")).path, "/downloads/a.txt");
    const copy = await get(ben, "a.txt", "/elsewhere/b.txt");
    assert.deepEqual([copy.state, copy.path], ["here", "/elsewhere/b.txt"]);
    assert.deepEqual(diskOf(ben).files.get("/elsewhere/b.txt"), fillerBytes(600_000));
    assert.equal(hub.fetched.length, before);
  });

  it("that nobody has keep no other from coming, and come when somebody has them again", async () => {
    const lost = ["a.txt", "b.txt", "c.txt", "d.txt"];
    for (const name of lost) await send(ada, name, fillerBytes(1_000));
    await world.settle(5_000);
    hub.stored.clear();
    hub.away.add("Ada");
    for (const file of lost)
      assert.equal((await world.call(ben, "file-get", { group, file, waitMs: 5_000 })).file.state, "waiting");
    await send(cleo, "e.txt", fillerBytes(1_000));
    await world.settle(5_000);
    assert.equal((await get(ben, "e.txt")).state, "here");
    hub.away.delete("Ada");
    await world.settle(60_000);
    assert.deepEqual(new Set((await filesOf(ben)).map(({ state }) => state)), new Set(["here"]));
  });

  it("that nobody has are asked for often at first, and seldom after a quarter of an hour", async () => {
    await send(ada, "a.txt", fillerBytes(1_000));
    await world.settle(5_000);
    hub.stored.clear();
    hub.away.add("Ada");
    let tries = 0;
    hub.onChunk = (device) => {
      if (device === "Ben") tries++;
    };
    void ben.call("file-get", { group, file: "a.txt" }).catch(() => undefined);
    await world.clock.pass(900_000);
    assert(tries >= 25, `${tries}`);
    tries = 0;
    await world.clock.pass(3_600_000);
    assert(tries >= 10 && tries <= 20, `${tries}`);
    hub.away.delete("Ada");
    hub.news();
    await world.clock.pass(1_000);
    assert.equal((await fileOf(ben)).state, "here");
  });

  it("small ones come by themselves, large ones do not", async () => {
    automaticBytes = 1_000;
    ben.crash();
    await world.settle(1_000);
    await send(ada, "small.txt", fillerBytes(1_000));
    await send(ada, "large.txt", fillerBytes(1_001));
    await world.settle(10_000);
    assert.deepEqual(
      (await filesOf(ben)).map(({ name, state }) => [name, state]),
      [
        ["small.txt", "here"],
        ["large.txt", "offered"],
      ],
    );
    assert.deepEqual(
      (await filesOf(cleo)).map(({ state }) => state),
      ["offered", "offered"],
    );
  });

  it("come by themselves, in a group that somebody was put into unasked, as if one person sent all of them", async () => {
    automaticBytes = 1_000;
    ben.crash();
    await world.settle(1_000);
    for (let i = 0; i < 32; i++) await send(ada, `${i}.bin`, fillerBytes(1_000));
    await world.settle(10_000);
    await send(cleo, "cleos.bin", fillerBytes(1_000));
    await world.settle(10_000);
    const states = (await filesOf(ben)).map(({ state }) => state);
    assert.deepEqual([states.filter((each) => each === "here").length, states.at(-1)], [32, "offered"]);
    await world.call(ben, "send", { group, text: "hello" });
    await world.settle(1_000);
    await send(cleo, "later.bin", fillerBytes(1_000));
    await world.settle(10_000);
    assert.equal((await fileOf(ben)).state, "here");
  });

  it("whose list names one chunk twice fail: nothing is called fetched that has holes", async () => {
    const { manifest, topic, chunks } = fileWithHole();
    hub.stored.set(toHex(topic), new Map(chunks.map((each) => [toHex(p.sha256(each)), each])));
    const saved = { path: "/home/hole.bin", isSpool: false, modified: 0 };
    await world.put(ada, { kind: "send-file", group: ada.group(group).group, manifest, saved, call: "aa" });
    await world.settle(5_000);
    const { state, reason } = await get(ben, "hole.bin");
    assert.equal(state, "failed");
    assert.match(reason ?? "", /not as it was sent/);
    assert.deepEqual([...diskOf(ben).files.keys()], []);
  });

  it("come where somebody wants them, also while they are coming by themselves", async () => {
    automaticBytes = 1_000;
    ben.crash();
    await world.settle(1_000);
    hub.refusal = "the relay is full";
    hub.away.add("Ada"); // so that it cannot come yet
    await send(ada, "small.txt", fillerBytes(1_000));
    await world.settle(10_000);
    assert.equal((await fileOf(ben)).state, "waiting");
    const getting = ben.call("file-get", { group, file: "small.txt", out: "/elsewhere/b.txt" });
    hub.away.delete("Ada");
    assert.equal((await world.during(getting)).file.path, "/elsewhere/b.txt");
    assert.deepEqual(diskOf(ben).files.get("/elsewhere/b.txt"), fillerBytes(1_000));
  });

  it("go on where they stood when sender and receiver die again and again", async () => {
    const bytes = fillerBytes(5_000_000);
    diskOf(ada).files.set("/home/film.mkv", bytes);
    void ada.call("file-send", { group, path: "/home/film.mkv" }).catch(() => undefined);
    await world.clock.pass(200);
    let given = 0;
    hub.chunkMs = 400;
    hub.onChunk = (device) => {
      given++;
      const who = device === "Ada" ? ada : ben;
      if (given % 7 === 0 && given < 60) who.crash();
    };
    for (let round = 0; round < 30; round++) {
      await world.clock.pass(5_000);
      for (const device of [ada, ben]) if (!device.alive()) await world.during(device.start());
      if (round === 5) void ben.call("file-get", { group, file: "film.mkv" }).catch(() => undefined);
    }
    assert.equal((await fileOf(ada)).state, "sent");
    assert.equal((await fileOf(ben)).state, "here");
    assert.deepEqual(diskOf(ben).files.get("/downloads/film.mkv"), bytes);
    const ids = hub.fetched.filter(({ by }) => by === "Ben").map(({ id }) => id);
    assert(ids.length < 2 * new Set(ids).size, "what was saved is not fetched again");
  });

  it("come from members when no relay takes them, and are sent then", async () => {
    hub.refusal = "the relay is full";
    await send(ada, "map.pdf", fillerBytes(600_000));
    await world.settle(2_000);
    const refused = await fileOf(ada);
    assert.deepEqual([refused.state, refused.reason], ["sending", "the relay is full"]);
    assert.equal((await get(ben, "map.pdf")).state, "here");
    await world.settle(2_000);
    assert.equal((await fileOf(ada)).state, "sent");
    assert(hub.fetched.every(({ from }) => from === "Ada"));
  });

  it("are brought back by somebody who has them, after a member asked for what has expired", async () => {
    await send(ada, "map.pdf", fillerBytes(600_000));
    await world.settle(5_000);
    await get(ben, "map.pdf");
    await world.settle(60_000);
    hub.stored.clear();
    hub.away.add("Ada").add("Ben"); // not reached directly
    ada.crash();
    const waiting = cleo.call("file-get", { group, file: "map.pdf" });
    await world.clock.pass(5_000);
    const view = await fileOf(cleo);
    assert.equal(view.state, "waiting");
    assert.deepEqual(
      view.holders?.map(({ name }) => name),
      ["Ada", "Ben"],
    );
    hub.away.delete("Ben");
    assert.equal((await world.during(waiting)).file.state, "here");
    assert.deepEqual(diskOf(cleo).files.get("/downloads/map.pdf"), fillerBytes(600_000));
  });

  it("are put on the relay again by their sender when somebody asks", async () => {
    await send(ada, "map.pdf", fillerBytes(600_000));
    await world.settle(5_000);
    hub.stored.clear();
    hub.away.add("Ben"); // nobody reaches it, nor it anybody, but for the relay
    const getting = ben.call("file-get", { group, file: "map.pdf" });
    assert.equal((await world.during(getting)).file.state, "here");
    assert(hub.fetched.every(({ from }) => from === "relay"));
  });

  it("are not put there again and again for whoever keeps asking", async () => {
    await send(ada, "map.pdf", fillerBytes(600_000));
    await world.settle(5_000);
    for (const other of [ben, cleo]) hub.away.add(other.name);
    hub.away.add("Ada");
    const asksFor = async (device: SimDevice): Promise<void> => {
      hub.stored.clear(); // whoever can read the file can have the relay forget it
      void device.call("file-get", { group, file: "map.pdf" }).catch(() => undefined);
      await world.clock.pass(20_000);
    };
    hub.away.delete("Ada");
    await asksFor(ben);
    assert.equal(hub.stored.size, 1);
    ben.crash();
    await asksFor(cleo);
    assert.equal(hub.stored.size, 0);
    await world.clock.pass(700_000);
    assert.equal((await fileOf(cleo)).state, "here", "somebody honest waits ten minutes");
  });

  it("end when they are cancelled, and leave nothing on the disk or at the relay", async () => {
    hub.isRelayUp = false;
    hub.away.add("Ada");
    await send(ada, "big.iso", fillerBytes(3_000_000));
    await world.settle(2_000);
    const getting = ben.call("file-get", { group, file: "big.iso" });
    await world.clock.pass(2_000);
    assert.equal((await world.call(ben, "file-cancel", { group, file: "big.iso" })).file.state, "cancelled");
    assert.equal((await world.during(getting)).file.state, "cancelled");
    assert.deepEqual([...diskOf(ben).files.keys()], []);
    assert.equal((await world.call(ada, "file-cancel", { group, file: "big.iso" })).file.state, "cancelled");
    await world.settle(60_000);
    assert.equal(hub.stored.size, 0);
    const lists = [...ada.profile().records.keys()].filter((key) => key.startsWith(FILE_LIST.prefix));
    assert.deepEqual(lists, []);
    await fails(world.call(ada, "file-cancel", { group, file: "big.iso" }), "usage/not-allowed");
  });

  it("are whole when they are fetched anew right after they were cancelled, while the disk is slow", async () => {
    const bytes = fillerBytes(3_000_000);
    await send(ada, "big.iso", bytes);
    await world.settle(5_000);
    let synced = (): void => undefined;
    diskOf(ben).syncing = () =>
      new Promise((resolve) => {
        synced = resolve;
      });
    const getting = ben.call("file-get", { group, file: "big.iso" });
    await world.clock.pass(5);
    assert((await fileOf(ben)).doneBytes > 0);
    await world.call(ben, "file-cancel", { group, file: "big.iso" });
    const again = ben.call("file-get", { group, file: "big.iso", waitMs: 60_000 });
    await world.clock.pass(5);
    diskOf(ben).syncing = async () => undefined;
    synced();
    assert.equal((await world.during(again)).file.state, "here");
    await world.during(getting);
    assert.deepEqual(diskOf(ben).files.get("/downloads/big.iso"), bytes);
  });

  it("fail with the reason when the disk is full, and can be fetched again when it is not", async () => {
    await send(ada, "big.iso", fillerBytes(3_000_000));
    await world.settle(5_000);
    diskOf(ben).room = 1_000_000;
    const failed = await get(ben, "big.iso");
    assert.equal(failed.state, "failed");
    assert.match(failed.reason ?? "", /full/);
    assert.deepEqual([...diskOf(ben).files.keys()], []);
    diskOf(ben).room = Number.POSITIVE_INFINITY;
    assert.equal((await get(ben, "big.iso")).state, "here");
  });

  it("that the disk has no more room for keep what has come, say so, and go on when there is room", async () => {
    const bytes = fillerBytes(3_000_000);
    await send(ada, "big.iso", bytes);
    await world.settle(5_000);
    let given = 0;
    hub.onChunk = () => {
      if (++given === 4) diskOf(ben).room = 1_000_000;
    };
    const getting = ben.call("file-get", { group, file: "big.iso", waitMs: 3_600_000 });
    await world.clock.pass(10_000);
    const { state, reason, doneBytes } = await fileOf(ben);
    assert.equal(state, "fetching");
    assert.match(reason ?? "", /\/downloads is full: .* kept/);
    assert(doneBytes > 500_000 && doneBytes <= 1_000_000, `${doneBytes}`);
    const before = hub.fetched.length;
    diskOf(ben).room = Number.POSITIVE_INFINITY;
    assert.equal((await world.during(getting)).file.state, "here");
    assert.deepEqual(diskOf(ben).files.get("/downloads/big.iso"), bytes);
    assert(hub.fetched.length - before <= 3_000_000 / CHUNK_PLAIN_BYTES + 1 - 2, "what was kept is not fetched again");
    assert.equal((await fileOf(ben)).reason, undefined);
  });

  it("have one name also when the program dies between naming one and noting that", async () => {
    const bytes = fillerBytes(600_000);
    await send(ada, "map.pdf", bytes);
    await world.settle(5_000);
    diskOf(ben).onNamed = () => ben.crash();
    void ben.call("file-get", { group, file: "map.pdf" }).catch(() => undefined);
    await world.clock.pass(5_000);
    assert(diskOf(ben).files.has("/downloads/map.pdf"), "it has its name");
    diskOf(ben).onNamed = () => undefined;
    await world.during(ben.start());
    await world.settle(5_000);
    const { state, path } = await fileOf(ben);
    assert.deepEqual([state, path], ["here", "/downloads/map.pdf"]);
    assert.deepEqual([...diskOf(ben).files.keys()], ["/downloads/map.pdf"]);
    assert.deepEqual(diskOf(ben).files.get("/downloads/map.pdf"), bytes);
  });

  it("come although somebody gives false chunks, who is named: a relay by its address, a member as far as it is known", async () => {
    await send(ada, "map.pdf", fillerBytes(600_000));
    await world.settle(5_000);
    for (const [liar, name] of [
      [
        { kind: "relay", address: "/dns4/relay.example/tcp/33001/p2p/12D3" },
        "the relay /dns4/relay.example/tcp/33001/p2p/12D3",
      ],
      [{ kind: "member", peerId: "12D3KooWxyz" }, "a member (12D3KooWxyz)"],
    ] as const) {
      hub.liar = liar;
      const device = liar.kind === "relay" ? ben : cleo;
      assert.equal((await get(device, "map.pdf")).state, "here");
      const told = device.shown.flatMap((event) =>
        event.event === "file" && event.file.reason ? [event.file.reason] : [],
      );
      assert.equal(told[0]?.startsWith(`${name} gave other bytes than those of this file`), true, told[0]);
      const warned = device.shown.flatMap((event) => (event.event === "warning" ? [event] : []));
      assert.equal(warned[0]?.code, "false-chunks");
      assert.equal(warned[0]?.relay, liar.kind === "relay" ? liar.address : undefined);
    }
  });

  it("are not put where there is no directory", async () => {
    await send(ada, "a.txt", fillerBytes(10));
    await world.settle(5_000);
    for (const out of ["/no/where", "/no/where/", "/elsewhere/b.txt/"])
      await fails(get(ben, "a.txt", out), "usage/not-found");
    assert.equal((await fileOf(ben)).state, "offered");
  });

  it("that could be read only once are kept for thirty days after they were sent, and no longer", async () => {
    const spools = (): readonly string[] =>
      [...diskOf(ada).files.keys()].filter((path) => path.startsWith("/profile/"));
    diskOf(ada).streams.set("/run/socket", [fillerBytes(400_000)]);
    await world.call(ada, "file-send", { group, path: "/run/socket", name: "dump.sql" });
    await world.settle(5_000);
    diskOf(ada).files.set("/profile/left-by-a-crash", fillerBytes(9));
    const restart = async (): Promise<void> => {
      ada.crash();
      await world.during(ada.start());
    };
    await restart();
    assert.equal(spools().length, 1);
    hub.stored.clear();
    assert.equal((await get(ben, "dump.sql")).state, "here", "it is still given");
    await world.clock.pass(30 * 86_400_000);
    await restart();
    assert.deepEqual(spools(), []);
    assert.equal((await fileOf(ada)).state, "sent");
  });

  it("fail at their sender when the file is changed before all of it has left", async () => {
    hub.isRelayUp = false;
    await send(ada, "log.txt", fillerBytes(600_000));
    diskOf(ada).files.set("/home/log.txt", new Uint8Array(600_000)); // as long as before
    hub.isRelayUp = true;
    hub.news();
    await world.settle(60_000);
    const { state, reason } = await fileOf(ada);
    assert.equal(state, "failed");
    assert.match(reason ?? "", /changed/);
  });

  it("can be a stream, which is kept sealed until it is elsewhere, and a directory", async () => {
    const pieces = [fillerBytes(100), fillerBytes(400_000), fillerBytes(200_000)];
    diskOf(ada).streams.set("/run/socket", pieces);
    await world.call(ada, "file-send", { group, path: "/run/socket", name: "dump.sql" });
    diskOf(ada).directories.add("/home/photos");
    diskOf(ada).streams.set("/home/photos", [fillerBytes(1_024)]);
    const { leftOut } = await world.call(ada, "file-send", { group, path: "/home/photos" });
    assert.deepEqual(leftOut, { count: 1, names: ["latest"] });
    await world.settle(5_000);
    const whole = Uint8Array.from(pieces.flatMap((each) => [...each]));
    assert.equal((await get(ben, "dump.sql")).state, "here");
    assert.deepEqual(diskOf(ben).files.get("/downloads/dump.sql"), whole);
    const archive = await get(ben, "photos.tar");
    assert.deepEqual([archive.directory, archive.type], [true, "application/x-tar"]);
    const kept = [...diskOf(ada).files].filter(([path]) => path.startsWith("/profile/")).map(([, bytes]) => bytes);
    assert(kept.every((bytes) => !Buffer.from(bytes).includes(Buffer.from(whole.subarray(1_000, 1_032)))));
  });

  it("repeated under one id are one message", async () => {
    diskOf(ada).files.set("/home/a.txt", fillerBytes(9));
    const params = { group, path: "/home/a.txt" };
    const first = await world.during(ada.call("file-send", params, "the same"));
    const second = await world.during(ada.call("file-send", params, "the same"));
    assert.deepEqual(first.message, second.message);
    assert.equal((await filesOf(ada)).length, 1);
  });

  it("are told of while they move, at most four times a second", async () => {
    await send(ada, "film.mkv", fillerBytes(8_000_000));
    await world.settle(5_000);
    const before = world.clock.nowMs();
    await get(ben, "film.mkv");
    const told = ben.shown.filter((event) => event.event === "file");
    const moving = told.filter((event) => event.file.state === "fetching");
    assert(moving.some(({ file }) => file.doneBytes > 0 && file.bytesPerSecond !== undefined));
    assert(moving.length <= 3 + Math.ceil((world.clock.nowMs() - before) / 250));
    assert.equal(told.at(-1)?.file.state, "here");
  });
});
