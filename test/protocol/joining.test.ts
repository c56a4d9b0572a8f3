import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hashOf } from "../../src/crypto/kdf.ts";
import { author } from "../../src/protocol/group-log.ts";
import { WELCOME_MS, welcomeLetters } from "../../src/protocol/group-welcome.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { JOINING, LOG_PART, REQUEST, WELCOME } from "../../src/protocol/records/joining.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { ONE_TIME, PEER, SESSION } from "../../src/protocol/records/pairwise.ts";
import { CURSOR } from "../../src/protocol/records/topic.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { bytes, list } from "../../src/wire/codec.ts";
import { encode } from "../../src/wire/encoding.ts";
import { EntryHash, GroupId } from "../../src/wire/ids.ts";
import type { PayloadItem } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { epochOf, groupOf, inviteTo, makeGroup, newScene, type Scene, say } from "./scene.ts";

/** Ann's group with an invite that Ann and the admin Bob follow. */
function invited(terms: Parameters<typeof inviteTo>[2] = {}) {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob], 1);
  const link = inviteTo(ann, group, terms);
  scene.carry(ann, bob);
  return { scene, ann, bob, group, link };
}

function later(scene: Scene, ms: number, ...devices: readonly Device[]): void {
  scene.clock.nowMs += ms;
  for (const each of devices) each.put({ kind: "tick" });
}

const person = (device: Device) => {
  const { account, device: key } = device.account();
  return { account, device: key };
};

describe("joining by a link", () => {
  it("lets somebody in who can write at once and reads nothing from before", () => {
    const { scene, ann, bob, group, link } = invited();
    say(ann, group, "before");
    const cem = scene.person("Cem");
    cem.put({ kind: "join", link });
    scene.carry(cem, ann, bob);
    later(scene, 300, ann);
    scene.carry(ann, bob, cem);
    assert.deepEqual([cem.texts(), cem.ids(JOINING)], [[], []]);
    assert.equal(epochOf(cem, group), epochOf(bob, group));
    say(cem, group, "hello");
    scene.carry(ann, bob, cem);
    assert(bob.texts().includes("hello"));
    assert.equal(cem.group(group).name, "walking club");
  });

  it("takes those who ask together in by one entry", () => {
    const { scene, ann, group, link } = invited();
    const others = ["Cem", "Dan", "Eve"].map((name) => scene.person(name));
    for (const each of others) each.put({ kind: "join", link });
    scene.carry(...others, ann);
    const before = ann.ids(ENTRY).length;
    later(scene, 300, ann);
    assert.equal(ann.ids(ENTRY).length, before + 1);
    assert.equal(ann.group(group).members, 5);
    assert.deepEqual(ann.ids(REQUEST), []);
  });

  it("leaves it to the inviter first; other admins answer when nobody does", () => {
    const { scene, bob, group, link } = invited();
    const cem = scene.person("Cem");
    cem.put({ kind: "join", link });
    scene.carry(cem, bob);
    later(scene, 1_000, bob);
    assert.equal(bob.group(group).members, 2);
    later(scene, 6_000, bob);
    assert.equal(bob.group(group).members, 3);
  });

  it("forgets a request that another admin has answered", () => {
    const { scene, ann, bob, group, link } = invited();
    const cem = scene.person("Cem");
    cem.put({ kind: "join", link });
    scene.carry(cem, ann, bob);
    later(scene, 300, ann);
    scene.carry(ann, bob, cem);
    later(scene, 10_000, bob);
    assert.deepEqual([bob.ids(REQUEST), bob.group(group).members], [[], 3]);
  });

  it("is not for those who come after the invite has expired", () => {
    const { scene, ann, link } = invited({ ms: 1_000 });
    const cem = scene.person("Cem");
    scene.clock.nowMs += 1_000;
    cem.put({ kind: "join", link });
    scene.carry(cem, ann);
    assert.deepEqual(ann.ids(REQUEST), []);
  });

  it("is not for more than an invite has uses", () => {
    const { scene, ann, group, link } = invited({ uses: 1 });
    const others = ["Cem", "Dan"].map((name) => scene.person(name));
    for (const each of others) each.put({ kind: "join", link });
    scene.carry(...others, ann);
    later(scene, 300, ann);
    assert.deepEqual([ann.group(group).members, ann.ids(REQUEST)], [3, []]);
  });

  it("is not for those who do not know the secret, or are in already", () => {
    const { scene, ann, bob, link } = invited();
    const cem = scene.person("Cem");
    cem.put({ kind: "join", link: { ...link, secret: p.sha256(link.secret) } });
    bob.put({ kind: "join", link });
    scene.carry(cem, bob, ann);
    assert.deepEqual(ann.ids(REQUEST), []);
  });

  it("by asking again is still one member", () => {
    const { scene, ann, group, link } = invited();
    const cem = scene.person("Cem");
    for (let i = 0; i < 2; i++) {
      cem.put({ kind: "join", link });
      scene.carry(cem, ann);
    }
    assert.equal(ann.ids(REQUEST).length, 1);
    later(scene, 300, ann);
    cem.put({ kind: "join", link });
    scene.carry(cem, ann);
    later(scene, 300, ann);
    assert.equal(ann.group(group).members, 3);
  });
});

const EntrySequence = list(bytes(70_000), 1_000);

describe("a welcome", () => {
  it("takes the place of an older one, whose pieces go", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    groupOf(scene, [ann, bob]);
    for (let i = 0; i < 3; i++) bob.run((work) => tell(work, person(ann), incomplete(0, i)));
    scene.carry(ann, bob);
    assert.deepEqual([ann.ids(WELCOME).length, ann.ids(LOG_PART).length], [1, 1]);
  });

  it("that nobody asked for is one of at most two of its sender, and 32 in all; the oldest makes room", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    let stranger = ann;
    for (let i = 0; i < 54; i++) {
      if (i % 3 === 0) stranger = scene.person(`stranger ${i}`);
      stranger.run((work) => tell(work, person(ann), incomplete(i, i)));
      scene.carry(stranger, ann);
      scene.clock.nowMs += 1;
    }
    assert.deepEqual([ann.ids(WELCOME).length, ann.ids(LOG_PART).length], [32, 32]);
    const kept = (group: number) => ann.ids(WELCOME).includes(toHex(p.sha256(u32be(group))));
    assert.deepEqual([kept(1), kept(2), kept(51), kept(52), kept(53)], [false, false, false, true, true]);
  });

  it("of a link that we follow comes through beside any number of others", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = makeGroup(bob);
    ann.put({ kind: "join", link: inviteTo(bob, group) });
    for (let i = 0; i < 20; i++) {
      const stranger = scene.person(`stranger ${i}`);
      for (let k = 0; k < 2; k++) stranger.run((work) => tell(work, person(ann), incomplete(2 * i + k, 2 * i + k)));
      scene.carry(stranger, ann);
    }
    scene.carry(ann, bob);
    later(scene, 300, bob);
    scene.carry(ann, bob);
    assert(ann.group(group).sending);
  });

  it("whose log is not complete is erased after a day, and its pieces", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    bob.run((work) => tell(work, person(ann), incomplete(1, 1)));
    scene.carry(ann, bob);
    later(scene, WELCOME_MS, ann);
    assert.equal(ann.ids(WELCOME).length, 1);
    later(scene, 1, ann);
    assert.deepEqual([ann.ids(WELCOME), ann.ids(LOG_PART)], [[], []]);
  });

  it("that nobody asked for brings at most 128 pieces", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const parts = (count: number) =>
      incomplete(count, count).map((each) => (each.kind === "welcome" ? { ...each, parts: count } : each));
    for (const count of [128, 129]) bob.run((work) => tell(work, person(ann), parts(count)));
    scene.carry(ann, bob);
    assert.equal(ann.ids(WELCOME).length, 1);
  });

  it("whose log does not hold together leaves nothing behind", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    groupOf(scene, [ann, bob]);
    const other = makeGroup(bob, "trap");
    const entry = bob.existing(ENTRY, `${toHex(other)}/${toHex(other)}`).encoded;
    const logs: readonly (readonly Uint8Array[])[] = [[], [entry], [entry, entry], [entry.slice(1)]];
    for (const entries of logs) {
      const before = stateOf(ann);
      bob.run((work) => tell(work, person(ann), whole(other, entries)));
      scene.carry(ann, bob);
      assert.deepEqual(stateOf(ann), before);
    }
  });
});

describe("a log that is whole and admits us", () => {
  /** Eve's group, in which an admin of hers adds Ann by hand; the secret is right. */
  function trap(change: { readonly from: "author" | "other"; readonly turn?: number; readonly secret?: Uint8Array }) {
    const scene = newScene();
    const [ann, bob, eve] = [scene.person("Ann"), scene.person("Bob"), scene.person("Eve")];
    const group = groupOf(scene, [bob, eve], 1);
    groupOf(scene, [ann, bob, eve]);
    eve.run((work) => tell(work, person(ann), incomplete(77, 77)));
    scene.carry(ann, bob, eve);
    const before = stateOf(ann);
    const sent: PayloadItem[] = [];
    const outcome = bob.run(function* (work) {
      const account = person(ann);
      const { certificate } = ann.account();
      const devices = [{ device: account.device, certificate }];
      const member = { account: account.account, role: 0 as const, name: "Ann", devices, proof: undefined };
      const authored = yield* author(work, bob.group(group), { kind: "add", members: [member] });
      for (const items of yield* welcomeLetters(work, authored))
        sent.push(...items.map((item) => structuredClone(item)));
      return authored.hash;
    });
    assert(outcome.answer);
    const { secret } = change;
    const items = bent(sent, change.turn).map((each) =>
      secret && each.kind === "welcome" ? { ...each, secret } : each,
    );
    const from = change.from === "author" ? bob : eve;
    from.run((work) => tell(work, person(ann), items));
    scene.collect(from);
    scene.deliver(ann);
    return { ann, group, before };
  }

  it("lets us in when it comes from whoever signed the entry", () => {
    const { ann, group } = trap({ from: "author" });
    assert(ann.group(group).sending);
  });

  it("leaves nothing behind when it comes from somebody else", () => {
    const { ann, before } = trap({ from: "other" });
    assert.deepEqual(stateOf(ann), before);
  });

  it("leaves nothing behind when it brings another secret than the entry confirms", () => {
    const { ann, before } = trap({ from: "author", secret: new Uint8Array(32) });
    assert.deepEqual(stateOf(ann), before);
  });

  it("leaves nothing behind when it was changed anywhere", () => {
    for (const turn of [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999]) {
      const { ann, before } = trap({ from: "author", turn });
      assert.deepEqual(stateOf(ann), before, `at ${turn}`);
    }
  });
});

/** One byte of the log changed, and the digests made to fit. */
function bent(items: readonly PayloadItem[], at: number | undefined): readonly PayloadItem[] {
  const part = items.find((each) => each.kind === "logPart");
  if (at === undefined || part === undefined) return items;
  const piece = part.piece.slice();
  const index = Math.floor(at * piece.length);
  piece[index] = (piece[index] ?? 0) ^ 1;
  const digest = hashOf(p, "welcome-log", piece);
  return items.map((each) => {
    if (each.kind === "logPart") return { ...each, piece, digest };
    return each.kind === "welcome" ? { ...each, digest } : each;
  });
}

/** What pairwise sessions change with every letter is left out. */
const stateOf = (device: Device) => {
  const moving = [SESSION, PEER, CURSOR, ONE_TIME, OUTBOX].map(({ prefix }) => prefix).concat("counters");
  return [...device.records].filter(([key]) => !moving.some((prefix) => key.startsWith(prefix)));
};

function incomplete(group: number, digest: number): readonly PayloadItem[] {
  const id = GroupId.from(p.sha256(u32be(group)));
  const of = p.sha256(u32be(1_000 + digest));
  return [
    { kind: "welcome", group: id, entry: EntryHash.from(of), secret: of, digest: of, parts: 2 },
    { kind: "logPart", digest: of, index: 0, piece: of },
  ];
}

function whole(group: GroupId, entries: readonly Uint8Array[]): readonly PayloadItem[] {
  const piece = encode(EntrySequence, entries);
  const digest = hashOf(p, "welcome-log", piece);
  return [
    { kind: "welcome", group, entry: EntryHash.from(group), secret: digest, digest, parts: 1 },
    { kind: "logPart", digest, index: 0, piece },
  ];
}
