import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { author } from "../../src/protocol/group-log.ts";
import { DELIVERED_AT_ONCE } from "../../src/protocol/key-delivery.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { DELIVERY, KEY_LETTER, LACKING, RESENDING } from "../../src/protocol/records/key-delivery.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { PEER, PENDING, SESSION } from "../../src/protocol/records/pairwise.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { adding, memberOf, type Somebody, somebody } from "./log-builder.ts";
import { epochOf, goOn, groupOf, newScene, say } from "./scene.ts";

const HOUR_MS = 3_600_000;

/** Ann and Bob, and so many others with whom Ann has sessions like that with Bob; nobody reads what they get. */
function crowd(size: number) {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob]);
  const others = Array.from({ length: size }, (_, i) => somebody(`other ${i}`));
  for (let at = 0; at < size; at += 50) admit(ann, group, others.slice(at, at + 50));
  const bobs = toHex(bob.account().device);
  const [session, peer] = [ann.existing(SESSION, bobs), ann.existing(PEER, bobs)];
  for (const { device, account } of others) {
    const certificate = { ...session.peer.certificate, device, account };
    ann.save(SESSION, toHex(device), { ...session, peer: { ...session.peer, certificate } });
    ann.save(PEER, toHex(device), { ...peer, account });
  }
  scene.collect(ann);
  return { scene, ann, bob, group, others };
}

function admit(ann: Device, group: GroupId, people: readonly Somebody[]): void {
  const action = adding(...people.map((each) => memberOf(each)));
  assert(action.kind === "add");
  ann.run((work) => author(work, ann.group(group), action));
}

const rekey = (device: Device, group: GroupId) =>
  device.put({ kind: "change-group", group, change: { kind: "rekey" } });
const asks = ({ effects }: { readonly effects: readonly { readonly kind: string }[] }) =>
  effects.some(({ kind }) => kind === "continue");

/** What the profile has of r while it is delivered. */
const randomOf = (device: Device) => device.existing(DELIVERY, device.ids(DELIVERY)[0]).random;

function holds(device: Device, secret: Uint8Array): readonly string[] {
  return [...device.records]
    .filter(([, value]) => Buffer.from(value).includes(Buffer.from(secret)))
    .map(([key]) => key);
}

describe("r for a large group", () => {
  const SIZE = 100;

  it("is sealed to some devices in a step, and what is said meanwhile is not held up", () => {
    const { ann, group } = crowd(SIZE);
    assert(asks(rekey(ann, group)));
    assert.deepEqual(ann.ids(KEY_LETTER), []);
    assert(asks(ann.put({ kind: "continue" })));
    const [first] = ann.ids(DELIVERY);
    assert.equal(ann.existing(DELIVERY, first).next, DELIVERED_AT_ONCE);
    say(ann, group, "meanwhile");
    let steps = 1;
    while (asks(ann.put({ kind: "continue" }))) steps++;
    assert.equal(steps, Math.ceil((SIZE + 2) / DELIVERED_AT_ONCE));
    assert.equal(ann.ids(KEY_LETTER).length, SIZE + 1, "everybody but Ann");
  });

  it("is erased with the last of them, and is in nothing that is kept", () => {
    const { ann, group } = crowd(SIZE);
    rekey(ann, group);
    const random = randomOf(ann);
    assert.deepEqual(
      holds(ann, random).map((key) => key.split("/")[0]),
      ["delivery"],
    );
    goOn(ann);
    assert.deepEqual(holds(ann, random), []);
    assert.deepEqual(ann.ids(DELIVERY), []);
  });

  it("goes on after a crash where it stood: each device gets one letter", () => {
    const { ann, bob, group } = crowd(SIZE);
    rekey(ann, group);
    ann.put({ kind: "continue" });
    ann.effects.length = 0;
    assert(asks(ann.put({ kind: "start" })));
    while (asks(ann.put({ kind: "continue" })));
    assert.equal(ann.ids(KEY_LETTER).length, SIZE + 1);
    const inbox = toHex(ann.existing(PEER, toHex(bob.account().device)).contact.inbox);
    const letters = ann.ids(OUTBOX).filter((id) => toHex(ann.existing(OUTBOX, id).topic) === inbox);
    assert.equal(letters.length, SIZE + 1);
  });

  it("of the newest entry goes first", () => {
    const { ann, group } = crowd(SIZE);
    rekey(ann, group);
    rekey(ann, group);
    const [older, newer] = ann
      .ids(DELIVERY)
      .toSorted((a, b) => ann.existing(DELIVERY, a).number - ann.existing(DELIVERY, b).number);
    assert(older && newer);
    ann.put({ kind: "continue" });
    assert.equal(ann.existing(DELIVERY, older).next, 0);
    assert.equal(ann.existing(DELIVERY, newer).next, DELIVERED_AT_ONCE);
  });

  it("is not given to those who were removed before their turn", () => {
    const { ann, group, others } = crowd(SIZE);
    rekey(ann, group);
    ann.put({ kind: "continue" });
    const sealed = new Set(ann.ids(KEY_LETTER).map((id) => id.split("/")[2]));
    const late = others.filter(({ device }) => !sealed.has(toHex(device)));
    const [gone] = late;
    assert(gone);
    const before = JSON.stringify(ann.records.get(SESSION.prefix + toHex(gone.device)));
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts: [gone.account] } });
    goOn(ann);
    while (asks(ann.put({ kind: "continue" })));
    assert.deepEqual(ann.ids(DELIVERY), []);
    assert.equal(JSON.stringify(ann.records.get(SESSION.prefix + toHex(gone.device))), before);
  });
});

/** Ann re-keys for Bob and Cem; what she sends to Bob is lost, but for the entry. */
function lost() {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem]);
  say(bob, group, "so that sessions turn");
  scene.carry(ann, bob, cem);
  rekey(ann, group);
  const inboxes = [bob.account().publicInbox, bob.account().privateInbox].map(({ topic }) => toHex(topic));
  for (const id of ann.ids(OUTBOX))
    if (inboxes.includes(toHex(ann.existing(OUTBOX, id).topic))) ann.save(OUTBOX, id, null);
  scene.carry(ann, bob, cem);
  return { scene, ann, bob, cem, group };
}

describe("a letter with r", () => {
  it("is kept until its device has answered", () => {
    const { ann, bob, group } = lost();
    assert.deepEqual(
      ann.ids(KEY_LETTER).map((id) => id.split("/")[2]),
      [toHex(bob.account().device)],
    );
    assert(ann.record(RESENDING, toHex(group)));
  });

  it("is posted again as it was, and opens", () => {
    const { scene, ann, bob, cem, group } = lost();
    assert.notEqual(epochOf(bob, group), epochOf(ann, group));
    const { envelope } = ann.existing(KEY_LETTER, ann.ids(KEY_LETTER)[0]);
    ann.clock.nowMs += 2 * HOUR_MS;
    ann.put({ kind: "tick" });
    const posted = ann.ids(OUTBOX).map((id) => toHex(ann.existing(OUTBOX, id).envelope));
    assert(posted.includes(toHex(envelope)));
    scene.carry(ann, bob, cem);
    assert.equal(epochOf(bob, group), epochOf(ann, group));
    assert.deepEqual(ann.ids(KEY_LETTER), []);
  });

  it("is posted again at growing intervals, 8 times, and then erased", () => {
    const { ann, group } = lost();
    const times: number[] = [];
    for (let i = 0; i < 100 && ann.record(RESENDING, toHex(group)); i++) {
      ann.clock.nowMs = Math.max(ann.clock.nowMs, ann.existing(RESENDING, toHex(group)).dueAt);
      ann.save(GROUP, toHex(group), { ...ann.group(group), rekeyAt: undefined });
      const before = ann.ids(OUTBOX).length;
      ann.put({ kind: "tick" });
      if (ann.ids(OUTBOX).length > before) times.push(ann.clock.nowMs);
    }
    assert.equal(times.length, 8);
    const gaps = times.slice(1).map((each, i) => each - (times[i] ?? 0));
    for (const [i, gap] of gaps.entries()) assert(gap >= HOUR_MS * 2 ** (i + 1), `${i}: ${gap} ms`);
    assert.deepEqual(ann.ids(KEY_LETTER), []);
  });

  it("is posted again when its device says that it lacks r, and for nobody else", () => {
    const { scene, ann, bob, cem, group } = lost();
    const item = { kind: "lacking" as const, group, entry: ann.existing(RESENDING, toHex(group)).entry };
    cem.run((work) => tell(work, ann.account(), [item])); // who has answered long ago
    scene.collect(cem);
    scene.deliver(ann);
    assert.deepEqual(ann.ids(OUTBOX), []);
    const [due] = bob.ids(LACKING);
    assert(due);
    bob.clock.nowMs += 40_000;
    bob.put({ kind: "tick" });
    assert.deepEqual(bob.ids(LACKING), []);
    scene.carry(bob, ann);
    assert.equal(epochOf(bob, group), epochOf(ann, group));
  });

  it("is asked for by nobody who got r meanwhile", () => {
    const { scene, ann, bob, cem, group } = lost();
    ann.clock.nowMs += 2 * HOUR_MS;
    ann.put({ kind: "tick" });
    scene.carry(ann, bob, cem);
    bob.save(GROUP, toHex(group), { ...bob.group(group), rekeyAt: undefined });
    bob.put({ kind: "tick" });
    assert.deepEqual([bob.ids(LACKING), bob.ids(OUTBOX), bob.ids(PENDING)], [[], [], []]);
  });
});
