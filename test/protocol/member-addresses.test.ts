import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Effect } from "../../src/protocol/effects.ts";
import { MEMBER_ADDRESS } from "../../src/protocol/records/group.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import type { Device } from "./device.ts";
import { groupOf, newScene } from "./scene.ts";

type Saying = Extract<Effect, { readonly kind: "say" }>;

const AT_ANNS = "/ip4/192.0.2.1/tcp/40001";
const AT_BOBS = "/ip4/192.0.2.2/tcp/40002";
const WEEK_MS = 7 * 24 * 3600 * 1000;

const sayings = (effects: readonly Effect[]): readonly Saying[] =>
  effects.flatMap((each) => (each.kind === "say" ? [each] : []));
const dialled = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((each) => (each.kind === "use-addresses" ? each.addresses : []));
/** Where somebody says to be, with nothing else that is said. */
const tells = (device: Device, ...addresses: string[]): readonly Saying[] =>
  sayings(device.put({ kind: "reachable", addresses }).effects).slice(0, 1);
const hears = (device: Device, said: readonly Saying[]): readonly Effect[] =>
  said.flatMap(({ topic, body }) => device.put({ kind: "said", topic, body }).effects);

function pair() {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob]);
  scene.carry(ann, bob);
  return { scene, ann, bob, group };
}

describe("addresses of members", () => {
  it("are dialled by those who hear them, and answered with their own", () => {
    const { ann, bob } = pair();
    tells(bob, AT_BOBS); // before Ann was there
    const effects = hears(bob, tells(ann, AT_ANNS));
    assert.deepEqual(dialled(effects), [AT_ANNS]);
  });

  it("are answered by somebody whom the other has not heard", () => {
    const { ann, bob } = pair();
    tells(bob, AT_BOBS); // nobody hears it
    const answer = sayings(hears(bob, tells(ann, AT_ANNS)));
    assert.deepEqual(dialled(hears(ann, answer)), [AT_BOBS]);
    assert.deepEqual(tells(ann, AT_ANNS), [], "the same once a minute");
    assert.deepEqual(sayings(hears(bob, tells(ann, AT_BOBS))), [], "who is known is not answered");
  });

  it("are dialled again at the next start, until they expire", () => {
    const { scene, ann, bob } = pair();
    hears(bob, tells(ann, AT_ANNS));
    assert.deepEqual(dialled(bob.put({ kind: "start" }).effects), [AT_ANNS]);
    scene.clock.nowMs += WEEK_MS;
    assert.deepEqual(dialled(bob.put({ kind: "start" }).effects), []);
  });

  it("of before do not come back with a frame that is brought again", () => {
    const { scene, ann, bob, group } = pair();
    const old = tells(ann, AT_ANNS);
    scene.clock.nowMs += 1_000;
    hears(bob, tells(ann, AT_BOBS));
    assert.deepEqual(dialled(hears(bob, old)), []);
    const { addresses } = bob.existing(MEMBER_ADDRESS, idOf(group, ann.account().device));
    assert.deepEqual(addresses, [AT_BOBS]);
  });

  it("that do not fit a frame are left out", () => {
    const { ann, bob } = pair();
    const long = (i: number): string => `/dns4/${"x".repeat(160)}${i}.example/tcp/1`;
    const said = tells(ann, `/dns4/${"y".repeat(300)}/tcp/1`, long(1), long(2), long(3), long(4), long(5), AT_ANNS);
    assert.deepEqual(dialled(hears(bob, said)), [long(1), long(2), long(3), AT_ANNS]);
  });

  it("are not said where there are none", () => {
    const { ann } = pair();
    assert.deepEqual(tells(ann), []);
  });
});
