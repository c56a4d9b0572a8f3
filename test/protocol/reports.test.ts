import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HeaderKey } from "../../src/crypto/epoch-secrets.ts";
import { sealLive } from "../../src/crypto/live-box.ts";
import { EPOCH, type EpochState } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { SENT, SENT_MAX, TO_HEAR, TO_REPORT } from "../../src/protocol/records/report.ts";
import { saveRoster } from "../../src/protocol/saved-roster.ts";
import {
  type GroupId,
  type Iteration,
  LogId,
  Nonce,
  type Sequence,
  type TimeMs,
  type Topic,
} from "../../src/wire/ids.ts";
import type { LiveContent } from "../../src/wire/live.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, type Outcome, p } from "./device.ts";
import { groupOf, LOG_ID, makeGroup, newScene, say } from "./scene.ts";

interface Saying {
  readonly topic: Topic;
  readonly body: Uint8Array;
}

/** A group of these names, with nothing left to report. */
function gathered(...names: readonly string[]) {
  const scene = newScene();
  const [first, ...others] = names.map((name) => scene.person(name));
  assert(first);
  const people = [first, ...others] as const;
  const group = groupOf(scene, people);
  scene.carry(...people);
  /** What the device says in passing when it is so much later. */
  const laterSays = (device: Device, ms: number): readonly Saying[] => {
    scene.clock.nowMs += ms;
    return device.put({ kind: "tick" }).effects.flatMap((each) => (each.kind === "say" ? [each] : []));
  };
  const hears = (device: Device, ...sayings: readonly Saying[]) =>
    sayings.flatMap(({ topic, body }) => device.put({ kind: "said", topic, body }).events);
  return { scene, people, group, laterSays, hears };
}

const MINUTE_MS = 60_000;

/** Last line of a device's own. */
function delivered(device: Device, text: string) {
  const line = [...device.lines.values()].find((each) => each.text === text);
  return [line?.state, line?.delivery];
}

/** What somebody says in the epoch in which it sends. */
function forgedBy(device: Device, group: GroupId, said: LiveContent, index?: number): Saying {
  const { sending } = device.existing(GROUP, toHex(group));
  assert(sending);
  const epoch = device.existing(EPOCH, toHex(sending));
  const { group: id, epoch: epochId, topic, ownIndex } = epoch;
  const speaker = { index: index ?? ownIndex, deviceSeed: device.account().deviceSeed };
  const nonce = Nonce.from(p.sha256(new Uint8Array(1)).slice(0, 24));
  const live = { group: id, epochId, headerKey: HeaderKey.from(epoch.headerKey) };
  return { topic, body: sealLive(p, live, speaker, { said, saidAt: 1 as TimeMs, nonce }) };
}

describe("reports", () => {
  it("count the devices of others that have a message, each once", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob", "Cem");
    const [ann, bob, cem] = people;
    assert(ann && bob && cem);
    say(ann, group, "who has this?");
    scene.carry(ann, bob);
    const fromBob = laterSays(bob, MINUTE_MS);
    hears(ann, ...fromBob);
    assert.deepEqual(delivered(ann, "who has this?"), ["delivered", { devices: 1, of: 2 }]);
    assert.deepEqual(hears(ann, ...fromBob), []);
    scene.carry(ann, cem);
    const events = hears(ann, ...laterSays(cem, MINUTE_MS));
    assert.deepEqual(
      events.map((each) => each.kind),
      ["line-state"],
    );
    assert.deepEqual(delivered(ann, "who has this?"), ["delivered", { devices: 2, of: 2 }]);
  });

  it("are not waited for when a member gives back what it took from us, and count it nonetheless", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    say(ann, group, "the relay is gone");
    const [id] = ann.ids(OUTBOX);
    const { topic, envelope } = ann.existing(OUTBOX, id ?? "");
    const sequence = 1 as Sequence;
    const given = (log: LogId) => ann.put({ kind: "delivered", log, topic, sequence, envelope });
    given(LOG_ID);
    assert.deepEqual(delivered(ann, "the relay is gone"), ["queued", undefined], "a relay is no member");
    const events = given(LogId.from(new Uint8Array(16))).events;
    assert.deepEqual(delivered(ann, "the relay is gone"), ["delivered", undefined]);
    assert.equal(events.length, 1);
    assert.equal(given(LogId.from(new Uint8Array(16))).events.length, 0);
    scene.carry(ann, bob);
    assert.deepEqual(
      delivered(ann, "the relay is gone"),
      ["delivered", undefined],
      "the relay's answer takes nothing back",
    );
    hears(ann, ...laterSays(bob, MINUTE_MS));
    assert.deepEqual(delivered(ann, "the relay is gone"), ["delivered", { devices: 1, of: 1 }]);
  });

  it("alone count where the member that gives it back may be a device of ours", () => {
    const { people, group } = gathered("Ann", "Bob");
    const [ann] = people;
    const { sending } = ann.existing(GROUP, toHex(group));
    assert(sending);
    const roster = ann.roster(sending);
    const { account } = ann.account();
    const devices = roster.map((each) => ({ ...each, account }));
    ann.run((work) => saveRoster(work, { group, epoch: sending }, devices, undefined));
    say(ann, group, "to myself");
    const { topic, envelope } = ann.existing(OUTBOX, ann.ids(OUTBOX)[0] ?? "");
    const log = LogId.from(new Uint8Array(16));
    ann.put({ kind: "delivered", log, topic, sequence: 1 as Sequence, envelope });
    assert.deepEqual(delivered(ann, "to myself"), ["queued", undefined]);
  });

  it("show whoever hears them that they have more of somebody's messages than came here, and nothing otherwise", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob", "Cem");
    const [ann, bob, cem] = people;
    assert(ann && bob && cem);
    say(ann, group, "left out for Cem");
    scene.carry(ann, bob);
    const fromBob = laterSays(bob, MINUTE_MS);
    assert.deepEqual(hears(cem, ...fromBob), [{ kind: "behind", group }]);
    scene.carry(cem);
    assert.deepEqual(hears(cem, ...fromBob), []);
    assert.deepEqual(
      hears(ann, ...fromBob).map(({ kind }) => kind),
      ["line-state"],
      "nobody lacks their own",
    );
  });

  it("claim nothing that is missing, whatever came after it", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    for (const text of ["one", "two", "three"]) say(ann, group, text);
    scene.collect(ann);
    const [name] = [...scene.topics.keys()].filter((each) => (scene.topics.get(each)?.length ?? 0) >= 3).slice(-1);
    const items = scene.topics.get(name ?? "") ?? assert.fail();
    const [second] = items.splice(-2, 1);
    scene.deliver(bob);
    hears(ann, ...laterSays(bob, MINUTE_MS));
    assert.equal(delivered(ann, "one")[0], "delivered");
    assert.deepEqual(
      ["two", "three"].map((text) => delivered(ann, text)[0]),
      ["on-relay", "on-relay"],
    );
    items.push(second ?? assert.fail());
    scene.deliver(bob);
    hears(ann, ...laterSays(bob, MINUTE_MS));
    assert.equal(delivered(ann, "three")[0], "delivered");
  });

  it("are not made sooner than two seconds after something came, and then once for all that came", () => {
    const { scene, people, group, laterSays } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    laterSays(bob, MINUTE_MS);
    say(ann, group, "quick");
    scene.carry(ann, bob);
    const [due] = bob.ids(TO_REPORT).flatMap((id) => bob.existing(TO_REPORT, id).dueAt ?? []);
    assert(due !== undefined && due >= scene.clock.nowMs + 2_000, String(due));
    assert.deepEqual(laterSays(bob, 1_999), []);
    say(ann, group, "and quick again");
    scene.carry(ann, bob);
    assert.equal(laterSays(bob, MINUTE_MS).length, 1);
    assert.deepEqual(laterSays(bob, MINUTE_MS), []);
  });

  it("say nothing of what came in the last two seconds, though their time has come", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    laterSays(bob, MINUTE_MS);
    say(ann, group, "early");
    scene.carry(ann, bob);
    const [due] = bob.ids(TO_REPORT).flatMap((id) => bob.existing(TO_REPORT, id).dueAt ?? []);
    assert(due);
    scene.clock.nowMs = due - 500;
    say(ann, group, "late");
    scene.carry(ann, bob);
    assert.deepEqual(laterSays(bob, 500), []);
    say(ann, group, "later");
    scene.carry(ann, bob);
    hears(ann, ...laterSays(bob, 2_000));
    const states = (): unknown[] => ["early", "late", "later"].map((text) => delivered(ann, text)[0]);
    assert.deepEqual(states(), ["delivered", "delivered", "on-relay"]);
    hears(ann, ...laterSays(bob, MINUTE_MS));
    assert.deepEqual(states(), ["delivered", "delivered", "delivered"]);
  });

  it("are woken for each epoch by itself, and then made of that one only", () => {
    const { scene, people, group } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    const other = groupOf(scene, people);
    scene.carry(ann, bob);
    scene.clock.nowMs += MINUTE_MS;
    bob.put({ kind: "tick" });
    const before = bob.effects.length;
    for (const each of [group, other]) say(ann, each, "told");
    scene.carry(ann, bob);
    const woken = bob.effects.slice(before).flatMap((each) => (each.kind === "wake" ? (each.report ?? []) : []));
    assert.equal(woken.length, 2);
    scene.clock.nowMs += MINUTE_MS;
    for (const report of woken) {
      const { topic }: EpochState = bob.existing(EPOCH, toHex(report));
      const { effects }: Outcome = bob.put({ kind: "tick", report });
      const said = effects.filter((each) => each.kind === "say");
      assert.deepEqual(
        said.map((each) => each.topic),
        [topic],
      );
    }
    assert.deepEqual(
      bob.put({ kind: "tick" }).effects.filter(({ kind }) => kind === "say"),
      [],
    );
  });

  it("that wait when the program ends are made after its next start", () => {
    const { scene, people, group } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    scene.clock.nowMs += MINUTE_MS;
    bob.put({ kind: "tick" });
    say(ann, group, "told before the end");
    scene.carry(ann, bob);
    const { effects }: Outcome = bob.put({ kind: "start" });
    const woken = effects.flatMap((each) => (each.kind === "wake" && each.report ? [each] : []));
    assert.equal(woken.length, 1);
    scene.clock.nowMs = woken[0]?.atMs ?? 0;
    const said: Outcome = bob.put({ kind: "tick", report: woken[0]?.report });
    assert.equal(said.effects.filter((each) => each.kind === "say").length, 1);
  });

  it("come the seldomer from each device, the more there are", () => {
    const { scene, people, group, laterSays } = gathered("Ann", "Bob", "Cem", "Dan", "Eve");
    const [ann, bob] = people;
    assert(ann && bob);
    let reports = 0;
    for (let second = 0; second < 300; second++) {
      say(ann, group, `${second}`);
      scene.carry(ann, bob);
      reports += laterSays(bob, 1_000).length;
    }
    assert(reports >= 10 && reports <= 300 / 15 + 1, `${reports} reports of one of five devices in five minutes`);
  });

  it("are made again for somebody who was away and asks", () => {
    const { scene, people, group, laterSays, hears } = gathered("Ann", "Bob");
    const [ann, bob] = people;
    assert(ann && bob);
    say(ann, group, "into the dark");
    scene.carry(ann, bob);
    laterSays(bob, MINUTE_MS); // nobody hears it
    makeGroup(ann, "nobody is asked in a group in which all is said");
    assert.equal(ann.ids(TO_HEAR).length, 1);
    const asked = ann.put({ kind: "reachable" }).effects.flatMap((each) => (each.kind === "say" ? [each] : []));
    assert.equal(asked.length, 1);
    hears(bob, ...asked);
    hears(ann, ...laterSays(bob, MINUTE_MS));
    assert.deepEqual(delivered(ann, "into the dark"), ["delivered", { devices: 1, of: 1 }]);
    assert.deepEqual(
      ann.put({ kind: "reachable" }).effects.filter((each) => each.kind === "say"),
      [],
      "everybody has said it",
    );
    assert.deepEqual(ann.ids(TO_HEAR), []);
  });

  it("count for nothing when they are of somebody else's making, of no epoch, or claim what was never sent", () => {
    const { people, group, hears } = gathered("Ann", "Bob", "Cem");
    const [ann, bob, cem] = people;
    assert(ann && bob && cem);
    const mine = ann.existing(EPOCH, toHex(ann.existing(GROUP, toHex(group)).sending ?? assert.fail())).ownIndex;
    const bobs = bob.existing(EPOCH, toHex(bob.existing(GROUP, toHex(group)).sending ?? assert.fail())).ownIndex;
    say(ann, group, "mine");
    const claim: LiveContent = {
      kind: "report",
      chains: [{ index: mine, upTo: 1_000_000_000 as Iteration }],
      frontier: [],
    };
    const inBobsName = forgedBy(cem, group, claim, bobs);
    const nobodys = forgedBy(cem, group, claim, 99);
    const garbage = { topic: inBobsName.topic, body: inBobsName.body.map((byte, at) => (at > 60 ? byte ^ 1 : byte)) };
    assert.deepEqual(hears(ann, inBobsName, nobodys, garbage), []);
    assert.equal(delivered(ann, "mine")[0], "queued");
    hears(ann, forgedBy(bob, group, claim));
    say(ann, group, "later");
    assert.equal(delivered(ann, "later")[0], "queued", "nobody can claim what does not exist yet");
  });

  it("are kept for the newest messages only", () => {
    const { people, group } = gathered("Ann", "Bob");
    const [ann] = people;
    assert(ann);
    for (let i = 0; i < SENT_MAX + 5; i++) say(ann, group, String(i));
    assert.equal(ann.ids(SENT).length, SENT_MAX);
  });
});
