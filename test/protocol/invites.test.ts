import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "mocha";
import { openBundle } from "../../src/crypto/prekey-bundle.ts";
import { roomPasswordKey } from "../../src/crypto/room-password.ts";
import { openBox, sealBox } from "../../src/crypto/sealed-box.ts";
import { author } from "../../src/protocol/group-log.ts";
import { LATE_MS, proofSeedOf } from "../../src/protocol/invite-topics.ts";
import { INVITE_TRIES_MAX, PAUSE_MS, TRIES_MAX } from "../../src/protocol/join-refusals.ts";
import { resolve } from "../../src/protocol/log-resolution.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { ASKED, ATTEMPT, JOINING, REQUEST } from "../../src/protocol/records/joining.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { lpAll, u32be } from "../../src/verify/transcript.ts";
import { PrekeyBundle } from "../../src/wire/bundle.ts";
import { encode } from "../../src/wire/encoding.ts";
import type { Action } from "../../src/wire/entry.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { GroupId, type Sequence, Signature, Topic } from "../../src/wire/ids.ts";
import { encodeJoinRequest, JOIN_REFUSAL, type JoinRefusal } from "../../src/wire/join-request.ts";
import type { InviteLink } from "../../src/wire/link.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { groupOf, inviteTo, LOG_ID, newScene, type Scene } from "./scene.ts";

const KEY = p.sha256(Uint8Array.of(1));
const WRONG = p.sha256(Uint8Array.of(2));

/** Ann's group with an admin Bob, and a link; `passwordKey`: of the room. */
function room(passwordKey?: Uint8Array, terms: Parameters<typeof inviteTo>[2] = {}) {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob], 1);
  if (passwordKey) change(ann, group, settings({ password: { kind: "key", key: passwordKey } }));
  const link = inviteTo(ann, group, terms);
  scene.carry(ann, bob);
  return { scene, ann, bob, group, link };
}

type Settings = Extract<Action, { kind: "settings" }>;
const settings = (some: Partial<Settings>): Settings => ({
  kind: "settings",
  name: undefined,
  password: undefined,
  inviters: undefined,
  rekey: undefined,
  relays: undefined,
  ...some,
});

function change(device: Device, group: GroupId, action: Exclude<Action, { kind: "create" }>): void {
  device.run((work) => author(work, device.group(group), action));
}

function ask(device: Device, link: InviteLink, passwordKey?: Uint8Array): void {
  device.put({ kind: "join", link, ...(passwordKey ? { passwordKey } : {}) });
}

/** Lets time pass at these, and then whatever moves between all. */
function later(scene: Scene, ms: number, at: readonly Device[], others: readonly Device[] = []): void {
  scene.clock.nowMs += ms;
  for (const device of at) device.put({ kind: "tick" });
  scene.carry(...at, ...others);
}

const isIn = (device: Device, group: GroupId): boolean => device.records.has(`group/${toHex(group)}`);

function refusal(device: Device, group: GroupId): { reason: JoinRefusal; triesLeft: number } | undefined {
  const told = device.record(ASKED, toHex(group))?.refusal;
  const name = (Object.keys(JOIN_REFUSAL) as JoinRefusal[]).find((each) => JOIN_REFUSAL[each] === told?.reason);
  return told && name ? { reason: name, triesLeft: told.triesLeft } : undefined;
}

describe("the room password", () => {
  it("is asked for by links that are made while there is one", () => {
    assert.deepEqual([room(KEY).link.password, room().link.password], [true, false]);
  });

  it("lets in whoever has it", () => {
    const { scene, ann, group, link } = room(KEY);
    const cem = scene.person("Cem");
    ask(cem, link, KEY);
    scene.carry(cem, ann);
    later(scene, 300, [ann], [cem]);
    assert(isIn(cem, group));
  });

  it("keeps out whoever has another or none, and says how many tries are left", () => {
    const { scene, ann, bob, group, link } = room(KEY);
    const cem = scene.person("Cem");
    for (const [passwordKey, triesLeft] of [
      [WRONG, 4],
      [undefined, 3],
    ] as const) {
      ask(cem, link, passwordKey);
      scene.carry(cem, ann, bob);
      later(scene, 10_000, [ann, bob], [cem]);
      assert.deepEqual(refusal(cem, group), { reason: "wrongPassword", triesLeft });
    }
    assert(!isIn(cem, group));
    assert(cem.record(JOINING, toHex(group)), "another try goes on from there");
  });

  it("has five tries, then a pause of an hour in which the right one is refused too", () => {
    const { scene, ann, group, link } = room(KEY, { ms: 3 * PAUSE_MS });
    const cem = scene.person("Cem");
    for (let i = 1; i <= TRIES_MAX; i++) {
      ask(cem, link, WRONG);
      scene.carry(cem, ann);
      assert.deepEqual(refusal(cem, group), { reason: "wrongPassword", triesLeft: TRIES_MAX - i });
    }
    ask(cem, link, KEY);
    scene.carry(cem, ann);
    later(scene, 300, [ann], [cem]);
    assert.deepEqual([refusal(cem, group)?.reason, isIn(cem, group)], ["paused", false]);
    ask(cem, link, KEY);
    scene.carry(cem, ann);
    assert.equal(refusal(cem, group), undefined, "further ones are not answered");
    later(scene, PAUSE_MS, [ann], [cem]);
    ask(cem, link, KEY);
    scene.carry(cem, ann);
    later(scene, 300, [ann], [cem]);
    assert(isIn(cem, group));
  });

  it("cannot be tried by any number of accounts", () => {
    const { scene, ann, link, group } = room(KEY);
    const guessers = Array.from({ length: INVITE_TRIES_MAX / TRIES_MAX }, (_, i) => scene.person(`guesser ${i}`));
    const warnings: string[] = [];
    for (const each of guessers)
      for (let i = 0; i < TRIES_MAX; i++) {
        ask(each, link, WRONG);
        scene.collect(each);
        warnings.push(...scene.deliver(ann).flatMap((outcome) => outcome.warnings));
      }
    assert.deepEqual(warnings, ["password-guessed"]);
    const dan = scene.person("Dan");
    ask(dan, link, KEY);
    scene.carry(dan, ann);
    later(scene, 300, [ann], [dan]);
    assert.deepEqual([isIn(dan, group), refusal(dan, group)?.reason], [false, "paused"], "honest people are told");
  });

  it("counts one request once, however often it is posted", () => {
    const { scene, ann, group, link } = room(KEY);
    const cem = scene.person("Cem");
    ask(cem, link, WRONG);
    const [id = ""] = cem.ids(OUTBOX).filter((each) => decodeEnvelope(cem.existing(OUTBOX, each).envelope)?.kind === 4);
    const { topic, envelope } = cem.existing(OUTBOX, id);
    scene.carry(cem, ann);
    for (let sequence = 10; sequence < 15; sequence++)
      ann.put({ kind: "delivered", log: LOG_ID, topic, sequence: sequence as Sequence, envelope });
    const { nonces } = ann.existing(ATTEMPT, `${toHex(group)}/${toHex(cem.account().account)}`);
    assert.equal(nonces.length, 1);
  });

  it("cannot be spent by somebody who asks in another's name", () => {
    const { scene, ann, group, link } = room(KEY);
    const [cem, eve] = [scene.person("Cem"), scene.person("Eve")];
    ask(cem, link, KEY);
    // Eve has the link and Cem's public bundle, but cannot open his request; her own with his bundle does not verify
    const forged = forgeRequest(scene, { by: eve, as: cem, link });
    ann.put({
      kind: "delivered",
      log: LOG_ID,
      topic: forged.topic,
      sequence: 1 as Sequence,
      envelope: forged.envelope,
    });
    assert.deepEqual([ann.ids(ATTEMPT), ann.ids(REQUEST), isIn(cem, group)], [[], [], false]);
  });
});

describe("the keys of an invite", () => {
  const lp = (...parts: readonly Uint8Array[]) => parts.map((each) => Buffer.concat([u32be(each.length), each]));
  const group = GroupId.from(p.sha256(Uint8Array.of(3)));
  const secret = p.sha256(Uint8Array.of(4));
  /** HKDF-Expand of one block, once more. */
  const expand = (name: string, ...parts: readonly Uint8Array[]) =>
    createHmac("sha256", secret)
      .update(Buffer.concat([...lp(Buffer.from(`hermes/v1/${name}`), ...parts), Uint8Array.of(1)]))
      .digest();

  it("make the proof from the link's secret, the group and the room password", () => {
    const seeds = [undefined, KEY].map((key) => Buffer.from(proofSeedOf(p, { group, secret }, key)));
    assert.deepEqual(seeds, [expand("invite-proof-key", group), expand("invite-proof-key", group, KEY)]);
  });

  it("take a password as people type it, for one group alone", () => {
    const [composed, decomposed] = ["caf\u00e9", "cafe\u0301"].map((text) => roomPasswordKey(p, text, group));
    assert.deepEqual(composed, decomposed);
    assert.deepEqual(
      composed,
      p.argon2id(Buffer.from("caf\u00e9"), group.slice(0, 16), { memoryKiB: 65_536, passes: 3 }),
    );
    assert.notDeepEqual(composed, roomPasswordKey(p, "caf\u00e9", GroupId.from(p.sha256(group))));
  });
});

describe("what a joiner posts", () => {
  it("cannot be opened by those who have the link", () => {
    const { scene, link } = room(KEY);
    const cem = scene.person("Cem");
    ask(cem, link, KEY);
    const bodies = cem.ids(OUTBOX).flatMap((id) => {
      const envelope = decodeEnvelope(cem.existing(OUTBOX, id).envelope);
      return envelope?.kind === 4 ? [envelope] : [];
    });
    assert.equal(bodies.length, 1);
    for (const { topic, body } of bodies)
      for (const key of [link.secret, link.topicSeed, link.sealingKey])
        assert.equal(openBox(p, topic, key, body), undefined);
  });
});

describe("an invite", () => {
  it("that has expired is refused with that reason", () => {
    const { scene, ann, group, link } = room(undefined, { ms: 1_000 });
    const cem = scene.person("Cem");
    scene.clock.nowMs += 1_000;
    ask(cem, link);
    scene.carry(cem, ann);
    assert.equal(refusal(cem, group)?.reason, "expired");
  });

  it("that was revoked is refused with that reason", () => {
    const { scene, ann, bob, group, link } = room();
    const [invite] = resolve(ann.log(group)).view.invites.values();
    assert(invite);
    change(bob, group, { kind: "revokeInvite", invite: invite.entry });
    scene.carry(ann, bob);
    const cem = scene.person("Cem");
    ask(cem, link);
    scene.carry(cem, ann, bob);
    assert.equal(refusal(cem, group)?.reason, "revoked");
  });

  it("that is used up is refused with that reason, also to those who asked in the same moment", () => {
    const { scene, ann, group, link } = room(undefined, { uses: 1 });
    const [cem, dan, eve] = [scene.person("Cem"), scene.person("Dan"), scene.person("Eve")];
    for (const each of [cem, dan]) ask(each, link);
    scene.carry(cem, dan, ann);
    later(scene, 300, [ann], [cem, dan]);
    ask(eve, link);
    scene.carry(eve, ann);
    const outcomes = [cem, dan].map((each) => (isIn(each, group) ? "in" : refusal(each, group)?.reason)).sort();
    assert.deepEqual([...outcomes, refusal(eve, group)?.reason], ["in", "usedUp", "usedUp"]);
  });

  it("that is over answers at most so many an hour, whoever asks", () => {
    const { scene, ann, link } = room(undefined, { ms: 1_000 });
    scene.clock.nowMs += 1_000;
    const before = ann.ids(ATTEMPT).length;
    for (let i = 0; i < 2 * INVITE_TRIES_MAX + 5; i++) {
      const stranger = scene.person(`stranger ${i}`);
      ask(stranger, link);
      scene.collect(stranger);
    }
    scene.deliver(ann);
    assert.equal(
      ann.ids(ATTEMPT).length - before,
      2 * INVITE_TRIES_MAX + 2,
      "one for each account, one for the invite, and one for its pause",
    );
  });

  it("is followed by whoever becomes an admin later", () => {
    const { scene, ann, bob, group, link } = room();
    const [cem, dan] = [scene.person("Cem"), scene.person("Dan")];
    ask(cem, link);
    scene.carry(cem, ann, bob);
    later(scene, 300, [ann], [bob, cem]);
    const { account } = cem.account();
    ann.put({ kind: "change-group", group, change: { kind: "role", account, role: 1 } });
    scene.carry(ann, bob, cem);
    ask(dan, link); // ann and bob are away
    scene.carry(dan, cem);
    later(scene, 10_000, [cem], [dan]);
    assert(isIn(dan, group));
  });

  it("is read no more a week after it has ended, and tries are forgotten", () => {
    const { scene, ann, group, link } = room(KEY, { ms: 1_000 });
    const cem = scene.person("Cem");
    ask(cem, link, WRONG);
    scene.carry(cem, ann);
    const rendezvous = () => ann.ids(TOPIC).filter((id) => ann.existing(TOPIC, id).use.kind === "rendezvous").length;
    ann.put({ kind: "start" });
    assert.deepEqual([rendezvous(), ann.ids(ATTEMPT).length], [1, 2]);
    scene.clock.nowMs += 1_000 + LATE_MS;
    ann.put({ kind: "start" });
    assert.deepEqual([rendezvous(), ann.ids(ATTEMPT).length, ann.group(group).members], [0, 0, 2]);
  });

  it("does not let in whoever was removed; the admins are told, and a removed one has to be added", () => {
    const { scene, ann, bob, group, link } = room();
    const cem = scene.person("Cem");
    ask(cem, link);
    scene.carry(cem, ann, bob);
    later(scene, 300, [ann], [bob, cem]);
    assert(isIn(cem, group));
    change(ann, group, { kind: "remove", accounts: [cem.account().account] });
    scene.carry(ann, bob, cem);
    ask(cem, link);
    scene.collect(cem);
    const { warnings, lines } = one(scene.deliver(ann), (outcome) => outcome.warnings.length > 0);
    assert.deepEqual(warnings, ["removed-asks"]);
    assert.match(lines[0]?.text ?? "", /^WARNING: Cem, who was removed, asks to join again/);
    assert.deepEqual(ann.ids(REQUEST), []);
    scene.carry(ann, cem);
    assert.equal(refusal(cem, group)?.reason, "removed");
    ann.put({ kind: "add", group, account: cem.account().account, taken: scene.taken(cem), role: 0 });
    scene.carry(ann, bob, cem);
    assert.deepEqual([cem.ids(JOINING), cem.ids(ASKED), cem.group(group).members], [[], [], 3]);
  });

  it("cannot be refused by somebody who is not in the group", () => {
    const { scene, group, link } = room();
    const [cem, eve] = [scene.person("Cem"), scene.person("Eve")];
    ask(cem, link);
    const { account, device } = cem.account();
    const item = { kind: "joinRefused" as const, group, nonce: KEY, reason: JOIN_REFUSAL.revoked, triesLeft: 0 };
    eve.run((work) => tell(work, { account, device }, [item]));
    scene.carry(eve, cem);
    assert.equal(refusal(cem, group), undefined);
  });
});

function one<T>(all: readonly T[], fits: (each: T) => boolean): T {
  const found = all.filter(fits);
  assert.equal(found.length, 1);
  return found[0] as T;
}

/** A request that `by` makes with the bundle of `as`. */
function forgeRequest(scene: Scene, { by, as, link }: { by: Device; as: Device; link: InviteLink }) {
  const bundle = openBundle(p, as.account().account, scene.taken(as)[0]?.bundle ?? new Uint8Array());
  assert(bundle);
  const nonce = p.sha256(KEY);
  const sign = (bytes: Uint8Array) => Signature.from(p.sign(by.account().deviceSeed, bytes));
  const request = encodeJoinRequest({
    version: 1,
    group: link.group,
    bundle: encode(PrekeyBundle, bundle),
    nonce,
    proof: sign(nonce),
    signature: sign(lpAll("join-request", link.group, as.account().account, as.account().device, nonce, sign(nonce))),
  });
  const topic = Topic.from(p.signingPublicKey(link.topicSeed));
  const body = sealBox(p, { inbox: topic, sealingKey: link.sealingKey }, request, WRONG);
  return { topic, envelope: signEnvelope(p, { topic, topicSeed: link.topicSeed }, ENVELOPE_KIND.rendezvous, body) };
}
