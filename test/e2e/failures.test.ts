import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { type Person, type Refusal, textsBy } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { createSmallDisk, type SmallDisk } from "./scene/small-disk.ts";

/** Room for a profile or a relay with its logs, and a little more. */
const DISK_BYTES = 12 * 1_048_576;
/** A PeerId that is no relay's. */
const STRANGER = "12D3KooWGgAMRPL6UwFfXAcHEuN2bH1Fh1Z7ZB9vfjxV4gUHDQ1d";

/** One sentence for people: what went wrong, what that means, what to do; no stack, no second line. */
function assertSentence({ message }: Pick<Refusal, "message">): void {
  assert.doesNotMatch(message, /\n|Error:|\bat .*:\d+:\d+/);
  assert(message.length > 40 && message.length < 400, message);
}

describe("when something is wrong", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let ben: Person;
  let group: string;
  const disks: SmallDisk[] = [];

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    [ana, ben] = await Promise.all([scene.person("ana", [relay.address]), scene.person("ben", [relay.address])]);
    group = await ana.createGroup("plans");
    await ana.ask("group", "add", group, (await ben.whoami()).contact);
  });
  afterEach(() => {
    for (const disk of disks.splice(0)) disk.close();
  });
  after(() => scene.end());

  async function smallDisk(name: string): Promise<SmallDisk> {
    const disk = await createSmallDisk(join(scene.directory, name), DISK_BYTES);
    disks.push(disk);
    return disk;
  }

  it("a relay that cannot be reached: messages are queued with exit code 0, and leave by themselves once it is back", async () => {
    await relay.kill();
    const texts = ["nobody home 1", "nobody home 2"];
    for (const text of texts) assert.equal((await ana.send(group, text, "--wait", "1")).state, "queued");
    const owner = ana.listen();
    const { relay: seen } = await owner.event("status", ({ relay: { state } }) => state === "unreachable");
    assert.match(seen.reason ?? "", /no relay is running at this address/);
    assert.equal((await ana.status()).outbox, 2);
    const states = (await ana.history(group)).map(({ state }) => state);
    assert.deepEqual(states, ["queued", "queued"]);
    await relay.restart();
    await owner.event("sent", () => true);
    await ben.listen().texts("ana", texts);
    assert.equal((await ana.status()).outbox, 0);
  });

  it("another program at the relay's address: it is refused by name of the reason, and what is written waits", async () => {
    const wrong = relay.address.replace(/[^/]+$/, STRANGER);
    const person = await scene.person("otto", [wrong]);
    const own = await person.createGroup("alone");
    assert.equal((await person.send(own, "kept here", "--wait", "1")).state, "queued");
    const listener = person.listen();
    const { relay: seen } = await listener.event("status", ({ relay: { state } }) => state === "refused");
    assert.equal(seen.address, wrong);
    assert.match(seen.reason ?? "", /its identity is not the one in the relay's address/);
    assert.deepEqual(textsBy(await person.history(own), "otto"), ["kept here"]);
  });

  it("an address that is none: a mistake in usage, and no profile is made", async () => {
    const nobody = scene.stranger("nobody");
    for (const address of ["relay.example.org:33001", "/ip4/127.0.0.1/tcp/33001", ""]) {
      const refusal = await nobody.refused(["init", "--name", "x", "--relay", address]);
      assert.deepEqual([refusal.exit, refusal.code], [2, "usage/bad-argument"]);
      assertSentence(refusal);
    }
    assert.equal((await nobody.refused(["whoami"])).code, "usage/no-profile");
  });

  it("a link that is cut, mistyped, for something else or no link: one sentence, and nothing happened", async () => {
    const link = await ana.invite(group);
    const mistyped = `${link.slice(0, 40)}${link[40] === "A" ? "B" : "A"}${link.slice(41)}`;
    await ben.sync();
    const groups = await ben.askAll("group", "list");
    for (const bad of [link.slice(0, -7), link.slice(3), mistyped, `${link}x`, (await ana.whoami()).contact, "hello"]) {
      const refusal = await ben.refused(["group", "join", bad]);
      assert.deepEqual([refusal.exit, refusal.code], [2, "usage/bad-link"], bad);
      assertSentence(refusal);
    }
    const added = await ana.refused(["group", "add", group, link]);
    assert.deepEqual([added.exit, added.code], [2, "usage/bad-link"]);
    assertSentence(added);
    assert.deepEqual(await ben.askAll("group", "list"), groups);
    const shown = await ben.refused(["start", "join", mistyped, "--no-open"]);
    assert.deepEqual([shown.exit, shown.code], [2, "usage/bad-argument"]);
  });

  it("a profile whose disk is full: a sentence for each command, nothing half done, and all goes on once there is room", async () => {
    const disk = await smallDisk("full-profile");
    const place = { directory: join(disk.directory, "profile"), shellPrefix: disk.shellPrefix };
    const person = await scene.person("fay", [relay.address], place);
    await ana.ask("group", "add", group, (await person.whoami()).contact);
    assert.equal((await person.sync()).complete, true);
    assert.equal((await person.send(group, "there was room")).state, "on-relay");

    await disk.fill();
    const refusal = await person.refused(["send", group], "x".repeat(50_000));
    assert.equal(refusal.exit, 1);
    assert.match(refusal.code, disk.needsRestart ? /^storage\/(full|failed)$/ : /^storage\/full$/);
    assertSentence(refusal);
    await ana.send(group, "written while fay's disk was full");
    const missed = await person.run(["sync", "--wait", "2"]);
    assert.equal(missed.code, 1, missed.stdout);

    await disk.free();
    const listener = person.listen();
    await listener.texts("ana", ["written while fay's disk was full"]);
    assert.equal((await person.send(group, "room again")).state, "on-relay");
    assert.deepEqual(textsBy(await person.history(group), "fay"), ["there was room", "room again"]);
  });

  it("a new profile on a full disk: a sentence, nothing left behind, and the same command works once there is room", async () => {
    const disk = await smallDisk("full-init");
    await disk.fill();
    const place = { directory: join(disk.directory, "profile"), shellPrefix: disk.shellPrefix };
    const person = scene.stranger("ida", place);
    const refusal = await person.refused(["init", "--name", "ida"]);
    assert.match(refusal.code, disk.needsRestart ? /^storage\/(full|failed)$/ : /^storage\/full$/);
    assertSentence(refusal);
    await disk.free();
    await person.ask("init", "--name", "ida");
    assert.equal((await person.whoami()).name, "ida");
  });

  it("a relay whose disk is full: it takes nothing more, still hands out what it has, and takes all once there is room", async () => {
    const disk = await smallDisk("full-relay");
    const place = { directory: join(disk.directory, "relay"), shellPrefix: disk.shellPrefix };
    const full = await scene.relay(place);
    const [gil, hal] = await Promise.all([scene.person("gil", [full.address]), scene.person("hal", [full.address])]);
    const own = await gil.createGroup("attic");
    await gil.ask("group", "add", own, (await hal.whoami()).contact);
    assert.equal((await gil.send(own, "stored before")).state, "on-relay");

    await disk.fill();
    if (disk.needsRestart) await full.kill().then(full.restart);
    const waiting = ["x".repeat(50_000), "waiting"];
    for (const text of waiting) {
      const { state, reason } = await gil.send(own, text, "--wait", "1");
      assert.equal(state, "queued");
      assert.match(reason ?? "", /its disk may be full/);
    }
    const halListens = hal.listen();
    await halListens.texts("gil", ["stored before"]);
    assert.equal((await gil.status()).outbox, 2);

    await disk.free();
    if (disk.needsRestart) await full.kill().then(full.restart);
    assert.equal((await gil.sync()).complete, true);
    await halListens.texts("gil", ["stored before", ...waiting]);
    assert.equal((await full.stop()).code, 0);
    halListens.signal("SIGKILL");
    await halListens.ended;
    await rm(place.directory, { recursive: true });
  });
});
