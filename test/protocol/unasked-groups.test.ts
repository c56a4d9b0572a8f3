import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { GROUP, OUT } from "../../src/protocol/records/group.ts";
import { LOG_PART, UNASKED, WELCOME } from "../../src/protocol/records/joining.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { read, write } from "../../src/protocol/step.ts";
import { UNASKED_GROUPS_MAX } from "../../src/protocol/unasked-groups.ts";
import { u32be } from "../../src/verify/transcript.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, type Outcome, p } from "./device.ts";
import { addPerson, groupOf, inviteTo, makeGroup, newScene, type Scene, say } from "./scene.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Mal puts Vic into one more group of his; what came of it. */
function putInto(
  scene: Scene,
  mal: Device,
  vic: Device,
): { readonly group: GroupId; readonly codes: readonly string[] } {
  const group = makeGroup(mal, "spam");
  addPerson(scene, mal, group, vic);
  const codes = warningsOf(scene.carry(mal, vic));
  return { group, codes };
}

const warningsOf = (outcomes: readonly Outcome[]): readonly string[] => outcomes.flatMap(({ warnings }) => warnings);

const isIn = (device: Device, group: GroupId): boolean => device.ids(GROUP).includes(toHex(group));

/** Vic is in as many groups of Mal's as anybody may be put into: two, and what the others leave that counts. */
function crowded() {
  const scene = newScene();
  const [mal, vic] = [scene.person("Mal"), scene.person("Vic")];
  const [first, second] = [putInto(scene, mal, vic), putInto(scene, mal, vic)].map(({ group }) => group);
  assert(first && second);
  const adder = mal.account().device;
  vic.run(function* (work) {
    for (let i = 2; i < UNASKED_GROUPS_MAX; i++) write(work, UNASKED, toHex(p.sha256(u32be(i))), { adder });
    yield* read(work, UNASKED, "");
  });
  return { scene, mal, vic, first, second };
}

describe("groups that we are put into unasked", function () {
  this.timeout(30_000);

  it("are 64 at most, whoever adds us: a further one is turned away with a warning and leaves nothing", () => {
    const { scene, mal, vic } = crowded();
    const sock = scene.person("Mal's second account");
    for (const stranger of [mal, sock]) {
      const before = [ENTRY, WELCOME, LOG_PART].map((type) => vic.ids(type).length);
      const { group, codes } = putInto(scene, stranger, vic);
      assert.deepEqual(codes, ["unasked-groups-full"]);
      assert(!isIn(vic, group));
      assert.deepEqual(
        [ENTRY, WELCOME, LOG_PART].map((type) => vic.ids(type).length),
        before,
      );
    }
  });

  it("keep nobody out of a group whose link was followed, or into which a verified person adds us", () => {
    const { scene, mal, vic } = crowded();
    const ann = scene.person("Ann");
    const linked = makeGroup(ann);
    vic.put({ kind: "join", link: inviteTo(ann, linked) });
    scene.carry(vic, ann);
    scene.clock.nowMs += 300;
    ann.put({ kind: "tick" });
    scene.carry(vic, ann);
    assert(isIn(vic, linked));
    vic.put({ kind: "verify", account: ann.account().account, name: "Ann", isVerified: true });
    assert(isIn(vic, putInto(scene, ann, vic).group));
    assert(!isIn(vic, putInto(scene, mal, vic).group));
  });

  it("count no more once we have written there, left, or verified whoever added us", () => {
    const { scene, mal, vic, first, second } = crowded();
    say(vic, first, "who are you?");
    assert(isIn(vic, putInto(scene, mal, vic).group));
    assert(!isIn(vic, putInto(scene, mal, vic).group));
    vic.put({ kind: "change-group", group: second, change: { kind: "leave" } });
    assert(isIn(vic, putInto(scene, mal, vic).group));
    assert(!isIn(vic, putInto(scene, mal, vic).group));
    vic.put({ kind: "verify", account: mal.account().account, name: "Mal", isVerified: true });
    assert(isIn(vic, putInto(scene, mal, vic).group));
  });

  it("count for a month more when we are taken out again, and each again when we are put back after leaving", () => {
    const { scene, mal, vic, first, second } = crowded();
    const accounts = [vic.account().account];
    mal.put({ kind: "change-group", group: first, change: { kind: "remove", accounts } });
    scene.carry(mal, vic);
    assert.equal(vic.ids(OUT).length, 1);
    assert(!isIn(vic, putInto(scene, mal, vic).group));
    vic.put({ kind: "change-group", group: second, change: { kind: "leave" } });
    assert(isIn(vic, putInto(scene, mal, vic).group));
    scene.carry(mal, vic);
    addPerson(scene, mal, second, vic);
    assert.deepEqual(warningsOf(scene.carry(mal, vic)), ["unasked-groups-full"]);
    assert.equal(vic.ids(OUT).length, 2);
    scene.clock.nowMs += 30 * DAY_MS;
    assert(isIn(vic, putInto(scene, mal, vic).group));
  });

  it("are remembered as such only until we write there", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    assert.equal(bob.ids(UNASKED).length, 1);
    say(bob, group, "hello");
    assert.deepEqual(bob.ids(UNASKED), []);
  });
});
