import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { outboxId } from "../../src/protocol/outbox.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { depositEnvelope } from "../../src/protocol/topic-envelope.ts";
import { encode } from "../../src/wire/encoding.ts";
import { isFault, type NextStep } from "../../src/wire/fault.ts";
import { Topic } from "../../src/wire/ids.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";

describe("calls of the client", function () {
  this.timeout(20_000);
  let world: World;
  let ada: SimDevice;
  let bob: SimDevice;
  let group: string;

  before(async () => {
    world = await createWorld(1);
    const devices = await people(world, "Adelaide", "Bartholomew");
    assert(devices[0] && devices[1]);
    [ada, bob] = [devices[0], devices[1]];
    group = (await world.call(ada, "group-create", { name: "walking club" })).group.id;
  });

  const fails = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => isFault(error) && error.code === code);

  it("of another build are told which process to end when this one does not know them", async () => {
    const unknown = world.call(ada, "of-tomorrow" as "whoami", {});
    await assert.rejects(
      unknown,
      (error) => isFault(error, "network/refused") && /another version of Hermes .* end it and try/.test(error.message),
    );
  });

  it("take a group by name, id or the beginning of its id", async () => {
    for (const name of ["walking club", group, group.slice(0, 6), ` ${group.toUpperCase().slice(0, 9)} `]) {
      const info = await world.call(ada, "group-info", { group: name });
      assert.equal(info.group.id, group);
      assert.deepEqual(
        info.members.map(({ name: who, role }) => [who, role]),
        [["Adelaide", "owner"]],
      );
    }
  });

  it("say that there is no such group, or more than one", async () => {
    await fails(world.call(ada, "send", { group: "chess", text: "hello" }), "usage/not-found");
    await fails(world.call(ada, "send", { group: group.slice(0, 3), text: "hello" }), "usage/not-found");
    await world.call(ada, "group-create", { name: "twice" });
    await world.call(ada, "group-create", { name: "twice" });
    await fails(world.call(ada, "history", { group: "twice" }), "usage/ambiguous");
  });

  it("send 60,000 bytes, and refuse more or nothing with the reason", async () => {
    const euro = "€".repeat(20_000);
    assert.equal((await world.call(ada, "send", { group, text: euro })).state, "on-relay");
    assert.equal(ada.texts(group).at(-1)?.text, euro);
    await fails(world.call(ada, "send", { group, text: `${euro}x` }), "usage/too-long");
    await fails(world.call(ada, "send", { group, text: "" }), "usage/bad-argument");
  });

  it("repeated under one id send one message", async () => {
    const first = await world.during(ada.call("send", { group, text: "only once" }, "the same call"));
    const second = await world.during(ada.call("send", { group, text: "only once" }, "the same call"));
    assert.deepEqual(second.message, first.message);
    assert.equal(ada.texts(group).filter(({ text }) => text === "only once").length, 1);
  });

  it("answer queued when no relay can be reached, after the time that was asked for", async () => {
    world.partition(() => false);
    const before = world.clock.nowMs();
    const sent = await world.call(ada, "send", { group, text: "into the dark", waitMs: 1_500 });
    assert.equal(sent.state, "queued");
    assert.equal(world.clock.nowMs() - before, 1_500);
    assert.equal((await world.call(ada, "status", {})).outbox, 1);
    world.partition();
    assert.deepEqual(await world.call(ada, "sync", {}), { complete: true, received: 0, outbox: 0, undelivered: 0 });
  });

  it("answer queued soon when it is known that nobody is there, and at once when that has been so for a while", async () => {
    world.partition(() => false);
    const tookMs = async (text: string): Promise<number> => {
      const beganMs = world.clock.nowMs();
      assert.equal((await world.call(ada, "send", { group, text })).state, "queued");
      return world.clock.nowMs() - beganMs;
    };
    const first = await tookMs("the relay may be about to return");
    assert(first >= 1_900 && first < 2_600, `${first} ms`);
    await world.clock.pass(10_000);
    const second = await tookMs("it does not");
    assert(second <= 1_250, `${second} ms`);
    const renamed = await world.call(ada, "group-rename", { group, name: "night owls" });
    assert.equal(renamed.state, "queued");
    world.partition();
    assert.equal((await world.call(ada, "sync", {})).complete, true);
    await world.call(ada, "group-rename", { group, name: "walking club" });
  });

  it("are in step with the relay although a letter waits for an inbox that it does not know, and say so", async () => {
    const topic = Topic.from(new Uint8Array(32).fill(5));
    const row = { envelope: depositEnvelope(topic, new Uint8Array(9)), topic, origin: { kind: "none" as const } };
    ada.crash();
    ada.profile().records.set(`${OUTBOX.prefix}${outboxId(900_000)}`, encode(OUTBOX.codec, row));
    await world.during(ada.start());
    const before = world.clock.nowMs();
    const waiting = { outbox: 1, undelivered: 1 };
    assert.deepEqual(await world.call(ada, "sync", {}), { complete: true, received: 0, ...waiting });
    const seen = await world.call(ada, "examine", {});
    assert.deepEqual({ outbox: seen.outbox, undelivered: seen.undelivered }, waiting);
    assert(world.clock.nowMs() - before < 5_000, "nobody waited for it");
    ada.profile().records.delete(`${OUTBOX.prefix}${outboxId(900_000)}`);
  });

  it("refuse a link that is cut, mistyped, expired or something else", async () => {
    const { link } = await world.call(ada, "group-invite", { group, expiresInMs: 1_000 });
    const typo = link.slice(0, 40) + (link[40] === "A" ? "B" : "A") + link.slice(41);
    for (const bad of [link.slice(0, -1), typo, "hello", link.replace("join", "contact")])
      await fails(world.call(bob, "group-join", { link: bad }), "usage/bad-link");
    await world.clock.pass(2_000);
    await fails(world.call(bob, "group-join", { link }), "usage/expired");
    await fails(world.call(ada, "group-add", { group, account: "nobody" }), "usage/bad-link");
  });

  it("say of each kind of link what takes it where the other kind was meant", async () => {
    const namesStep = (promise: Promise<unknown>, next: NextStep): Promise<void> =>
      assert.rejects(promise, (error) => isFault(error, "usage/bad-link") && error.next === next);
    const { link } = await world.call(ada, "group-invite", { group });
    const { contact } = await world.call(ada, "whoami", {});
    await namesStep(world.call(bob, "group-join", { link: ` ${contact}` }), "add-contact");
    await namesStep(world.call(ada, "group-add", { group, account: ` ${link}` }), "join-group");
  });

  it("refuse to add somebody who is in, or whom no relay knows", async () => {
    await fails(world.call(ada, "group-add", { group, account: ada.account() }), "usage/not-allowed");
    await fails(world.call(ada, "group-add", { group, account: "ab".repeat(32) }), "usage/not-found");
  });

  it("refuse what a member may not do", async () => {
    const contact = (await world.call(bob, "whoami", {})).contact;
    await world.call(ada, "group-add", { group, account: contact });
    await world.clock.pass(2_000);
    await fails(world.call(bob, "group-invite", { group }), "usage/not-allowed");
    for (const uses of [0, 1.5, 10_001])
      await fails(world.call(ada, "group-invite", { group, uses }), "usage/bad-argument");
  });

  it("listen: first what is unread, then what comes, nothing twice", async () => {
    ada.crash();
    for (const text of ["one", "two"]) await world.call(bob, "send", { group, text });
    const before = ada.shown.length;
    await world.during(ada.start());
    await world.clock.pass(2_000);
    await world.call(bob, "send", { group, text: "three" });
    await world.clock.pass(2_000);
    const texts = ada.shown.slice(before).flatMap((each) => (each.event === "message" ? [each.message.text] : []));
    assert.deepEqual(texts, ["one", "two", "three"]);
    ada.crash();
    await world.during(ada.start());
    await world.clock.pass(2_000);
    const again = ada.shown.slice(before).filter(({ event }) => event === "message").length;
    assert.equal(again, 3);
  });
});
