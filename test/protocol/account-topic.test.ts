/** What the devices of one account tell each other: who comes back knows it all, and nobody undoes another. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SNAPSHOT_AGE_MS, SOON_MS } from "../../src/protocol/account-topic.ts";
import { accountTopicKeys, openAccountSnapshot, sealAccountSnapshot } from "../../src/protocol/account-topic-box.ts";
import { inParts, itemId, newestItems } from "../../src/protocol/account-topic-items.ts";
import { ACCOUNT, SHARED, SHARING, SNAPSHOT_PARTS_MAX } from "../../src/protocol/records/account.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import type { AccountItem, AccountValue } from "../../src/wire/account-snapshot.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { AccountKey, GroupId, LogId, Nonce, type Sequence } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { record } from "../wire/arbitraries.ts";
import { type Device, newDevice, p } from "./device.ts";
import { readWithWords, restored } from "./restored-device.ts";
import { addPerson, deliverOne, groupOf, LOG_ID, makeGroup, newScene } from "./scene.ts";

const key = (byte: number): AccountKey => AccountKey.from(p.sha256(Uint8Array.of(byte >> 8, byte)));
const keysOf = (device: Device) => accountTopicKeys(p, device.account().accountSeed);

const groupsIn = (items: readonly AccountItem[]) =>
  items.flatMap(({ value }) => (value.kind === "group" && !value.left ? [value] : []));

describe("the account topic", () => {
  it("has every group with its relays and some of its people, and the device", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const alone = makeGroup(bob, "diary");
    scene.carry(ann, bob, cem);
    const items = readWithWords(scene, bob.account().accountSeed);
    const [first, second] = groupsIn(items).sort((one, other) => one.contacts.length - other.contacts.length);
    assert.deepEqual([first?.group, first?.name, first?.contacts], [alone, "diary", []]);
    assert.deepEqual([second?.group, second?.name, second?.relays], [group, "walking club", bob.account().relays]);
    assert.deepEqual(
      second?.contacts.map(toHex).sort(),
      [ann, cem].map((each) => toHex(each.account().account)).sort(),
    );
    const devices = items.flatMap(({ value }) => (value.kind === "device" ? [toHex(value.device)] : []));
    assert.deepEqual(devices, [toHex(bob.account().device)]);
  });

  it("opens with the account's words only, and not when anything in it was changed", () => {
    const ann = newDevice("Ann", { nowMs: 1 });
    const snapshot = { version: 1, device: ann.account().device, revision: 1, part: 0, parts: 1, items: [] } as const;
    const body = sealAccountSnapshot(p, keysOf(ann), snapshot, Nonce.from(new Uint8Array(24).fill(3)));
    assert.deepEqual(openAccountSnapshot(p, keysOf(ann), body), snapshot);
    assert.equal(openAccountSnapshot(p, keysOf(newDevice("Bob", { nowMs: 1 })), body), undefined);
    for (let at = 0; at < body.length; at += 7) {
      const changed = body.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(openAccountSnapshot(p, keysOf(ann), changed), undefined, `byte ${at}`);
    }
  });

  it("leaves one snapshot in the outbox, the newest, however much happens before a relay can be reached", () => {
    const ann = newDevice("Ann", { nowMs: 1 });
    const { topic } = keysOf(ann);
    for (let i = 0; i < 5; i++) makeGroup(ann, `group ${i}`);
    const waiting = ann.ids(OUTBOX).filter((id) => toHex(ann.existing(OUTBOX, id).topic) === toHex(topic));
    assert.equal(waiting.length, 1);
    const body = decodeEnvelope(ann.existing(OUTBOX, waiting[0] ?? "").envelope)?.body ?? assert.fail();
    assert.equal(groupsIn(openAccountSnapshot(p, keysOf(ann), body)?.items ?? []).length, 5);
  });

  it("is not written by somebody without a relay", () => {
    const ann = newDevice("Ann", { nowMs: 1 }, []);
    makeGroup(ann);
    assert.deepEqual(ann.ids(OUTBOX), []);
  });

  it("is written again after a week, since relays forget", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    scene.carry(ann);
    ann.put({ kind: "start" });
    assert.deepEqual(ann.ids(OUTBOX), []);
    scene.clock.nowMs += SNAPSHOT_AGE_MS;
    ann.put({ kind: "start" });
    assert.equal(ann.ids(OUTBOX).length, 1);
  });

  it("gets what it lacks when a profile is older than the topic", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    scene.topics.delete(toHex(keysOf(ann).topic));
    for (const id of ann.ids(SHARED)) ann.save(SHARED, id, null);
    ann.save(SHARING, "", null);
    ann.save(TOPIC, toHex(keysOf(ann).topic), null);
    const { effects } = ann.put({ kind: "start" });
    assert(effects.some((each) => each.kind === "subscribe" && toHex(each.topic) === toHex(keysOf(ann).topic)));
    scene.collect(ann);
    const items = readWithWords(scene, ann.account().accountSeed);
    assert.deepEqual(
      groupsIn(items).map((each) => each.group),
      [group],
    );
    assert.equal(items.length, 3, "settings, device and group");
  });

  it("does not change with everybody who comes into a large group", () => {
    const scene = newScene();
    const people = Array.from({ length: 12 }, (_, i) => scene.person(`person ${i}`));
    const [ann, ...others] = people as [Device, ...Device[]];
    const group = makeGroup(ann);
    const { topic } = keysOf(ann);
    for (const each of others) addPerson(scene, ann, group, each);
    scene.carry(...people);
    const before = scene.topics.get(toHex(topic))?.length;
    addPerson(scene, ann, group, scene.person("one more"));
    scene.carry(...people);
    assert.equal(scene.topics.get(toHex(topic))?.length, before);
  });

  it("shared by two devices has what either did, whoever wrote last", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    makeGroup(ann, "before");
    scene.carry(ann);
    const second = restored(scene, ann, "Ann");
    makeGroup(ann, "on the first");
    makeGroup(second, "on the second");
    for (const each of [second, ann]) scene.collect(each);
    for (const each of [second, ann]) scene.deliver(each);
    for (const each of [ann, second])
      assert.deepEqual(
        groupsIn(each.ids(SHARED).map((id) => each.existing(SHARED, id)))
          .map(({ name }) => name)
          .sort(),
        ["before", "on the first", "on the second"],
      );
  });

  it("shared by two devices gives the account one name, whichever of them took it, and prekeys that say so", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    scene.carry(ann);
    const second = restored(scene, ann, "Ann");
    scene.collect(second);
    scene.deliver(ann);
    for (const [teller, hearer, name] of [
      [second, ann, "Anna"],
      [ann, second, "Anouk"],
    ] as const) {
      teller.put({ kind: "rename-account", name });
      scene.collect(teller);
      const heard = scene.deliver(hearer);
      assert.deepEqual([teller.account().name, hearer.account().name], [name, name]);
      scene.collect(hearer);
      scene.deliver(teller);
      assert.equal(teller.account().name, name);
      assert.ok(heard.some(({ effects }) => effects.some(({ kind }) => kind === "publish-prekeys")));
    }
  });

  it("is trimmed when our newest snapshot has come back, and never by one that others have added to since", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    scene.carry(ann);
    const second = restored(scene, ann, "Ann");
    const { topic } = keysOf(ann);
    const at = (sequence: number) => ({ log: LOG_ID, topic, upTo: sequence as Sequence, kind: "trim" as const });
    const post = (device: Device): Uint8Array => {
      makeGroup(device);
      const id = device.ids(OUTBOX).findLast((each) => toHex(device.existing(OUTBOX, each).topic) === toHex(topic));
      return device.existing(OUTBOX, id ?? "").envelope;
    };
    const [first, others] = [post(ann), post(second)];
    const trims = (envelope: Uint8Array, sequence: number) =>
      deliverOne(ann, topic, sequence, envelope).effects.filter(({ kind }) => kind === "trim");
    assert.deepEqual(trims(first, 5), [at(4)]);
    assert.deepEqual(trims(others, 6), []);
    assert.deepEqual(trims(first, 7), [], "it lacks what the other device said");
    assert.deepEqual(trims(post(ann), 8), [at(7)]);
  });

  it("in several envelopes is trimmed up to the first of them, at the holder where that was read", () => {
    const ann = newDevice("Ann", { nowMs: 1 });
    const { topic } = keysOf(ann);
    const mark = (i: number) =>
      ({ kind: "verified", account: key(i), name: "x".repeat(120), isVerified: true }) as const satisfies AccountValue;
    for (let i = 1; i < 400; i++) ann.save(SHARED, itemId(mark(i)), { counter: 1, value: mark(i) });
    ann.put({ ...mark(0), kind: "verify" });
    const parts = ann.ids(OUTBOX).filter((id) => toHex(ann.existing(OUTBOX, id).topic) === toHex(topic));
    assert.equal(parts.length, 2);
    const [one, two] = parts.map((id) => ann.existing(OUTBOX, id).envelope);
    assert(one && two);
    const trims = (sequence: number, envelope: Uint8Array, log = LOG_ID) =>
      ann.put({ kind: "delivered", log, topic, sequence: sequence as Sequence, envelope }).effects;
    assert.deepEqual(trims(9, one), []);
    assert.deepEqual(trims(5, two, LogId.from(new Uint8Array(16).fill(9))), []);
    assert.deepEqual(trims(12, two), [{ kind: "trim", log: LOG_ID, topic, upTo: 8 }]);
  });

  it("in several envelopes is not written for each group that somebody else puts us into, but within an hour", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const { topic } = keysOf(ann);
    const mark = (i: number) =>
      ({ kind: "verified", account: key(i), name: "x".repeat(120), isVerified: true }) as const satisfies AccountValue;
    for (let i = 1; i < 400; i++) ann.save(SHARED, itemId(mark(i)), { counter: 1, value: mark(i) });
    ann.put({ ...mark(0), kind: "verify" });
    scene.carry(ann);
    const posted = () => scene.topics.get(toHex(topic))?.length ?? 0;
    const before = posted();
    const groups = Array.from({ length: 5 }, () => groupOf(scene, [bob, ann]));
    assert.equal(posted(), before);
    makeGroup(ann);
    scene.carry(ann);
    assert.equal(posted(), before + 2, "what we do ourselves is said at once, and all else with it");
    addPerson(scene, bob, makeGroup(bob), ann);
    scene.carry(bob, ann);
    scene.clock.nowMs += SOON_MS;
    ann.put({ kind: "tick" });
    scene.carry(ann);
    assert.equal(posted(), before + 4);
    assert.equal(
      groupsIn([...newestItems(p, readWithWords(scene, ann.account().accountSeed)).values()]).length,
      groups.length + 2,
    );
  });

  it("takes anything that a relay puts there", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    makeGroup(ann);
    scene.carry(ann);
    const before = ann.ids(SHARED);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (body) => {
        const { topic } = keysOf(ann);
        const [envelope] = scene.topics.get(toHex(topic)) ?? [];
        const junk = Uint8Array.of(...(envelope ?? []).slice(0, 40), ...body);
        deliverOne(ann, topic, 1, junk);
        assert.deepEqual(ann.ids(SHARED), before);
      }),
    );
  });
});

describe("of two items about one thing", () => {
  const name = fc.constantFrom("a", "b", "c");
  const value: fc.Arbitrary<AccountValue> = fc.oneof(
    record({ kind: fc.constant("settings" as const), name, relays: fc.constant([]) }),
    record({
      kind: fc.constant("group" as const),
      group: fc.nat(2).map((n) => GroupId.from(key(n))),
      name,
      relays: fc.constant([]),
      contacts: fc.constant([]),
      left: fc.boolean(),
    }),
  );
  const items = fc.array(record({ counter: fc.nat(3), value }), { maxLength: 12, size: "max" });

  it("the same counts in whatever order they came", () => {
    fc.assert(
      fc.property(items, fc.infiniteStream(fc.nat()), (all, order) => {
        const other = all
          .map((item) => ({ item, place: order.next().value as number }))
          .sort((one, two) => one.place - two.place)
          .map(({ item }) => item);
        const sorted = (each: readonly AccountItem[]) => [...newestItems(p, each)].sort(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual(sorted(all), sorted(other));
      }),
    );
  });

  it("the one with the greater counter counts", () => {
    const settings = (counter: number, text: string): AccountItem => ({
      counter,
      value: { kind: "settings", name: text, relays: [] },
    });
    assert.deepEqual(
      [...newestItems(p, [settings(2, "new"), settings(1, "old")]).values()].map(({ value: v }) => itemId(v)),
      ["settings"],
    );
    assert.deepEqual(newestItems(p, [settings(2, "new"), settings(1, "old")]).get("settings"), settings(2, "new"));
  });

  it("all fit into envelopes, in order and none twice", () => {
    const many = Array.from(
      { length: 900 },
      (_, i): AccountItem => ({
        counter: i,
        value: { kind: "verified", account: key(i), name: "n".repeat(100), isVerified: true },
      }),
    );
    const parts = inParts(many);
    assert(parts.length > 2);
    assert.deepEqual(parts.flat(), many);
    assert.deepEqual(inParts([]), [[]]);
  });

  it("are left out beyond the envelopes that a snapshot may have, groups before all else", () => {
    const relays = Array.from({ length: 8 }, (_, i) => `/dns4/${"r".repeat(480)}/tcp/${i}`);
    const group = (i: number): AccountItem => {
      const named = { group: GroupId.from(p.sha256(Uint8Array.of(i >> 8, i))), name: "", relays };
      return { counter: 1, value: { kind: "group", ...named, contacts: [], left: false } };
    };
    const person = { kind: "verified" as const, account: key(1), name: "Ann", isVerified: true };
    const parts = inParts([...Array.from({ length: 13_000 }, (_, i) => group(i)), { counter: 1, value: person }]);
    assert.equal(parts.length, SNAPSHOT_PARTS_MAX);
    assert.deepEqual(parts[0]?.[0]?.value, person);
  });
});

describe("an account restored from its words", () => {
  it("is the same account on a new device, asks to be let into its groups, and has no key of the lost device", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    scene.carry(ann, bob);
    const again = restored(scene, ann, "Ann");
    const [was, is] = [ann.account(), again.account()];
    assert.deepEqual(is.account, was.account);
    for (const secret of ["deviceSeed", "identitySecret", "slotSeed"] as const)
      assert.notDeepEqual(is[secret], was[secret]);
    assert.deepEqual(again.ids(SHARED).filter((id) => id.startsWith("device/")).length, 2);
    assert.deepEqual(again.ids({ prefix: "linking/" }), [toHex(group)]);
    assert.equal(again.record(ACCOUNT)?.name, "Ann");
  });

  it("asks for no group that the account left, or was removed from", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const [left, removed, kept] = [1, 2, 3].map(() => groupOf(scene, [bob, ann]));
    assert(left && removed && kept);
    ann.put({ kind: "change-group", group: left, change: { kind: "leave" } });
    const accounts = [ann.account().account];
    bob.put({ kind: "change-group", group: removed, change: { kind: "remove", accounts } });
    scene.carry(ann, bob);
    const again = restored(scene, ann, "Ann");
    assert.deepEqual(again.ids({ prefix: "linking/" }), [toHex(kept)]);
  });

  it("asks its own devices first, then one contact after the other, and begins again after an hour", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    groupOf(scene, [ann, bob, cem]);
    scene.carry(ann, bob, cem);
    const again = restored(scene, ann, "Ann");
    const asked = (kind: "start" | "tick") =>
      again.put({ kind }).effects.flatMap((each) => (each.kind === "take-prekeys" ? [toHex(each.account)] : []));
    const [own, ...contacts] = [ann, bob, cem].map((each) => toHex(each.account().account));
    assert.deepEqual(asked("start"), [own]);
    again.put({ kind: "prekeys-taken", account: ann.account().account, taken: scene.taken(ann) });
    assert.deepEqual(asked("tick"), [], "too early");
    scene.clock.nowMs += 5_000;
    const [second, ...none] = asked("tick");
    assert(second && contacts.includes(second) && none.length === 0);
    scene.clock.nowMs += 5_000;
    assert.deepEqual(asked("tick").sort(), contacts.sort(), "whoever was not found is asked for again");
    scene.clock.nowMs += 3_600_000;
    assert.deepEqual(asked("tick"), [own]);
  });
});
