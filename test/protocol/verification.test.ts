/** Verified people: the mark belongs to the account key, and what is new about them is told of, once. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fingerprintOf } from "../../src/protocol/account.ts";
import type { Work } from "../../src/protocol/effects.ts";
import { FORMER_NAMES, SHARED, SHARING } from "../../src/protocol/records/account.ts";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { MEMBER } from "../../src/protocol/records/group.ts";
import { saveRoster } from "../../src/protocol/saved-roster.ts";
import type { Step } from "../../src/protocol/step.ts";
import { warnOfKeys } from "../../src/protocol/verification.ts";
import { AccountKey, DeviceKey, type GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { addPerson, groupOf, makeGroup, newScene } from "./scene.ts";

const verify = (device: Device, other: Device, name = other.name) =>
  device.put({ kind: "verify", account: other.account().account, name, isVerified: true });

const warningsOf = (outcomes: readonly { readonly warnings: readonly string[] }[]) =>
  outcomes.flatMap(({ warnings }) => warnings);

/** Another device of `whose` stands in the epoch in which `device` sends. */
function newDeviceIn(device: Device, group: GroupId, whose: Device, byte: number) {
  const { sending } = device.group(group);
  assert(sending);
  const roster = device.roster(sending);
  const added = { device: DeviceKey.from(p.sha256(Uint8Array.of(byte))), account: whose.account().account };
  return device.run(function* (work: Work): Step<void> {
    yield* saveRoster(work, { group, epoch: sending }, [...roster, added], undefined);
    yield* warnOfKeys(work);
  });
}

describe("a verified mark", () => {
  it("stays with the account key, and can be taken away", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    verify(ann, bob);
    const mark = () => ann.existing(SHARED, `verified/${toHex(bob.account().account)}`).value;
    assert.deepEqual(mark(), { kind: "verified", account: bob.account().account, name: "Bob", isVerified: true });
    ann.put({ kind: "verify", account: bob.account().account, name: "Bob", isVerified: false });
    assert.equal((mark() as { isVerified: boolean }).isVerified, false);
  });

  it("says nothing about the devices that were there, and tells of a new one once", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    verify(ann, bob);
    addPerson(scene, ann, group, cem);
    assert.deepEqual(warningsOf(scene.carry(ann, bob, cem)), [], "a new epoch with the same devices");
    const { events } = newDeviceIn(ann, group, bob, 1);
    const [warning] = events;
    assert(warning?.kind === "warning" && warning.account);
    assert.deepEqual(
      [warning.code, toHex(warning.account), warning.group],
      ["verified-new-device", toHex(bob.account().account), group],
    );
    assert.deepEqual(newDeviceIn(ann, group, bob, 1).warnings, []);
    assert.deepEqual(newDeviceIn(ann, group, cem, 2).warnings, [], "Cem was not verified");
  });

  it("that another device of ours set takes the devices that it meets first as known", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const value = { kind: "verified", account: bob.account().account, name: "Bob", isVerified: true } as const;
    ann.save(SHARED, `verified/${toHex(bob.account().account)}`, { counter: 1, value });
    assert.deepEqual(newDeviceIn(ann, group, bob, 1).warnings, []);
    assert.deepEqual(newDeviceIn(ann, group, bob, 2).warnings, ["verified-new-device"]);
  });
});

describe("somebody with a verified person's name and another key", () => {
  it("is warned about once in each group, also by a line that cannot be missed", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    verify(ann, bob);
    const other = scene.person(" BOB ");
    const { warnings } = addPerson(scene, ann, group, other);
    assert.deepEqual(warnings, ["verified-name-other-key"]);
    const lines = [...ann.lines.values()].filter(({ text }) => text.includes("is not the Bob whom you verified"));
    assert.equal(lines.length, 1);
    const epoch = ann.existing(EPOCH, toHex(ann.group(group).sending ?? new Uint8Array()));
    assert.equal(lines[0]?.depth, epoch.depth);
    assert.deepEqual(warningsOf(scene.carry(ann, bob, other)), []);
    const second = makeGroup(ann, "second");
    assert.deepEqual(addPerson(scene, ann, second, other).warnings, ["verified-name-other-key"]);
  });

  it("is noticed through letters that nobody sees", () => {
    for (const name of ["B\u200bob", "Bob\u2060", "\u202eBob", "B\u00adob", "Bob\u3164", "\ufeffBob"]) {
      const scene = newScene();
      const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
      const twin = scene.person(name);
      const group = groupOf(scene, [ann, bob]);
      verify(ann, bob);
      assert.deepEqual(addPerson(scene, ann, group, twin).warnings, ["verified-name-other-key"], JSON.stringify(name));
    }
  });

  it("is no namesake when it is ourselves, somebody verified, or unmarked", () => {
    const scene = newScene();
    const [ann, bob, twin] = [scene.person("Ann"), scene.person("Bob"), scene.person("bob")];
    const group = groupOf(scene, [ann, bob]);
    verify(ann, bob, "Ann");
    ann.put({ kind: "verify", account: AccountKey.from(p.sha256(new Uint8Array())), name: "x", isVerified: true });
    verify(ann, twin);
    assert.deepEqual(addPerson(scene, ann, group, twin).warnings, []);
    assert(ann.ids(MEMBER).length > 0);
  });

  it("is found also when a group is joined in which it is already", () => {
    const scene = newScene();
    const [ann, bob, twin] = [scene.person("Ann"), scene.person("Bob"), scene.person("bob")];
    verify(ann, bob);
    const cem = scene.person("Cem");
    const group = groupOf(scene, [cem, twin]);
    addPerson(scene, cem, group, ann);
    assert.deepEqual(warningsOf(scene.carry(ann, cem, twin)), ["verified-name-other-key"]);
  });
});

describe("somebody who takes a verified person's name", () => {
  /** Ann, who has verified Bob and Dan, in a group with them and Cem. */
  const club = () => {
    const scene = newScene();
    const [ann, bob, cem, dan] = ["Ann", "Bob", "Cem", "Dan"].map((name) => scene.person(name));
    assert(ann && bob && cem && dan);
    const group = groupOf(scene, [ann, bob, cem, dan]);
    verify(ann, bob);
    verify(ann, dan);
    const called = (device: Device, name: string) => {
      scene.clock.nowMs += 1_000;
      device.put({ kind: "rename-account", name });
      device.put({ kind: "tell-name", group });
      return warningsOf(scene.carry(ann, bob, cem, dan));
    };
    const lines = () => [...ann.lines.values()].filter(({ text }) => text.startsWith("WARNING")).length;
    return { ann, cem, dan, called, lines };
  };

  it("is warned about for each of them, however it was called meanwhile", () => {
    const { cem, called, lines } = club();
    assert.deepEqual(called(cem, "Bob"), ["verified-name-other-key"]);
    assert.deepEqual(called(cem, "Cem"), []);
    assert.deepEqual(called(cem, "dan"), ["verified-name-other-key"]);
    assert.equal(lines(), 2);
  });

  it("or another one, makes whoever verified it post nothing: the mark's name is said with what is said next", () => {
    const { ann, dan, called } = club();
    const before = ann.existing(SHARING);
    called(dan, "Daniel");
    const { value } = ann.existing(SHARED, `verified/${toHex(dan.account().account)}`);
    assert.equal(value.kind === "verified" && value.name, "Daniel");
    assert.deepEqual(ann.existing(SHARING), before);
  });

  it("is warned about when the verified person has given the name up before", () => {
    const { ann, cem, dan, called } = club();
    assert.deepEqual(called(dan, "Daniel"), []);
    assert.deepEqual(called(dan, "Danny"), []);
    for (const name of ["Daniel", "DAN", "Danny"]) {
      assert.deepEqual(called(cem, "Cem"), [], "its own name is nobody else's");
      assert.deepEqual(called(cem, name), ["verified-name-other-key"], name);
    }
    assert.ok(
      [...ann.lines.values()].some(({ text }) => text.includes("this Daniel is not Danny, whom you verified and")),
    );
    assert.deepEqual(called(dan, "Dan"), [], "whose it was may take it again");
    assert.deepEqual(ann.existing(FORMER_NAMES, toHex(dan.account().account)).names, ["Danny", "Daniel"]);
    ann.put({ kind: "verify", account: dan.account().account, name: "Dan", isVerified: false });
    assert.deepEqual(called(cem, "Daniel"), [], "nobody verified has it any more");
  });

  it("is warned about also when it was verified itself, as somebody else", () => {
    const { dan, called, lines } = club();
    assert.deepEqual(called(dan, "Daniel"), []);
    assert.deepEqual(called(dan, "Bob"), ["verified-name-other-key"]);
    assert.equal(lines(), 1);
  });
});

describe("fingerprints", () => {
  it("are twelve groups of five digits, one for each account", () => {
    const keys = [1, 2, 3].map((byte) => AccountKey.from(p.sha256(Uint8Array.of(byte))));
    const all = keys.map((each) => fingerprintOf(p, each));
    for (const each of all) assert.match(each, /^\d{5}( \d{5}){11}$/);
    assert.equal(new Set(all).size, 3);
  });
});
