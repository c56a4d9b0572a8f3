import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Effect } from "../../src/protocol/effects.ts";
import type { Device } from "./device.ts";
import { addPerson, inviteTo, makeGroup, newScene } from "./scene.ts";

/** Who told us of this relay, as the client is told at its start. */
function toldBy(device: Device, relay: string): readonly string[] {
  const uses = device
    .put({ kind: "start" })
    .effects.filter((each): each is Extract<Effect, { readonly kind: "use-relays" }> => each.kind === "use-relays");
  return uses.filter(({ relays }) => relays.includes(relay)).map((each) => each.toldBy);
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
});
