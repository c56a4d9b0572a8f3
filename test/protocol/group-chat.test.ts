import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hashOf } from "../../src/crypto/kdf.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { FORK_PROOF, GAP } from "../../src/protocol/records/conversation.ts";
import { CHAIN, CLOSED, type EpochState, OWN_CHAIN } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { lpAll } from "../../src/verify/transcript.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { decodeEnvelope, ENVELOPE_KIND, isDeposit } from "../../src/wire/envelope.ts";
import { GroupHeader, GroupMessageBody } from "../../src/wire/group-message.ts";
import { Signature, type TimeMs } from "../../src/wire/ids.ts";
import { FORWARD_JUMP_MAX } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { forge, hand, keyAt, pair, sayAndTake, takeOutbox } from "./forged-message.ts";
import { deliverOne, epochOf, groupOf, newScene, say } from "./scene.ts";

describe("messages of a group", () => {
  it("are read by everybody", () => {
    const { scene, ann, bob, group } = pair();
    say(ann, group, "hello");
    scene.carry(ann, bob);
    say(bob, group, "hi");
    scene.carry(ann, bob);
    for (const each of [ann, bob]) assert.deepEqual(each.texts(), ["hello", "hi"]);
    assert.deepEqual([...ann.lines.values()].map(({ state }) => state).at(-1), "received");
  });

  it("that come twice show once and warn of nothing", () => {
    const { ann, bob, group, epoch } = pair();
    const envelope = sayAndTake(ann, group, "hello");
    hand(bob, epoch, envelope);
    const again = hand(bob, epoch, envelope);
    assert.deepEqual([again.lines, again.warnings], [[], []]);
    assert.deepEqual(hand(ann, epoch, envelope).warnings, [], "our own echo");
  });

  it("that come in any order all open, once each", () => {
    const { ann, bob, group, epoch } = pair();
    const envelopes = ["one", "two", "three", "four"].map((text) => sayAndTake(ann, group, text));
    for (const at of [3, 0, 2, 1, 2]) hand(bob, epoch, envelopes[at] ?? assert.fail());
    assert.deepEqual([...bob.texts()].sort(), ["four", "one", "three", "two"]);
  });

  it("of one device at one place: neither is shown, and the second is kept as proof, once", () => {
    const { ann, bob, group, epoch } = pair();
    const key = keyAt(ann, epoch, 0);
    const first = sayAndTake(ann, group, "hello");
    hand(bob, epoch, first);
    const other = hand(bob, epoch, forge(ann, epoch, { iteration: 0, key, text: "goodbye" }));
    assert.deepEqual(other.warnings, ["fork"]);
    const [id] = bob.ids(FORK_PROOF);
    const proof = bob.existing(FORK_PROOF, id);
    hand(bob, epoch, forge(ann, epoch, { iteration: 0, key, text: "a third one" }));
    assert.deepEqual([bob.ids(FORK_PROOF).length, bob.existing(FORK_PROOF, id)], [1, { ...proof, forks: 2 }]);
    assert.deepEqual(bob.texts(), []);
  });

  it("too far ahead are refused without moving the chain", () => {
    const { ann, bob, group, epoch } = pair();
    hand(bob, epoch, sayAndTake(ann, group, "hello"));
    const [chain] = bob.ids(CHAIN);
    const before = bob.existing(CHAIN, chain);
    const key = keyAt(ann, epoch, 1);
    const far = forge(ann, epoch, { iteration: FORWARD_JUMP_MAX + 2, key, text: "far" });
    assert.deepEqual(hand(bob, epoch, far).warnings, ["too-far-ahead"]);
    assert.deepEqual(bob.existing(CHAIN, chain), before);
  });

  it("that another member signed or that do not open are forged, and move nothing", () => {
    const { ann, bob, group, epoch } = pair();
    hand(bob, epoch, sayAndTake(ann, group, "hello"));
    const [chain] = bob.ids(CHAIN);
    const before = bob.existing(CHAIN, chain);
    const wrongKey = forge(ann, epoch, { iteration: 1, key: keyAt(ann, epoch, 2), text: "x" });
    assert.deepEqual(hand(bob, epoch, wrongKey).warnings, ["forged"]);
    const key = keyAt(ann, epoch, 1);
    const state = ann.account();
    const thief = { ...ann, account: () => ({ ...state, deviceSeed: p.sha256(state.deviceSeed) }) };
    assert.deepEqual(hand(bob, epoch, forge(thief, epoch, { iteration: 1, key, text: "x" })).warnings, ["forged"]);
    assert.deepEqual(bob.existing(CHAIN, chain), before);
  });

  it("after a closure are void, and ours there end with it", () => {
    const { scene, ann, bob, group, epoch } = pair();
    hand(bob, epoch, sayAndTake(ann, group, "before"));
    const key = keyAt(ann, epoch, 1);
    const late = forge(ann, epoch, { iteration: 1, key, text: "late" });
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    assert(ann.record(OWN_CHAIN, toHex(epoch.epoch)));
    say(ann, group, "after");
    assert.equal(ann.record(OWN_CHAIN, toHex(epoch.epoch)), undefined, "told and erased");
    scene.carry(ann, bob);
    const outcome = hand(bob, epoch, late);
    assert.deepEqual(outcome.lines, []);
    assert.deepEqual(bob.texts(), ["before", "after"]);
    const chain = bob.ids(CHAIN).find((id) => id.startsWith(toHex(epoch.epoch)));
    assert.deepEqual(bob.existing(CHAIN, chain).chain.chainKey, new Uint8Array(32), "a complete chain keeps no key");
  });

  it("say nothing of epochs whose chain time has erased", () => {
    const { scene, ann, bob, group, epoch } = pair();
    say(ann, group, "before");
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    ann.save(OWN_CHAIN, toHex(epoch.epoch), null);
    say(ann, group, "after");
    scene.carry(ann, bob);
    const chain = bob.ids(CHAIN).find((id) => id.startsWith(toHex(epoch.epoch)));
    assert.equal(bob.existing(CHAIN, chain).chain.end, undefined);
    assert.deepEqual(ann.existing(GROUP, toHex(group)).unclosed.map(toHex), [epochOf(ann, group)]);
  });

  it("that cite what is not here leave a gap, which its coming fills at its place", () => {
    const { ann, bob, group, epoch } = pair();
    const [first, second] = ["first", "second"].map((text) => sayAndTake(ann, group, text));
    hand(bob, epoch, second ?? assert.fail());
    assert.equal(bob.ids(GAP).length, 1);
    hand(bob, epoch, first ?? assert.fail());
    assert.equal(bob.ids(GAP).length, 0);
    assert.deepEqual(bob.texts(), ["first", "second"]);
  });

  it("leave no key behind that opens them", () => {
    const { ann, bob, group, epoch } = pair();
    const key = Buffer.from(keyAt(ann, epoch, 0));
    const chainKey = Buffer.from(ann.existing(OWN_CHAIN, toHex(epoch.epoch)).chain.chainKey);
    hand(bob, epoch, sayAndTake(ann, group, "hello"));
    for (const device of [ann, bob])
      for (const [name, bytes] of device.records)
        for (const secret of [key, chainKey])
          assert(!Buffer.from(bytes).includes(secret), `${device.name} keeps a used key in ${name}`);
  });

  it("repeated under one call are one", () => {
    const { ann, group } = pair();
    const input = { kind: "send-text" as const, group, text: "once", call: "00" };
    assert.deepEqual(ann.put(input).answer, ann.put(input).answer);
    assert.deepEqual(ann.texts(), ["once"]);
    assert.equal(ann.ids(OUTBOX).length, 1);
  });
});

describe("a restored old state", () => {
  /** Ann's profile is put back to before she wrote "one" and "two". */
  function restored() {
    const { ann, bob, group, epoch } = pair();
    const copy = new Map(ann.records);
    const newer = ["one", "two"].map((text) => sayAndTake(ann, group, text));
    for (const each of newer) hand(bob, epoch, each);
    ann.records.clear();
    ann.lines.clear();
    for (const [key, bytes] of copy) ann.records.set(key, bytes);
    return { ann, bob, group, epoch, newer };
  }

  it("learns of itself by a message of its own, shows it, jumps past it and re-keys", () => {
    const { ann, bob, group, epoch, newer } = restored();
    const outcomes = newer.map((each) => hand(ann, epoch, each));
    assert(outcomes.every(({ warnings }) => warnings.includes("restored-state")));
    assert.deepEqual(ann.texts(), ["one", "two"]);
    assert.equal(ann.existing(OWN_CHAIN, toHex(epoch.epoch)).chain.iteration, 2);
    assert.equal(ann.group(group).rekeyAt, ann.clock.nowMs);
    hand(bob, epoch, sayAndTake(ann, group, "three"));
    assert.deepEqual(bob.texts(), ["one", "two", "three"]);
  });

  it("seals again what is under way at a used place", () => {
    const { ann, bob, group, epoch, newer } = restored();
    say(ann, group, "written too early");
    const before = [...ann.lines.keys()];
    const outcomes = newer.map((each) => hand(ann, epoch, each));
    const removed = outcomes.flatMap(({ removedLines }) => removedLines.map(({ id }) => id));
    assert(before.some((id) => removed.includes(id)));
    assert.equal(ann.ids(OUTBOX).length, 1);
    for (const each of takeOutbox(ann)) assert.deepEqual(hand(bob, epoch, each).warnings, []);
    assert.deepEqual(bob.texts(), ["one", "two", "written too early"]);
    assert.equal(ann.texts().filter((text) => text === "written too early").length, 1);
  });
});

/** Puts a device back to what it was when this was called. */
function copyOf(device: Device): () => void {
  const [records, lines] = [new Map(device.records), new Map(device.lines)];
  return () => {
    device.records.clear();
    device.lines.clear();
    for (const [key, bytes] of records) device.records.set(key, bytes);
    for (const [id, line] of lines) device.lines.set(id, line);
  };
}

describe("a copy made before the answer for what it had sent", () => {
  it("takes the echo for the answer, so that nobody reads it twice", () => {
    const { ann, bob, group, epoch } = pair();
    for (const text of ["one", "two"]) say(ann, group, text);
    const [copy, lines] = [new Map(ann.records), new Map(ann.lines)];
    const sent = takeOutbox(ann);
    const newer = sayAndTake(ann, group, "three");
    for (const each of [...sent, newer]) hand(bob, epoch, each);
    ann.records.clear();
    ann.lines.clear();
    for (const [key, bytes] of copy) ann.records.set(key, bytes);
    for (const [id, line] of lines) ann.lines.set(id, line);
    ann.put({ kind: "start" });
    say(ann, group, "four");
    for (const each of [...sent, newer]) hand(ann, epoch, each);
    assert.equal(ann.ids(OUTBOX).length, 1);
    for (const each of takeOutbox(ann)) hand(bob, epoch, each);
    assert.deepEqual(bob.texts(), ["one", "two", "three", "four"]);
  });
});

/** The same message under a signature that is none, as any member can make it: the header is sealed with a key of the epoch. */
function resigned(epoch: EpochState, envelope: Uint8Array): Uint8Array {
  const body = decode(GroupMessageBody, decodeEnvelope(envelope)?.body ?? assert.fail()) ?? assert.fail();
  const aad = lpAll("hdr", epoch.epoch, hashOf(p, "ct", body.nonce, body.ciphertext));
  const opened = p.open(epoch.headerKey, body.headerNonce, aad, body.header);
  const header = decode(GroupHeader, opened ?? assert.fail()) ?? assert.fail();
  const broken = { ...header, signature: Signature.from(header.signature.with(0, (header.signature[0] ?? 0) ^ 1)) };
  const sealed = p.seal(epoch.headerKey, body.headerNonce, aad, encode(GroupHeader, broken));
  return signEnvelope(p, epoch, ENVELOPE_KIND.message, encode(GroupMessageBody, { ...body, header: sealed }));
}

describe("a message of ours that comes back under a signature that is none", () => {
  it("is no sign that it has arrived, and is given to nobody", () => {
    const { ann, group, epoch } = pair();
    say(ann, group, "one");
    ann.put({ kind: "start" });
    const [row = ""] = ann.ids(OUTBOX);
    const { envelope } = ann.existing(OUTBOX, row);
    const { effects, warnings } = hand(ann, epoch, resigned(epoch, envelope));
    assert.deepEqual([ann.ids(OUTBOX), effects, warnings], [[row], [], []]);
    hand(ann, epoch, envelope);
    assert.deepEqual(ann.ids(OUTBOX), []);
  });
});

describe("a copy made after the echo of what it had sent, and before the answer", () => {
  it("leaves as it is what its newer self, or somebody else, had seen", () => {
    const { ann, bob, group, epoch } = pair();
    ann.put({ kind: "start" });
    say(ann, group, "one");
    const [row = ""] = ann.ids(OUTBOX);
    hand(ann, epoch, ann.existing(OUTBOX, row).envelope);
    const putBack = copyOf(ann);
    const [sent] = takeOutbox(ann);
    const newer = sayAndTake(ann, group, "two");
    putBack();
    ann.put({ kind: "start" });
    hand(ann, epoch, newer);
    assert.deepEqual(takeOutbox(ann), [sent]);
    for (const each of [sent ?? assert.fail(), newer]) hand(bob, epoch, each);
    assert.deepEqual(bob.texts(), ["one", "two"]);
  });
});

describe("the end of a chain in an epoch that is entered later", () => {
  it("is remembered until then", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    const letters = ann.ids(OUTBOX).filter((id) => isDeposit(ann.existing(OUTBOX, id).envelope));
    const late = letters.map((id) => ann.existing(OUTBOX, id));
    for (const id of letters) ann.save(OUTBOX, id, null);
    say(ann, group, "one");
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    say(ann, group, "two");
    scene.carry(ann, bob);
    assert.deepEqual(bob.texts(), ["two"]);
    const [closed = "", ...others] = bob.ids(CLOSED);
    assert.deepEqual([closed !== "", others], [true, []]);
    for (const [i, { topic, envelope }] of late.entries()) deliverOne(bob, topic, 1_000 + i, envelope);
    scene.carry(ann, bob);
    assert.deepEqual(bob.texts().toSorted(), ["one", "two"]);
    const ends = bob.ids(CHAIN).map((id) => bob.existing(CHAIN, id).chain.end);
    assert.deepEqual([bob.ids(CLOSED).includes(closed), ends.filter((each) => each === 1).length], [false, 1]);
  });

  it("takes bounded room: 64 epochs of one device", () => {
    const kept = [63, 64].map((before) => {
      const scene = newScene();
      const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
      const group = groupOf(scene, [ann, bob]);
      const { device } = ann.existing(ACCOUNT);
      for (let i = 0; i < before; i++)
        bob.save(CLOSED, idOf(device, new Uint8Array(32).fill(i)), { sent: 1, at: 0 as TimeMs });
      ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
      for (const id of ann.ids(OUTBOX)) if (isDeposit(ann.existing(OUTBOX, id).envelope)) ann.save(OUTBOX, id, null);
      ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
      say(ann, group, "two");
      scene.carry(ann, bob);
      assert.deepEqual(bob.texts(), ["two"]);
      return bob.ids(CLOSED).length;
    });
    assert.deepEqual(kept, [64, 64]);
  });
});
