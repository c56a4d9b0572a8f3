import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { LIVE } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { LogId, type Sequence, Topic } from "../../src/wire/ids.ts";
import { fromHex } from "../../src/wire/text-forms.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";

describe("evidence about a relay", () => {
  let world: World;
  let ann: SimDevice;
  let bob: SimDevice;
  let eve: SimDevice;
  let group: string;

  before(async () => {
    world = await createWorld(3);
    const [first, second, third] = await people(world, "Ann", "Bob", "Eve");
    assert(first && second && third);
    [ann, bob, eve] = [first, second, third];
    group = (await world.call(ann, "group-create", { name: "walkers" })).group.id;
    await world.call(ann, "group-add", { group, account: (await world.call(bob, "whoami", {})).contact });
    await world.clock.pass(5_000);
    await world.call(bob, "send", { group, text: "was never given" });
    const [relay] = world.relays;
    const { sending } = ann.group(group);
    const live = ann.record(LIVE, group)?.epochs.find(({ epoch }) => sending && epoch.join() === sending.join());
    assert(relay && live);
    const last = relay.read(live.topic, 0).at(-1);
    assert(last);
    await world.put(ann, {
      kind: "relay-failed",
      relay: relay.address,
      log: LogId.from(new Uint8Array(16).fill(1)),
      fault: "skipped",
      topic: Topic.from(live.topic.slice()),
      sequence: 7 as Sequence,
      envelopes: [last.envelope],
    });
    await world.clock.pass(1_000);
  });

  it("is of the profile that noticed it, and its status names the relay", async () => {
    const { statements } = await world.call(ann, "evidence", {});
    const [relay] = world.relays;
    assert.deepEqual(
      statements.map(({ relay: name, fault, sequence, group: where }) => [name, fault, sequence, where?.name]),
      [[relay?.address, "skipped", 7, "walkers"]],
    );
    assert.deepEqual((await world.call(bob, "evidence", {})).statements, []);
    const seen = [await world.call(ann, "status", {}), await world.call(bob, "status", {})];
    assert.deepEqual(
      seen.map(({ relays }) => relays[0]?.contradictions),
      [1, undefined],
    );
  });

  it("is genuine for every member, who learns who says so and whose message it was", async () => {
    const { statements } = await world.call(ann, "evidence", {});
    const text = statements.map(({ statement }) => statement);
    for (const device of [ann, bob]) {
      const { checks } = await world.call(device, "evidence-check", { statements: text });
      assert.deepEqual(
        checks.map(({ verdict, by, messages, entries }) => [verdict, by?.name, messages[0]?.from.name, entries]),
        [["genuine", "Ann", "Bob", 0]],
      );
    }
  });

  it("says nothing to those who have no keys of the group, and is forged when a bit of it is changed", async () => {
    const { statements } = await world.call(ann, "evidence", {});
    const text = statements[0]?.statement ?? "";
    assert.equal(eve.record(GROUP, group), undefined);
    const outside = await world.call(eve, "evidence-check", { statements: [text] });
    assert.equal(outside.checks[0]?.verdict, "unknown");
    const bytes = fromHex(text) ?? new Uint8Array();
    const spoilt = [...bytes].map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
    const hex = Buffer.from(spoilt).toString("hex");
    const { checks } = await world.call(bob, "evidence-check", { statements: [hex, "no hex"] });
    assert.deepEqual(
      checks.map(({ verdict }) => verdict),
      ["forged", "forged"],
    );
  });
});
