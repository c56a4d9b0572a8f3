import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { issueDeviceCertificate } from "../../src/crypto/device-certificate.ts";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { type ForkTree, puncture, treeOf } from "../../src/crypto/puncturable-tree.ts";
import { EARLY_MAX, EARLY_MS } from "../../src/protocol/early-room.ts";
import { LATE_BEHIND, LATE_PAUSE_MS } from "../../src/protocol/late-entries.ts";
import { UNLINKED_PER_ACCOUNT_MAX } from "../../src/protocol/log-permission.ts";
import { type LogEntry, type LogState, PAST_OF_MEMBERS_MAX } from "../../src/protocol/log-state.ts";
import { acceptEntry, frontierOf, headsOf } from "../../src/protocol/membership-log.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { receiveEntry, takeLate } from "../../src/protocol/received-entries.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { FORK } from "../../src/protocol/records/epoch.ts";
import { GROUP, MISSING_SECRETS_MAX } from "../../src/protocol/records/group.ts";
import { REQUEST } from "../../src/protocol/records/joining.ts";
import { EARLY_AT, EARLY_ENTRY, SECRET } from "../../src/protocol/records/key-delivery.ts";
import { LATE, WAITING, WAITING_ENTRIES_MAX } from "../../src/protocol/records/log.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { PENDING, PENDING_ITEMS_MAX } from "../../src/protocol/records/pairwise.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import { ROSTER_MAX } from "../../src/protocol/records/roster.ts";
import { saveLog } from "../../src/protocol/saved-log.ts";
import { WAITING_PER_AUTHOR_MAX, WAITING_PER_AUTHOR_MAX_BYTES } from "../../src/protocol/waiting-room.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { type Action, ROLE } from "../../src/wire/entry.ts";
import { AccountKey, DeviceKey, EntryHash, type GroupId, type TimeMs } from "../../src/wire/ids.ts";
import { ENTRY_PARENTS_MAX, MEMBERS_PER_ADD_MAX } from "../../src/wire/limits.ts";
import type { PayloadItem } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import {
  adding,
  anotherDevice,
  certified,
  inviting,
  type MadeEntry,
  makeEntry,
  memberOf,
  newLog,
  rekeying,
  type Somebody,
  somebody,
} from "./log-builder.ts";
import { epochOf, groupOf, inviteTo, newScene, say } from "./scene.ts";

/** A device as somebody who signs entries by hand. */
function authorOf(device: Device): Somebody {
  const { accountSeed, deviceSeed, account, device: key } = device.account();
  return { name: device.name, accountSeed, deviceSeed, account, device: key };
}

/** Re-keys of one device that all follow the log as it is; nobody gets their secrets. */
function concurrentRekeys(by: Device, group: GroupId, count: number): readonly MadeEntry[] {
  const parents = headsOf(by.log(group));
  return Array.from({ length: count }, (_, i) =>
    makeEntry({ by: authorOf(by), action: rekeying, group, parents, confirmation: p.sha256(u32be(i)) }),
  );
}

/** The same device under a second account. */
function otherAccountOf(device: Device): Device {
  const state = device.account();
  const accountSeed = p.sha256(state.accountSeed);
  const { account, signature } = issueDeviceCertificate(p, accountSeed, state.device);
  device.save(ACCOUNT, "", { ...state, accountSeed, account, certificate: signature });
  return device;
}

function take(device: Device, group: GroupId, entries: readonly MadeEntry[]): void {
  for (const { encoded } of entries) device.run((work) => receiveEntry(work, group, encoded));
}

/** An admin's re-keys one after another at the end of the device's log, which it has judged; answers all entries. */
function rekeyedOften(device: Device, group: GroupId, count: number): LogState["entries"] {
  const log = device.log(group);
  const last = log.entries.at(-1);
  assert(last);
  const chain = [...log.entries];
  for (let i = 0; i < count; i++) {
    const hash = EntryHash.from(p.sha256(u32be(i)));
    const before = chain.at(-1)?.hash ?? hash;
    const follows = { parents: [before], keyParents: [before], generation: last.generation + 1 + i };
    chain.push({ ...last, ...follows, action: { kind: "rekey" }, hash, rank: 1 });
  }
  device.run((work) => saveLog(work, { ...log, entries: chain }));
  return chain;
}

function pair() {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob]);
  return { scene, ann, bob, group };
}

describe("what a peer can cause has a bound", function () {
  this.timeout(20_000);

  it("entries that wait for parents: a member's junk leaves room for others, and nobody else's name can be used", () => {
    const { ann, bob, group } = pair();
    const nowhere = (by: Somebody, i: number) =>
      makeEntry({ by, action: rekeying, group, parents: [EntryHash.from(p.sha256(u32be(i)))] });
    const flood = Array.from({ length: WAITING_PER_AUTHOR_MAX + 2 }, (_, i) => nowhere(authorOf(bob), i));
    take(ann, group, flood);
    assert.equal(ann.ids(WAITING).length, WAITING_PER_AUTHOR_MAX);
    const forged = nowhere({ ...authorOf(ann), deviceSeed: authorOf(bob).deviceSeed }, 1);
    const { warnings } = ann.run((work) => receiveEntry(work, group, forged.encoded));
    assert.deepEqual(warnings, ["forged"]);
    take(ann, group, [nowhere(somebody("a device not heard of"), 2)]);
    assert.equal(ann.ids(WAITING).length, WAITING_PER_AUTHOR_MAX + 1);
  });

  it("entries that wait for parents: however many there are, each account has some places", () => {
    const { ann, bob, group } = pair();
    const nowhere = (by: Somebody, i: number) =>
      makeEntry({ by, action: rekeying, group, parents: [EntryHash.from(p.sha256(u32be(i)))] });
    for (let i = 0; i < WAITING_ENTRIES_MAX; i++) {
      const { hash, encoded } = nowhere(somebody("one of many"), i);
      ann.save(WAITING, idOf(group, hash), { encoded });
    }
    const flood = Array.from({ length: 10 }, (_, i) => nowhere(authorOf(bob), i));
    take(ann, group, flood);
    assert.equal(ann.ids(WAITING).length, WAITING_ENTRIES_MAX + 8);
  });

  it("bytes of entries that wait for parents: of large ones there are fewer", () => {
    const { ann, bob, group } = pair();
    const many = Array.from({ length: MEMBERS_PER_ADD_MAX }, (_, i) => memberOf(somebody(`nobody ${i}`)));
    const nowhere = (i: number) =>
      makeEntry({ by: authorOf(bob), action: adding(...many), group, parents: [EntryHash.from(p.sha256(u32be(i)))] });
    const fitting = Math.floor(WAITING_PER_AUTHOR_MAX_BYTES / nowhere(0).encoded.length);
    take(
      ann,
      group,
      Array.from({ length: fitting + 1 }, (_, i) => nowhere(i)),
    );
    assert.equal(ann.ids(WAITING).length, fitting);
    assert(fitting < WAITING_PER_AUTHOR_MAX / 4, "it is the bytes that are too many");
  });

  it("keys from strange devices: their places are free again after a day", () => {
    const { scene, ann, group } = pair();
    const strangers = Array.from({ length: 33 }, (_, i) => scene.person(`Stranger ${i}`));
    const write = (from: Device, i: number) => {
      const { encoded: signed, hash: entry } = makeEntry({
        by: authorOf(from),
        action: rekeying,
        group,
        parents: [EntryHash.from(p.sha256(u32be(i)))],
      });
      const items = [{ kind: "secret", group, entry, secret: new Uint8Array(32), signed }] as const;
      from.run((work) => tell(work, authorOf(ann), items));
    };
    for (const [s, stranger] of strangers.entries()) {
      for (let i = 0; i < 8; i++) write(stranger, s * 8 + i);
      scene.carry(stranger, ann);
    }
    assert.deepEqual([ann.ids(SECRET).length, ann.ids(EARLY_ENTRY).length], [EARLY_MAX, EARLY_MAX]);
    ann.clock.nowMs += EARLY_MS + 1;
    ann.put({ kind: "tick" });
    assert.deepEqual([ann.ids(SECRET), ann.ids(EARLY_ENTRY), ann.ids(EARLY_AT)], [[], [], []]);
  });

  it("entries that are dated back beside a long log: of each account one at a time is judged, and in the end all are", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const flood = concurrentRekeys(bob, group, 6);
    const [forged, ...others] = [concurrentRekeys(bob, group, 7).at(-1), ...concurrentRekeys(cem, group, 1)];
    const before = rekeyedOften(ann, group, LATE_BEHIND + 1).length;
    const taken = () => ann.log(group).entries.length - before;
    assert(forged);
    const altered = forged.encoded.slice();
    altered.set([(altered.at(-1) ?? 0) ^ 1], altered.length - 1);
    ann.run((work) => receiveEntry(work, group, altered));
    assert.deepEqual(ann.ids(LATE), [], "in somebody else's name nobody's time is used up");
    take(ann, group, flood);
    assert.deepEqual([taken(), ann.ids(WAITING).length], [1, flood.length - 1]);
    take(ann, group, others);
    assert.equal(taken(), 2, "another account does not wait for that");
    for (let i = 1; i < flood.length; i++) {
      ann.clock.nowMs += LATE_PAUSE_MS - 1;
      ann.run((work) => takeLate(work));
      assert.equal(taken(), 1 + i, "not before its time");
      ann.clock.nowMs += 1;
      ann.run((work) => takeLate(work));
      assert.equal(taken(), 2 + i);
    }
    assert.deepEqual(ann.ids(WAITING), []);
    ann.clock.nowMs += LATE_PAUSE_MS;
    ann.run((work) => takeLate(work));
    assert.deepEqual(ann.ids(LATE), []);
  });

  it("of many re-keys without a secret, the newest are waited for", () => {
    const { ann, bob, group } = pair();
    const chain = rekeyedOften(ann, group, MISSING_SECRETS_MAX);
    const heads = [chain.at(-1)?.hash ?? assert.fail()];
    ann.save(GROUP, toHex(group), {
      ...ann.group(group),
      missing: chain.slice(-MISSING_SECRETS_MAX).map((e) => e.hash),
    });
    const one = makeEntry({ by: authorOf(bob), action: rekeying, group, parents: heads });
    take(ann, group, [one]);
    const { missing } = ann.group(group);
    assert.equal(missing.length, MISSING_SECRETS_MAX);
    assert.deepEqual(missing.at(-1), one.hash);
  });

  it("more concurrent re-keys than an entry can cite are merged in two steps", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const rekeys = [...concurrentRekeys(bob, group, 40), ...concurrentRekeys(cem, group, ENTRY_PARENTS_MAX - 37)];
    for (const each of [ann, bob, cem]) take(each, group, rekeys);
    assert.equal(frontierOf(ann.log(group)).length, ENTRY_PARENTS_MAX + 3);
    for (const left of [4, 1]) {
      ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
      assert.equal(frontierOf(ann.log(group)).length, left);
    }
    scene.carry(ann, bob);
    assert.equal(epochOf(ann, group), epochOf(bob, group));
  });

  it("more heads than a frontier holds make no epoch of their own", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const rekeys = [...concurrentRekeys(bob, group, 40), ...concurrentRekeys(cem, group, ENTRY_PARENTS_MAX - 39)];
    for (const { hash } of rekeys) {
      const phi = toHex(frontierHash(p, group, [hash]));
      ann.save(FORK, phi, { tree: treeOf(p.sha256(hash), 16), createdAt: 0 as TimeMs });
    }
    take(ann, group, rekeys);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    assert(ann.group(group).sending);
  });

  it("of entries that somebody dates back after a removal, so many are kept and no more", () => {
    const { scene, ann, bob, group } = pair();
    const base = headsOf(bob.log(group));
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts: [bob.account().account] } });
    let [parents, prev] = [base, undefined as EntryHash | undefined];
    for (let seq = 0; seq < 140; seq++) {
      const entry = makeEntry({ by: authorOf(bob), action: rekeying, group, parents, seq, prev });
      [parents, prev] = [[entry.hash], entry.hash];
      take(ann, group, [entry]);
    }
    assert.equal(
      ann.log(group).entries.filter(({ account }) => toHex(account) === toHex(bob.account().account)).length,
      128,
    );
    scene.collect(ann);
    say(ann, group, "still here");
  });

  it("an entry that stands on more key heads than a record holds is void", () => {
    const owner = somebody("owner");
    const club = newLog(owner);
    const fork = headsOf(club.log);
    const branches = [0, 1].map((branch) => {
      const rekeys = Array.from({ length: 40 }, (_, i) =>
        makeEntry({
          by: owner,
          action: rekeying,
          group: club.group,
          parents: fork,
          confirmation: p.sha256(u32be(branch * 100 + i)),
          seq: 1,
          prev: fork[0],
        }),
      );
      for (const each of rekeys) assert.equal(club.judge(each).kind, "accepted");
      const parents = rekeys.map((each) => each.hash).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
      return club.add(owner, inviting().action, { parents, seq: 2, prev: parents[0] });
    });
    const parents = branches.map((each) => each.hash).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
    const over = club.draft(owner, rekeying, { parents, seq: 3, prev: parents[0] });
    assert.equal(club.judge(over).kind, "void");
  });

  it("an account links no more devices once 64 of them were unlinked", () => {
    const [owner, bob] = [somebody("owner"), somebody("Bob")];
    const club = newLog(owner);
    club.add(owner, adding(memberOf(bob)));
    const linking = (i: number) => {
      const device = anotherDevice(bob, `${i}`);
      return { action: { kind: "link" as const, account: bob.account, device: certified(device) }, device };
    };
    for (let i = 0; i < UNLINKED_PER_ACCOUNT_MAX; i++) {
      const { action, device } = linking(i);
      club.add(bob, action);
      club.add(bob, { kind: "unlink", device: device.device });
    }
    for (const by of [bob, owner]) assert.equal(club.judge(club.draft(by, linking(64).action)).kind, "void");
  });

  it("a log that members have filled has room for what admins do", () => {
    const { ann, bob, group } = pair();
    const full = { ...ann.log(group), entries: rekeyedOften(ann, group, PAST_OF_MEMBERS_MAX) };
    const last = full.entries.at(-1) ?? assert.fail();
    const kindOf = (by: Device, action: Action) => {
      const { entrySeq: seq, entryPrev: prev } = by.group(group);
      const entry = makeEntry({ by: authorOf(by), action, group, parents: [last.hash], seq, prev });
      return acceptEntry(p, group, full, entry.encoded).kind;
    };
    assert.equal(kindOf(bob, rekeying), "void");
    assert.equal(kindOf(ann, { kind: "remove", accounts: [bob.account().account] }), "accepted");
  });

  it("an add beyond the devices that an epoch can hold is void", () => {
    const owner = somebody("owner");
    const club = newLog(owner);
    const [founding] = club.log.entries;
    assert(founding?.action.kind === "create");
    const [founder] = founding.action.members;
    assert(founder);
    const devices = Array.from({ length: ROSTER_MAX }, (_, i) => DeviceKey.from(p.sha256(u32be(i))));
    const crowd = devices.map((device) => ({
      ...founder,
      account: AccountKey.from(device),
      devices: [device],
      role: 0,
    }));
    const crowding: LogEntry = { ...founding, action: { kind: "create", name: "", members: [founder, ...crowd] } };
    const add = club.draft(owner, adding(memberOf(somebody("one more"))));
    assert.equal(acceptEntry(p, club.group, { ...club.log, entries: [crowding] }, add.encoded).kind, "void");
    assert.equal(club.judge(add).kind, "accepted");
  });

  it("a fork tree that is full gives no further secret, and the entry counts all the same", () => {
    const { ann, bob, group } = pair();
    const phi = toHex(frontierHash(p, group, frontierOf(ann.log(group))));
    const fork = ann.existing(FORK, phi);
    let tree: ForkTree = fork.tree;
    for (let i = 0; tree.nodes.length <= 16_384 - 127; i++) tree = puncture(p, tree, p.sha256(u32be(i)).slice(0, 16));
    ann.save(FORK, phi, { ...fork, tree });
    const parents = headsOf(ann.log(group));
    const by = authorOf(ann);
    const { entrySeq: seq, entryPrev: prev } = ann.group(group);
    const add = makeEntry({ by, action: adding(memberOf(somebody("new"))), group, parents, seq, prev });
    take(ann, group, [add]);
    assert.deepEqual(ann.group(group).missing, [add.hash]);
    assert(bob);
  });

  it("of many things for a device without prekeys, the newest are kept", () => {
    const { ann, group } = pair();
    const to = { account: somebody("far").account, device: somebody("far").device };
    const items = receipts(group, PENDING_ITEMS_MAX + 5);
    ann.run((work) => tell(work, to, items.slice(0, PENDING_ITEMS_MAX)));
    ann.run((work) => tell(work, to, items.slice(PENDING_ITEMS_MAX)));
    const [id] = ann.ids(PENDING);
    assert.deepEqual(ann.existing(PENDING, id).items, items.slice(5));
  });

  it("many small items go in several letters", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann]);
    const { account, device } = bob.account();
    ann.run((work) => tell(work, { account, device }, receipts(group, 200)));
    ann.put({ kind: "prekeys-taken", account, taken: scene.taken(bob) });
    assert.equal(ann.ids(PENDING).length, 0);
    assert.equal(ann.ids(OUTBOX).length, 4);
  });

  it("an account with more devices than an entry holds comes in with eight", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann]);
    const [one] = scene.taken(bob);
    assert(one);
    const account = bob.account().account;
    const { answer } = ann.put({ kind: "add", group, account, taken: Array.from({ length: 16 }, () => one), role: 0 });
    assert(answer.kind === "group");
    assert.equal(answer.group.members, 2);
  });
});

describe("a tick does what is due although", () => {
  it("an admin may not admit to the role of an invite", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob], 1);
    const link = inviteTo(ann, group, { role: ROLE.admin });
    scene.carry(ann, bob);
    cem.put({ kind: "join", link });
    scene.carry(bob, cem);
    assert.equal(bob.ids(REQUEST).length, 0);
    scene.clock.nowMs += 60_000;
    bob.put({ kind: "tick" });
    assert.equal(bob.group(group).members, 2);
    scene.carry(ann, cem);
    scene.clock.nowMs += 1_000;
    ann.put({ kind: "tick" });
    assert.equal(ann.group(group).members, 3);
  });

  it("one device asks under two accounts", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann]);
    const link = inviteTo(ann, group);
    const ask = (each: Device) => {
      each.put({ kind: "join", link });
      scene.carry(each, ann);
    };
    ask(bob);
    ask(cem);
    ask(otherAccountOf(cem));
    assert.equal(ann.ids(REQUEST).length, 3);
    scene.clock.nowMs += 1_000;
    ann.put({ kind: "tick" });
    assert.equal(ann.ids(REQUEST).length, 0);
    assert.equal(ann.group(group).members, 3);
  });

  it("the newest key never came: requests wait until the group is re-keyed", () => {
    const { scene, ann, bob, group } = pair();
    const cem = scene.person("Cem");
    const link = inviteTo(ann, group);
    scene.carry(ann, bob);
    cem.put({ kind: "join", link });
    scene.carry(cem, ann);
    take(ann, group, concurrentRekeys(bob, group, 1));
    for (let seconds = 0; seconds < 200; seconds += 5) {
      scene.clock.nowMs += 5_000;
      ann.put({ kind: "tick" });
      scene.carry(ann, bob, cem);
    }
    assert.equal(ann.group(group).members, 3);
    assert.equal(epochOf(cem, group), epochOf(ann, group));
    say(cem, group, "in");
    scene.carry(ann, bob, cem);
    assert.deepEqual(ann.texts(), ["in"]);
  });
});

const receipts = (group: GroupId, count: number): readonly PayloadItem[] =>
  Array.from({ length: count }, (_, i) => ({ kind: "received", group, entry: EntryHash.from(p.sha256(u32be(i))) }));
