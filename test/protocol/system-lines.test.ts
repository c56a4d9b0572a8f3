import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MemberChange } from "../../src/protocol/effects.ts";
import type { GroupChange } from "../../src/protocol/group-change.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import type { Device, Outcome } from "./device.ts";
import { groupOf, newScene } from "./scene.ts";

/** Ann owns a group of Bob and Cem; all have it. */
function three(role: 0 | 1 = 0) {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem], role);
  return { scene, ann, bob, cem, group };
}

const change = (device: Device, group: GroupId, action: GroupChange): Outcome =>
  device.put({ kind: "change-group", group, change: action });

const settings = (some: object): GroupChange => ({
  kind: "settings",
  name: undefined,
  password: undefined,
  inviters: undefined,
  rekey: undefined,
  relays: undefined,
  ...some,
});

const accountOf = (device: Device) => device.account().account;

/** Lines of the system on a device since the people were added, in their order. */
function linesOf(device: Device): readonly string[] {
  const system = [...device.lines.values()].filter(({ kind }) => kind === "system");
  const sorted = system.sort((a, b) => a.depth - b.depth || (a.id < b.id ? -1 : 1));
  return sorted.map(({ text }) => text).filter((text) => !/ added | created /.test(text));
}

/** Changes as scripts are told them. */
const told = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap(({ events }) => events.flatMap((each) => (each.kind === "member" ? [each.change] : [])));

describe("lines about a group", () => {
  const cases: readonly (readonly [MemberChange, (of: ReturnType<typeof three>) => GroupChange, string | undefined])[] =
    [
      ["role", ({ bob }) => ({ kind: "role", account: accountOf(bob), role: 1 }), "Ann made Bob an admin"],
      ["role", ({ bob }) => ({ kind: "role", account: accountOf(bob), role: 2 }), "Ann handed the group over to Bob"],
      ["removed", ({ bob }) => ({ kind: "remove", accounts: [accountOf(bob)] }), "Ann removed Bob"],
      ["renamed", () => settings({ name: "hikers" }), "Ann named the group “hikers”"],
      ["settings", () => settings({ inviters: 0 }), "Ann lets everybody make links"],
      ["settings", () => settings({ password: { kind: "key", key: new Uint8Array(32) } }), "Ann set a room password"],
      ["settings", () => settings({ password: { kind: "none" } }), "Ann took the room password away"],
      [
        "settings",
        () => settings({ rekey: { everyMs: 86_400_000, everyMessages: 5 } }),
        "Ann has the key renewed after 1 day or 5 messages",
      ],
      ["rekeyed", () => ({ kind: "rekey" }), undefined],
    ];
  for (const [name, make, line] of cases)
    it(`say to everybody: ${line ?? `nothing of ${name}, which scripts are told`}`, () => {
      const people = three();
      const { scene, ann, bob, cem, group } = people;
      const own = change(ann, group, make(people));
      const others = scene.carry(ann, bob, cem);
      assert.deepEqual(told([own]), [name]);
      assert(told(others).includes(name));
      for (const each of [ann, bob, cem]) assert.deepEqual(linesOf(each), line === undefined ? [] : [line]);
    });

  it("come with the new name of the group", () => {
    const { scene, ann, bob, cem, group } = three();
    change(ann, group, settings({ name: "hikers" }));
    scene.carry(ann, bob, cem);
    for (const each of [ann, bob, cem]) assert.equal(each.group(group).name, "hikers");
  });

  it("say who left", () => {
    const { scene, ann, bob, cem, group } = three();
    change(cem, group, { kind: "leave" });
    const outcomes = scene.carry(ann, bob, cem);
    assert(told(outcomes).includes("left"));
    for (const each of [ann, bob, cem]) assert.deepEqual(linesOf(each), ["Cem left"]);
  });

  it("say one thing once, also when it comes by several ways", () => {
    const { scene, ann, bob, cem, group } = three();
    change(ann, group, settings({ name: "one" }));
    scene.carry(ann, bob, cem);
    const before = linesOf(bob);
    for (const topic of scene.topics.values()) topic.push(...topic);
    scene.carry(ann, bob, cem);
    assert.deepEqual(linesOf(bob), before);
  });
});

describe("a change that is overruled", () => {
  /** Bob, an admin, changes something while Ann removes him. */
  function overruled(action: (scene: ReturnType<typeof three>) => GroupChange) {
    const people = three(1);
    const { scene, ann, bob, cem, group } = people;
    change(bob, group, action(people));
    scene.collect(bob);
    scene.deliver(cem);
    change(ann, group, { kind: "remove", accounts: [accountOf(bob)] });
    scene.carry(ann, bob, cem);
    return people;
  }

  it("makes a line on those who had seen it, and none on those who never did", () => {
    const { ann, cem, bob } = overruled(() => settings({ name: "Bob's" }));
    assert.deepEqual(linesOf(ann), ["Ann removed Bob"]);
    const expected = [
      "Bob named the group “Bob's”",
      "Ann removed Bob",
      "Bob's change was overruled: Bob named the group “Bob's”",
    ];
    for (const each of [cem, bob]) assert.deepEqual([...linesOf(each)].sort(), [...expected].sort());
  });

  it("says so of those who are out by it", () => {
    const scene = newScene();
    const [ann, bob, cem, dan] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem"), scene.person("Dan")];
    const group = groupOf(scene, [ann, bob, cem], 1);
    bob.put({ kind: "add", group, account: accountOf(dan), taken: scene.taken(dan), role: 0 });
    scene.collect(bob);
    scene.deliver(cem);
    change(ann, group, { kind: "remove", accounts: [accountOf(bob)] });
    scene.carry(ann, bob, cem, dan);
    const lines = [...cem.lines.values()].filter(({ kind }) => kind === "system").map(({ text }) => text);
    assert(lines.includes("Bob's change was overruled: Bob added Dan"), lines.join("\n"));
    assert(lines.includes("Dan is not in the group any more"), lines.join("\n"));
  });
});
