import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Effect } from "../../src/protocol/effects.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { addPerson, groupOf, inviteTo, makeGroup, newScene } from "./scene.ts";

/** Who told us of this relay, as the client is told at its start. */
function toldBy(device: Device, relay: string): readonly string[] {
  const uses = device
    .put({ kind: "start" })
    .effects.filter((each): each is Extract<Effect, { readonly kind: "use-relays" }> => each.kind === "use-relays");
  return uses.filter(({ relays }) => relays.includes(relay)).map((each) => each.toldBy);
}

/** Relays that a starting client is told to use for this group. */
function usedFor(device: Device, group: GroupId): readonly string[] {
  const { effects } = device.put({ kind: "start" });
  return effects.flatMap((each) =>
    each.kind === "use-relays" && each.group && toHex(each.group) === toHex(group) ? each.relays : [],
  );
}

describe("the relays of a group", () => {
  it("are told by whoever added us unasked, and by us where we followed a link", () => {
    const scene = newScene();
    const [adder, inviter] = [scene.person("adder", ["/the/adder"]), scene.person("inviter", ["/the/inviter"])];
    const newcomer = scene.person("newcomer");
    addPerson(scene, adder, makeGroup(adder), newcomer);
    scene.carry(adder, newcomer);
    const link = inviteTo(inviter, makeGroup(inviter));
    newcomer.put({ kind: "join", link });
    scene.carry(inviter, newcomer);
    scene.clock.nowMs += 60_000;
    inviter.put({ kind: "tick" });
    scene.carry(inviter, newcomer);
    assert(newcomer.group(link.group).sending);
    assert.deepEqual(toldBy(newcomer, "/the/adder"), ["adder"]);
    assert.deepEqual(toldBy(newcomer, "/the/inviter"), ["us"]);
    assert.deepEqual(new Set(toldBy(adder, "/the/adder")), new Set(["us"]));
  });

  it("are those that the settings name; one that they left is used for a week more, so that the others hear of it", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("ann", ["/old"]), scene.person("bob", ["/old"])];
    const group = groupOf(scene, [ann, bob], 1);
    const settings = { name: undefined, password: undefined, inviters: undefined, rekey: undefined };
    const move = (...relays: readonly string[]) =>
      ann.put({ kind: "change-group", group, change: { kind: "settings", ...settings, relays } });
    move("/old", "/new");
    move("/new");
    scene.carry(ann, bob);
    for (const device of [ann, bob]) {
      assert.deepEqual(device.group(group).relays, ["/new"]);
      assert.deepEqual(usedFor(device, group), ["/new", "/old"]);
    }
    scene.clock.nowMs += 8 * 24 * 3_600_000;
    assert.deepEqual(usedFor(bob, group), ["/new"]);
    move("/old", "/new");
    assert.deepEqual(usedFor(ann, group), ["/old", "/new"]);
  });
});
