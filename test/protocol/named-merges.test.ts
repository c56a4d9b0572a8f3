import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { mergedEpochId } from "../../src/protocol/epoch-merges.ts";
import { hearMerges, type Naming } from "../../src/protocol/named-merges.ts";
import { CLOSED, EPOCH, FORK, SOUGHT_MERGE, USED_MERGE } from "../../src/protocol/records/epoch.ts";
import { compareBytes, concat } from "../../src/verify/transcript.ts";
import { DeviceKey, type EntryHash, EpochId, type GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { restored } from "./restored-device.ts";
import { epochOf, groupOf, inviteTo, newScene, type Scene, say } from "./scene.ts";

/** Times by which a device that said something in a merge has named it. */
const NAMED_MS = 130_000;

const rekey = (device: Device, group: GroupId) =>
  device.put({ kind: "change-group", group, change: { kind: "rekey" } });

/** Cem says something where three branches meet, and the others pass by that. */
function party() {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem]);
  for (const each of [ann, bob, cem]) rekey(each, group);
  scene.carry(ann, bob);
  scene.deliver(cem); // what it did itself nobody knows yet
  say(cem, group, "said in the merge of three");
  const merged = epochOf(cem, group);
  assert.equal(cem.existing(EPOCH, merged).frontier.length, 3);
  rekey(bob, group);
  scene.carry(ann, bob);
  scene.carry(ann, bob, cem);
  assert.deepEqual([ann.texts(), bob.texts()], [[], []], "they went from two heads to two others");
  return { scene, ann, bob, cem, group, merged };
}

function wait(scene: Scene, ms: number, ...devices: readonly Device[]): void {
  scene.clock.nowMs += ms;
  for (const each of devices) each.put({ kind: "tick" });
  scene.carry(...devices);
}

const topicOf = (device: Device, group: GroupId): string => toHex(device.existing(EPOCH, epochOf(device, group)).topic);

const isIn = (device: Device, epoch: string): boolean => device.record(EPOCH, epoch) !== undefined;

/** How often that calls this function of this record. */
function callsOf<K extends string>(
  record: Record<K, (...args: never[]) => unknown>,
  name: K,
  work: () => unknown,
): number {
  const real = record[name];
  let count = 0;
  const counting = (...args: never[]) => {
    count++;
    return real(...args);
  };
  Object.assign(record, { [name]: counting });
  try {
    work();
  } finally {
    Object.assign(record, { [name]: real });
  }
  return count;
}

/** How many HMACs that takes: most of what deriving an epoch does. */
const hmacsOf = (work: () => unknown): number => callsOf(p, "hmac", work);

/** HMACs of one contribution, at most: 128 levels of a tree, two each, and what surrounds them. */
const HMACS_OF_HEAD = 300;

describe("a merge of three branches that some never passed through", () => {
  it("is named by whoever said something in it with its next message: what was said is read after all", () => {
    const { scene, ann, bob, cem, group, merged } = party();
    say(cem, group, "said in the next one");
    assert.notEqual(epochOf(cem, group), merged);
    scene.carry(ann, bob, cem);
    for (const each of [ann, bob]) {
      assert.deepEqual(each.texts(), ["said in the merge of three", "said in the next one"]);
      assert.deepEqual(each.ids(CLOSED), [], "its end there is known");
    }
    assert(!cem.ids(USED_MERGE).some((id) => id.endsWith(merged)), "it is named once");
  });

  it("is named also by one that says nothing more, after a while", () => {
    const { scene, ann, bob, cem, merged } = party();
    wait(scene, NAMED_MS, ann, bob, cem);
    wait(scene, NAMED_MS, ann, bob, cem);
    for (const each of [ann, bob])
      assert.deepEqual([isIn(each, merged), each.texts()], [true, ["said in the merge of three"]]);
    assert.deepEqual(cem.ids(USED_MERGE), []);
  });

  it("is not named where nothing was said in it", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    for (const each of [ann, bob]) rekey(each, group);
    scene.carry(ann, bob);
    assert.equal(ann.existing(EPOCH, epochOf(ann, group)).frontier.length, 2);
    rekey(ann, group);
    scene.carry(ann, bob);
    const before = scene.topics.get(topicOf(ann, group))?.length ?? 0;
    say(ann, group, "said in the next one");
    scene.carry(ann, bob);
    assert.equal((scene.topics.get(topicOf(ann, group))?.length ?? 0) - before, 1);
  });
});

describe("a merge in which something was said", () => {
  it("is named by one of those who heard it, whoever speaks first in the next epoch, and by nobody after that", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    for (const each of [ann, bob]) rekey(each, group);
    scene.carry(ann, bob, cem);
    say(ann, group, "said in the merge");
    scene.carry(ann, bob, cem);
    rekey(bob, group);
    scene.carry(ann, bob, cem);
    const sentBy = (device: Device): number => {
      const before = scene.topics.get(topicOf(device, group))?.length ?? 0;
      say(device, group, `${device.name} goes on`);
      scene.carry(ann, bob, cem);
      return (scene.topics.get(topicOf(device, group))?.length ?? 0) - before;
    };
    assert.deepEqual([cem, ann, bob].map(sentBy), [2, 1, 1]);
    for (const each of [ann, bob, cem]) assert.deepEqual(each.ids(USED_MERGE), []);
  });
});

/** What that device says in the epoch that the hearer sends in. */
function naming(hearer: Device, group: GroupId, by: Device): Naming {
  const saidIn = EpochId.from(Buffer.from(epochOf(hearer, group), "hex"));
  return { group, saidIn, by: by.account().device, isHeld: false };
}

const sorted = <T extends Uint8Array>(heads: readonly T[]): readonly T[] => [...heads].sort(compareBytes);

describe("a lie about a merge", () => {
  it("keeps nobody from naming it, nor from entering it when its heads are named by somebody else", () => {
    const { scene, ann, bob, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    const [first, second] = frontier;
    assert(first && second);
    const epoch = EpochId.from(Buffer.from(merged, "hex"));
    for (const each of [ann, cem])
      each.run((work) => hearMerges(work, naming(each, group, bob), [{ epoch, heads: [first, second] }]));
    say(cem, group, "said in the next one");
    scene.carry(ann, bob, cem);
    assert.deepEqual(ann.texts(), ["said in the merge of three", "said in the next one"]);
  });

  it("is also to name it where those who lack it do not hear that, or while one's words are held", () => {
    const { bob, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    const epoch = EpochId.from(Buffer.from(merged, "hex"));
    const said = naming(cem, group, bob);
    const hears = (how: Partial<Naming>): boolean => {
      cem.run((work) => hearMerges(work, { ...said, ...how }, [{ epoch, heads: frontier }]));
      return cem.ids(USED_MERGE).some((id) => id.endsWith(merged));
    };
    assert.equal(hears({ saidIn: epoch }), true);
    assert.equal(hears({ isHeld: true }), true);
    assert.equal(hears({ saidIn: EpochId.from(p.sha256(epoch)) }), true);
    assert.equal(hears({}), false);
  });
});

describe("a named merge", () => {
  it("is not entered where one head is in the past of another, though its id is right", () => {
    const { ann, bob, group } = party();
    const log = ann.log(group);
    const heads = sorted([log.entries.at(-1)?.hash, log.entries.at(-1)?.parents[0]].flatMap((each) => each ?? []));
    assert.equal(heads.length, 2);
    const [id] = [ann.run((work) => mergedEpochId(work, log, heads)).answer];
    assert(id, "its id can be computed");
    ann.run((work) => hearMerges(work, naming(ann, group, bob), [{ epoch: id, heads }]));
    assert(!isIn(ann, toHex(id)));
  });

  it("is not believed when its heads make another epoch, and nothing is used up for it", () => {
    const { scene, ann, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    const phi = toHex(frontierHash(p, group, frontier));
    const trees = () =>
      frontier.map((head) => ann.record(FORK, toHex(frontierHash(p, group, [head])))?.tree.nodes.length);
    const before = trees();
    const wrong = EpochId.from(p.sha256(Uint8Array.of(1)));
    ann.run((work) => hearMerges(work, naming(ann, group, cem), [{ epoch: wrong, heads: frontier }]));
    assert.deepEqual([trees(), ann.record(FORK, phi)], [before, undefined]);
    scene.carry(ann, cem);
  });

  it("waits for entries that are not here, a few of each device", () => {
    const { ann, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    const unknown = (i: number) => EpochId.from(p.sha256(Uint8Array.of(i)));
    const [first] = frontier;
    assert(first);
    for (let i = 0; i < 80; i++) {
      const heads = [first, p.sha256(Uint8Array.of(i)) as typeof first];
      ann.run((work) => hearMerges(work, naming(ann, group, cem), [{ epoch: unknown(i), heads: sorted(heads) }]));
    }
    assert.equal(ann.ids(SOUGHT_MERGE).length, 64);
    ann.run((work) =>
      hearMerges(work, naming(ann, group, ann), [{ epoch: EpochId.from(Buffer.from(merged, "hex")), heads: frontier }]),
    );
    assert(isIn(ann, merged), "another device's names have room of their own");
  });

  it("is kept until it is entered, and takes no place from then on", () => {
    const { ann, bob, cem, group, merged } = party();
    const { epoch, frontier } = cem.existing(EPOCH, merged);
    const heads = sorted([frontier[0], p.sha256(epoch) as EntryHash].flatMap((each) => each ?? []));
    ann.run((work) => hearMerges(work, naming(ann, group, bob), [{ epoch, heads }]));
    assert.equal(ann.ids(SOUGHT_MERGE).length, 1);
    ann.run((work) => hearMerges(work, naming(ann, group, cem), [{ epoch, heads: frontier }]));
    assert(isIn(ann, merged));
    rekey(ann, group);
    assert.deepEqual(ann.ids(SOUGHT_MERGE), []);
  });

  it("has places of its account, which devices of others do not take, however many they are", () => {
    const { scene, ann, bob, cem, group, merged } = party();
    const again = restored(scene, bob, "Bob");
    scene.carry(ann, bob, cem);
    again.put({ kind: "start" });
    scene.carry(bob, again);
    scene.carry(ann, bob, cem);
    const { epoch, frontier } = cem.existing(EPOCH, merged);
    const said = naming(ann, group, bob);
    const nameMany = (by: DeviceKey, count: number): void => {
      const merges = Array.from({ length: count }, (_, i) => {
        const other = EpochId.from(p.sha256(concat(by, Uint8Array.of(i))));
        return { epoch: other, heads: sorted([other as Uint8Array as EntryHash, ...frontier.slice(0, 1)]) };
      });
      ann.run((work) => hearMerges(work, { ...said, by }, merges));
    };
    for (const each of [bob, again]) nameMany(each.account().device, 70);
    assert.equal(ann.ids(SOUGHT_MERGE).length, 64, "of both devices together");
    for (let i = 0; i < 16; i++) nameMany(DeviceKey.from(p.sha256(Uint8Array.of(i))), 64);
    assert(ann.ids(SOUGHT_MERGE).length > 1_024);
    ann.run((work) => hearMerges(work, naming(ann, group, cem), [{ epoch, heads: frontier }]));
    assert(isIn(ann, merged));
  });

  it("that waits costs little with each entry: no tree is read twice, and none while a head is unknown", () => {
    const { scene, ann, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    inviteTo(ann, group);
    const withoutKey = ann.log(group).entries.at(-1)?.hash ?? assert.fail();
    const wait = (i: number, more: (typeof frontier)[number]) => {
      const [heads, epoch] = [sorted([...frontier, more]), EpochId.from(p.sha256(Uint8Array.of(7, i)))];
      ann.run((work) => hearMerges(work, naming(ann, group, cem), [{ epoch, heads }]));
    };
    const unknown = (i: number) => p.sha256(Uint8Array.of(i)) as typeof withoutKey;
    const reads = (work: () => void): number => callsOf(FORK.codec, "read", work);
    const plain = reads(() => rekey(ann, group));
    assert.equal(
      reads(() => Array.from({ length: 30 }, (_, i) => wait(i, unknown(i)))),
      0,
    );
    for (let i = 30; i < 60; i++) wait(i, withoutKey);
    assert(reads(() => rekey(ann, group)) <= plain + frontier.length);
    scene.carry(ann, cem);
  });

  it("that is made up costs a bounded number of derivations, in each step and of each device", () => {
    const { ann, cem, group, merged } = party();
    const { frontier } = cem.existing(EPOCH, merged);
    const nameEight = (from: number) => {
      const ids = Array.from({ length: 8 }, (_, i) => EpochId.from(p.sha256(Uint8Array.of(from + i))));
      ann.run((work) =>
        hearMerges(
          work,
          naming(ann, group, cem),
          ids.map((epoch) => ({ epoch, heads: frontier })),
        ),
      );
    };
    const costs = Array.from({ length: 12 }, (_, i) => hmacsOf(() => nameEight(8 * i)));
    for (const each of costs) assert(each < 32 * HMACS_OF_HEAD, `${each}`);
    assert(Math.max(...costs) > 20 * 128, "they are derived");
    assert(Math.max(...costs.slice(8)) < HMACS_OF_HEAD, "and from the 65th on no more");
  });
});
