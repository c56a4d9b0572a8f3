import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { SUPERSEDED_EPOCH_MS } from "../../src/protocol/erasure.ts";
import { author } from "../../src/protocol/group-log.ts";
import { deliver } from "../../src/protocol/key-delivery.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { receiveEntry } from "../../src/protocol/received-entries.ts";
import { receiveSecret } from "../../src/protocol/received-secrets.ts";
import { EPOCH, FORK, LIVE, OWN_CHAIN, SENDERS } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { SECRET } from "../../src/protocol/records/key-delivery.ts";
import { readExisting } from "../../src/protocol/step.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import type { PayloadItem } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { addPerson, epochOf, groupOf, newScene, say } from "./scene.ts";

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** The device renews the key and keeps r, as nobody should: the item that brings it. */
function rekeyKeeping(device: Device, group: GroupId): PayloadItem {
  return device.run(function* (work) {
    const authored = yield* author(work, yield* readExisting(work, GROUP, toHex(group)), { kind: "rekey" });
    const item = { kind: "secret" as const, group, entry: authored.hash, signed: authored.encoded };
    const secret = authored.random?.slice() ?? assert.fail();
    yield* deliver(work, authored);
    return { ...item, secret };
  }).answer;
}

describe("an epoch whose secret is given a second time", () => {
  it("is not entered again: our chain there stays closed, and what was said there counts", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const again = rekeyKeeping(ann, group);
    scene.carry(ann, bob, cem);
    const old = epochOf(bob, group);
    const { frontier } = bob.existing(EPOCH, old);
    say(bob, group, "before");
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    say(bob, group, "after");
    scene.carry(ann, bob);
    const tree = bob.existing(SENDERS, old);
    scene.clock.nowMs += WEEK_MS + 1;
    bob.put({ kind: "tick" });
    assert.equal(bob.record(FORK, toHex(frontierHash(p, group, frontier))), undefined, "its fork tree is gone");
    const { account, device } = bob.account();
    ann.run((work) => tell(work, { account, device }, [again]));
    scene.carry(ann, bob);
    assert.deepEqual([bob.record(OWN_CHAIN, old), bob.existing(SENDERS, old)], [undefined, tree]);
    assert.equal(bob.existing(LIVE, toHex(group)).epochs.filter(({ epoch }) => toHex(epoch) === old).length, 1);
    say(bob, group, "last");
    scene.carry(ann, bob);
    scene.carry(ann, bob, cem);
    assert.deepEqual(cem.texts(), ["before", "after", "last"]);
  });

  it("is not entered again after its thirty days either: who comes back later finds everything that was said there", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const again = rekeyKeeping(ann, group);
    scene.carry(ann, bob, cem);
    const old = epochOf(bob, group);
    const topic = toHex(bob.existing(EPOCH, old).topic);
    const heard = scene.topics.get(topic)?.length ?? 0;
    say(bob, group, "before");
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    scene.clock.nowMs += SUPERSEDED_EPOCH_MS + 1;
    bob.put({ kind: "tick" });
    assert.equal(bob.record(EPOCH, old), undefined);
    const { account, device } = bob.account();
    ann.run((work) => tell(work, { account, device }, [again]));
    scene.carry(ann, bob);
    assert.deepEqual([bob.record(EPOCH, old), bob.record(OWN_CHAIN, old), bob.ids(SECRET)], [undefined, undefined, []]);
    say(bob, group, "last");
    scene.carry(ann, bob);
    const late = scene.topics.get(topic) ?? [];
    scene.topics.set(topic, late.slice(0, heard)); // Cem reads the newest first
    scene.carry(ann, bob, cem);
    scene.topics.set(topic, late);
    scene.carry(ann, bob, cem);
    assert.deepEqual(cem.texts().toSorted(), ["before", "last"]);
  });

  it("makes nobody look through what came after it: neither where it is wrong, nor where it is of before our time", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    const old = rekeyKeeping(ann, group);
    addPerson(scene, ann, group, cem);
    scene.carry(ann, bob, cem);
    assert(old.kind === "secret");
    const entered = (device: Device, item: typeof old): boolean =>
      device.run((work) => receiveSecret(work, ann.account().device, item)).written.has(LIVE.prefix + toHex(group));
    assert.equal(entered(cem, old), false);
    const lacked = rekeyKeeping(ann, group);
    assert(lacked.kind === "secret");
    bob.run((work) => receiveEntry(work, group, lacked.signed));
    assert.equal(entered(bob, { ...lacked, secret: p.sha256(lacked.secret) }), false);
    assert.equal(entered(bob, lacked), true);
  });
});
