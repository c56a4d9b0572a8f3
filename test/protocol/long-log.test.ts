import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { confirmation, coreHash, EpochSecret } from "../../src/crypto/epoch-secrets.ts";
import { hashOf } from "../../src/crypto/kdf.ts";
import { endJudging, JUDGED_AT_ONCE, SAVED_AT_ONCE } from "../../src/protocol/log-adoption.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { GROUP, MEMBER } from "../../src/protocol/records/group.ts";
import { ADOPTING, JOINING, LOG_PART, WELCOME } from "../../src/protocol/records/joining.ts";
import { ENTRY, LOG_HEAD, LOGGED } from "../../src/protocol/records/log.ts";
import { bytes, list } from "../../src/wire/codec.ts";
import { encode } from "../../src/wire/encoding.ts";
import { decodeEntry } from "../../src/wire/entry.ts";
import type { TimeMs } from "../../src/wire/ids.ts";
import { LOG_PART_MAX_BYTES } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { adding, makeEntry, memberOf, newLog, rekeying, type Somebody } from "./log-builder.ts";
import { goOn, newScene, type Scene } from "./scene.ts";

const LENGTH = 400;

const somebodyAs = (device: Device): Somebody => ({ ...device.account(), name: device.name });

/** The log of a group that Ann made, renewed many times, and added Bob to; `spoil` changes it on the way. */
function longWelcome(spoil: (entries: Uint8Array[]) => void = () => undefined) {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const by = somebodyAs(ann);
  const builder = newLog(by);
  const { group } = builder;
  for (let seq = 1; seq < LENGTH - 1; seq++) {
    const last = builder.entries.at(-1) ?? assert.fail();
    builder.judge(makeEntry({ by, group, action: rekeying, parents: [last.hash], seq, prev: last.hash }));
  }
  const secret = p.sha256(group);
  const action = adding(memberOf(somebodyAs(bob)));
  const x = coreHash(p, decodeEntry(builder.draft(by, action).encoded)?.core ?? assert.fail());
  const { hash: entry } = builder.add(by, action, { confirmation: confirmation(p, EpochSecret.from(secret), x) });
  const entries = builder.entries.map(({ encoded }) => encoded);
  spoil(entries);
  const whole = encode(list(bytes(60_128), 100_000), entries);
  const welcome = { group, entry, secret, digest: hashOf(p, "welcome-log", whole) };
  bob.save(JOINING, toHex(group), { at: 1 as TimeMs, inviter: ann.account().account, relays: [] });
  send(scene, ann, bob, { ...welcome, whole });
  return { scene, ann, bob, group, welcome: { ...welcome, from: ann.account().device } };
}

type Welcome = Omit<Parameters<typeof endJudging>[0], "from" | "secret"> & {
  readonly secret: Uint8Array;
  readonly whole: Uint8Array;
};

function send(scene: Scene, ann: Device, bob: Device, { group, entry, secret, digest, whole }: Welcome): void {
  const parts = Math.ceil(whole.length / LOG_PART_MAX_BYTES);
  const { account, device } = bob.account();
  for (let index = 0; index < parts; index++) {
    const piece = whole.slice(index * LOG_PART_MAX_BYTES, (index + 1) * LOG_PART_MAX_BYTES);
    const items = [
      { kind: "welcome", group, entry, secret, digest, parts },
      { kind: "logPart", digest, index, piece },
    ] as const;
    ann.run((work) => tell(work, { account, device }, items));
  }
  ann.put({ kind: "prekeys-taken", account, taken: scene.taken(bob) });
  scene.collect(ann);
}

const once = (device: Device) => device.put({ kind: "continue" });

describe("a long log", () => {
  it("is judged piece by piece, and nothing of its group is seen before the last", () => {
    const { scene, bob, group } = longWelcome();
    scene.deliver(bob);
    let steps = 0;
    for (; !bob.record(GROUP, toHex(group)); steps++) {
      assert(steps < 100);
      assert.deepEqual(bob.texts(), []);
      assert.equal(bob.lines.size, 0);
      const { written } = once(bob);
      const entries = [...written.keys()].filter((key) => key.startsWith(ENTRY.prefix));
      assert(entries.length <= SAVED_AT_ONCE);
    }
    assert(steps >= LENGTH / JUDGED_AT_ONCE + LENGTH / SAVED_AT_ONCE - 2, `${steps} steps`);
    assert(bob.group(group).sending);
    assert.equal(bob.ids(ENTRY).length, LENGTH);
    assert.deepEqual([bob.ids(WELCOME), bob.ids(LOG_PART), bob.ids(ADOPTING), bob.ids(JOINING)], [[], [], [], []]);
  });

  it("is answered when its group is entered", () => {
    const { scene, ann, bob, group } = longWelcome();
    scene.carry(bob);
    assert(bob.group(group).sending);
    const sessionBefore = JSON.stringify([...ann.records.entries()].filter(([key]) => key.startsWith("session/")));
    assert(scene.deliver(ann).length > 0);
    assert.notEqual(
      JSON.stringify([...ann.records.entries()].filter(([key]) => key.startsWith("session/"))),
      sessionBefore,
    );
  });

  it("is entered also when an earlier version, which saved it whole, was stopped before the last step", () => {
    const { scene, bob, group } = longWelcome();
    scene.deliver(bob);
    while (bob.record(ADOPTING, toHex(group))?.done !== LENGTH + 1) once(bob);
    for (const type of [LOG_HEAD, LOGGED] as const)
      for (const id of bob.ids(type)) bob.records.delete(type.prefix + id);
    goOn(bob);
    assert.equal(bob.log(group).entries.length, LENGTH);
  });

  for (const stopped of [1, 5, 8, 9, 10])
    it(`is entered also when the program stopped after step ${stopped}`, () => {
      const { scene, bob, group, welcome } = longWelcome();
      scene.deliver(bob);
      for (let i = 0; i < stopped; i++) once(bob);
      endJudging({ ...welcome, secret: EpochSecret.from(welcome.secret) }); // what was remembered outside the profile
      const { effects } = bob.put({ kind: "start" });
      if (bob.record(GROUP, toHex(group))) return;
      assert(effects.some(({ kind }) => kind === "continue"));
      goOn(bob);
      assert(bob.group(group).sending);
      assert.equal(bob.ids(ENTRY).length, LENGTH);
    });

  it("that ends with an entry nobody may write leaves nothing of its group", () => {
    const { scene, bob, group } = longWelcome((entries) => {
      const [one] = entries.splice(LENGTH - 3, 1);
      assert(one);
    });
    scene.deliver(bob);
    const warnings: string[] = [];
    for (let i = 0; i < 50; i++) warnings.push(...once(bob).warnings);
    assert.deepEqual(warnings, ["malformed"]);
    assert.equal(bob.record(GROUP, toHex(group)), undefined);
    for (const type of [ENTRY, LOG_HEAD, LOGGED, MEMBER, WELCOME, LOG_PART, ADOPTING])
      assert.deepEqual(bob.ids(type), []);
  });

  it("is not displaced by another welcome while it is judged", () => {
    const { scene, bob, group, welcome } = longWelcome();
    scene.deliver(bob);
    once(bob);
    const eve = scene.person("Eve");
    send(scene, eve, bob, { ...welcome, digest: p.sha256(welcome.digest), whole: new Uint8Array(9) });
    scene.deliver(bob);
    goOn(bob);
    assert(bob.group(group).sending);
  });
});
