import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { receiveContribution } from "../../src/protocol/contributions.ts";
import { receiveEntry } from "../../src/protocol/received-entries.ts";
import { FORK, LIVE } from "../../src/protocol/records/epoch.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import { compareBytes } from "../../src/verify/transcript.ts";
import type { EntryHash } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { p } from "./device.ts";
import { addPerson, groupOf, newScene } from "./scene.ts";

describe("contributions to a merge, by whoever let us in", () => {
  /** Cem, whom Ann added to a group of several re-keys. */
  function newcomer() {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    for (let i = 0; i < 3; i++) ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    addPerson(scene, ann, group, cem);
    scene.carry(ann, bob, cem);
    const hashes = cem.log(group).entries.map(({ hash }) => hash);
    const give = (head: EntryHash, frontier: readonly EntryHash[]) =>
      cem.run((work) =>
        receiveContribution(work, ann.account().device, {
          kind: "contribution",
          group,
          head,
          frontier,
          value: p.sha256(head),
        }),
      );
    const tree = () => {
      const last = hashes.at(-1) ?? assert.fail();
      return cem.existing(FORK, toHex(frontierHash(p, group, [last]))).tree.nodes.length;
    };
    const epochs = () => cem.existing(LIVE, toHex(group)).epochs.length;
    return { hashes, give, seen: () => [tree(), epochs()] };
  }

  it("make no epoch of heads of which one is before another: else it could be led into one that nobody reads", () => {
    const { hashes, give, seen } = newcomer();
    const before = seen();
    const [earlier, last] = [hashes.at(-2) ?? assert.fail(), hashes.at(-1) ?? assert.fail()];
    give(earlier, [earlier, last]);
    assert.deepEqual(seen(), before);
  });

  it("take nothing from a fork tree of ours before all of them are here", () => {
    const scene = newScene();
    const people = ["Ann", "Bob", "Cem"].map((name) => scene.person(name));
    const [ann, bob, cem] = people;
    assert(ann && bob && cem);
    const group = groupOf(scene, [ann, bob, cem]);
    for (const each of people) each.put({ kind: "change-group", group, change: { kind: "rekey" } });
    const heads = people.map((each) => each.log(group).entries.at(-1)?.hash ?? assert.fail());
    for (const [i, each] of [ann, bob].entries()) {
      const { encoded } = each.existing(ENTRY, idOf(group, heads[i] ?? assert.fail()));
      cem.run((work) => receiveEntry(work, group, encoded));
    }
    const tree = () => cem.existing(FORK, toHex(frontierHash(p, group, heads.slice(2)))).tree.nodes.length;
    const before = tree();
    const lacked = heads.slice(0, 2).sort(compareBytes);
    for (const head of lacked) {
      const item = { kind: "contribution" as const, group, head, frontier: [...heads].sort(compareBytes) };
      cem.run((work) => receiveContribution(work, ann.account().device, { ...item, value: p.sha256(head) }));
      if (head === lacked[0]) assert.equal(tree(), before);
    }
    assert(tree() > before, "now they are");
  });
});
