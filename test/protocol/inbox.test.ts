import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { receiveDeposit } from "../../src/protocol/inbox.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { headsOf } from "../../src/protocol/membership-log.ts";
import { checkTaken, tell, tellWith } from "../../src/protocol/pairwise.ts";
import { FORK } from "../../src/protocol/records/epoch.ts";
import { WELCOME } from "../../src/protocol/records/joining.ts";
import { CONTRIBUTION, SECRET } from "../../src/protocol/records/key-delivery.ts";
import { WAITING } from "../../src/protocol/records/log.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { ONE_TIME, PENDING, SESSION } from "../../src/protocol/records/pairwise.ts";
import { CURSOR } from "../../src/protocol/records/topic.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { EntryHash, type GroupId } from "../../src/wire/ids.ts";
import type { PayloadItem } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { makeEntry, rekeying } from "./log-builder.ts";
import { addPerson, deliverOne, groupOf, makeGroup, newScene, type Scene } from "./scene.ts";

const person = (device: Device) => {
  const { account, device: key, accountSeed, deviceSeed } = device.account();
  return { account, device: key, accountSeed, deviceSeed, name: device.name };
};

/** One device writes these things to another, which knows it already, and they arrive. */
function write(scene: Scene, from: Device, to: Device, items: readonly PayloadItem[]): void {
  from.run((work) => tell(work, person(to), items));
  scene.carry(from, to);
}

/** All but the place in the holder's log. */
const stateOf = (device: Device) => new Map([...device.records].filter(([key]) => !key.startsWith(CURSOR.prefix)));

function deposits(scene: Scene, of: Device): readonly Uint8Array[] {
  const { publicInbox, privateInbox } = of.account();
  return [publicInbox, privateInbox].flatMap(({ topic }) => scene.topics.get(toHex(topic)) ?? []);
}

const three = () => {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem]);
  bob.run((work) => tell(work, person(cem), [received(group, 0)]));
  scene.carry(ann, bob, cem);
  return { scene, ann, bob, cem, group };
};

const received = (group: GroupId, i: number): PayloadItem => ({
  kind: "received",
  group,
  entry: EntryHash.from(p.sha256(u32be(i))),
});

describe("letters", () => {
  it("that are replayed change nothing", () => {
    const { scene, ann, bob } = three();
    for (const device of [ann, bob]) {
      const before = stateOf(device);
      for (const envelope of deposits(scene, device)) {
        const topic = decodeEnvelope(envelope)?.topic ?? assert.fail();
        const { effects, lines } = deliverOne(device, topic, 900, envelope);
        assert.deepEqual([effects, lines], [[], []]);
      }
      assert.deepEqual(stateOf(device), before);
    }
  });

  it("that a bit was turned in change nothing", () => {
    const { scene, bob } = three();
    const before = stateOf(bob);
    for (const envelope of deposits(scene, bob)) {
      const { topic, body, kind } = decodeEnvelope(envelope) ?? assert.fail();
      assert.equal(kind, ENVELOPE_KIND.deposit);
      for (const at of [0, 40, body.length - 1]) {
        const bent = body.slice();
        bent[at] = (bent[at] ?? 0) ^ 1;
        bob.run((work) => receiveDeposit(work, topic, bent));
      }
    }
    assert.deepEqual(stateOf(bob), before);
  });

  it("use up a one-time prekey", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = makeGroup(ann);
    addPerson(scene, ann, group, bob);
    const before = bob.ids(ONE_TIME).length;
    assert(before > 0);
    scene.carry(ann, bob);
    assert.equal(bob.ids(ONE_TIME).length, before - 1);
  });

  it("wait for prekeys and go as soon as those are here, in as few as hold them", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = makeGroup(ann);
    scene.collect(ann);
    for (let i = 0; i < 30; i++) ann.run((work) => tell(work, person(bob), [received(group, i)]));
    assert.deepEqual([ann.ids(PENDING).length, ann.ids(OUTBOX).length], [1, 0]);
    const { effects } = ann.put({ kind: "start" });
    assert(
      effects.some(({ kind }) => kind === "take-prekeys"),
      "asked for again at the start",
    );
    ann.put({ kind: "prekeys-taken", account: bob.account().account, taken: scene.taken(ann) });
    assert.equal(ann.ids(OUTBOX).length, 0, "prekeys of somebody else are not taken");
    ann.put({ kind: "prekeys-taken", account: bob.account().account, taken: scene.taken(bob) });
    assert.deepEqual([ann.ids(PENDING).length, ann.ids(OUTBOX).length], [0, 1]);
    scene.carry(ann, bob);
    assert.equal(bob.ids(SESSION).length, 1);
  });

  it("to oneself are not written", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    scene.collect(ann);
    ann.run((work) => tell(work, person(ann), [received(makeGroup(scene.person("Bob")), 0)]));
    assert.deepEqual([ann.ids(PENDING), ann.ids(OUTBOX)], [[], []]);
  });
});

describe("what a letter says is ignored when", () => {
  it("it is the secret of an entry of somebody else's", () => {
    const { scene, ann, bob, cem, group } = three();
    const parents = headsOf(cem.log(group) as LogState);
    const { encoded, hash } = makeEntry({ by: person(ann), action: rekeying, group, parents });
    write(scene, bob, cem, [{ kind: "secret", group, entry: hash, secret: new Uint8Array(32), signed: encoded }]);
    assert.deepEqual([cem.ids(SECRET), cem.group(group).missing], [[], []]);
  });

  it("it is the secret of another entry than it says", () => {
    const { scene, bob, cem, group } = three();
    const parents = headsOf(cem.log(group) as LogState);
    const own = makeEntry({ by: person(bob), action: rekeying, group, parents });
    const other = EntryHash.from(p.sha256(own.hash));
    write(scene, bob, cem, [{ kind: "secret", group, entry: other, secret: new Uint8Array(32), signed: own.encoded }]);
    assert.deepEqual(cem.ids(SECRET), []);
  });

  it("it is a secret that its entry does not confirm: the entry counts, the secret is not kept", () => {
    const { scene, bob, cem, group } = three();
    const parents = headsOf(cem.log(group) as LogState);
    const own = makeEntry({ by: person(bob), action: rekeying, group, parents });
    write(scene, bob, cem, [
      { kind: "secret", group, entry: own.hash, secret: new Uint8Array(32), signed: own.encoded },
    ]);
    assert.deepEqual(cem.group(group).missing.map(toHex), [toHex(own.hash)]);
    assert.deepEqual(cem.ids(SECRET), []);
  });

  it("it is a secret from a stranger: few are kept, no entry waits, and none is answered", () => {
    const { scene, cem, group } = three();
    const eve = scene.person("Eve");
    for (let i = 0; i < 20; i++) {
      const parents = [EntryHash.from(p.sha256(u32be(i)))];
      const own = makeEntry({ by: person(eve), action: rekeying, group, parents });
      write(scene, eve, cem, [
        { kind: "secret", group, entry: own.hash, secret: new Uint8Array(32), signed: own.encoded },
      ]);
    }
    assert.deepEqual([cem.ids(SECRET).length, cem.ids(WAITING), cem.ids(OUTBOX)], [8, [], []]);
  });

  it("it is a contribution from somebody who did not add us", () => {
    const { scene, ann, bob, cem, group } = three();
    const frontier = [EntryHash.from(p.sha256(u32be(1))), EntryHash.from(p.sha256(u32be(2)))];
    const [head] = frontier;
    assert(head);
    const item: PayloadItem = { kind: "contribution", group, head, frontier, value: new Uint8Array(32) };
    write(scene, bob, cem, [item]);
    assert.deepEqual(cem.ids(CONTRIBUTION), []);
    const forks = cem.ids(FORK).length;
    write(scene, ann, cem, [item]);
    assert.equal(cem.ids(FORK).length, forks, "nor does one for unknown heads make an epoch");
  });

  it("it welcomes us with an entry that the writer did not sign", () => {
    const { scene, bob, cem, group } = three();
    const other = makeGroup(bob);
    write(scene, bob, cem, [
      {
        kind: "welcome",
        group: other,
        entry: EntryHash.from(other),
        secret: new Uint8Array(32),
        digest: new Uint8Array(32),
        parts: 0,
      },
    ]);
    assert.deepEqual(cem.ids(WELCOME), []);
    assert.equal(cem.records.has(`group/${toHex(other)}`), false);
    assert(group);
  });
});

describe("what waits for somebody's prekeys", () => {
  it("goes out as soon as they write to us, since that is a session", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    scene.collect(ann);
    ann.run((work) => tell(work, bob.account(), [{ kind: "renewed" }]));
    assert.deepEqual([ann.ids(PENDING).length, ann.ids(OUTBOX)], [1, []]);
    bob.run(function* (work) {
      const { account } = ann.account();
      for (const each of checkTaken(work, account, scene.taken(ann)))
        yield* tellWith(work, each, [{ kind: "renewed" }]);
    });
    scene.collect(bob);
    scene.deliver(ann);
    assert.deepEqual([ann.ids(PENDING), ann.ids(OUTBOX).length], [[], 1]);
  });
});
