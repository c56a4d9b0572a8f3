/** Writes test/formats/records-v1.json: one saved record of each type, as a profile of format 1 has it. */
import { writeFileSync } from "node:fs";
import { tell } from "../../src/protocol/pairwise.ts";
import {
  FORMER_NAMES,
  LINKING,
  NOTE,
  RESTORED,
  SHARED,
  SHARING,
  TOLD_KEY,
} from "../../src/protocol/records/account.ts";
import { AHEAD, FORK_PROOF, GAP, GAP_COUNT, HEADS, REMOVALS, SAID } from "../../src/protocol/records/conversation.ts";
import { CLOSED, ERASED_EPOCH, FORK_END, SOUGHT_MERGE, USED_MERGE } from "../../src/protocol/records/epoch.ts";
import { FILE, FILE_BITS, FILE_LIST } from "../../src/protocol/records/file.ts";
import { FORMER_RELAYS, MEMBER_ADDRESS, NAMED, OUT } from "../../src/protocol/records/group.ts";
import { ADOPTING, ASKED, ATTEMPT, LOG_PART, WELCOME } from "../../src/protocol/records/joining.ts";
import {
  CONTRIBUTION,
  DELIVERY,
  EARLY,
  EARLY_AT,
  EARLY_ENTRY,
  KEY_LETTER,
  LACKING,
  RESENDING,
  SECRET,
} from "../../src/protocol/records/key-delivery.ts";
import {
  ANSWERED,
  LATE,
  LINK_AGAIN,
  MERGING,
  PASSING,
  UNPOSTED,
  WAITING,
  WANTED,
  WHOLE_LOG,
} from "../../src/protocol/records/log.ts";
import { LEFT_OVER, UNKNOWN_INBOX } from "../../src/protocol/records/outbox.ts";
import { RENEWAL, RENEWED } from "../../src/protocol/records/pairwise.ts";
import { HEARD, SENT, TO_HEAR, TO_REPORT } from "../../src/protocol/records/report.ts";
import { ROSTER, WHOLE_ROSTER } from "../../src/protocol/records/roster.ts";
import { STATEMENT } from "../../src/protocol/records/topic.ts";
import type { RecordType } from "../../src/protocol/step.ts";
import { encode } from "../../src/wire/encoding.ts";
import {
  AccountKey,
  ChunkId,
  DeviceKey,
  EntryHash,
  EpochId,
  GroupId,
  type Iteration,
  MessageId,
  type Sequence,
  Signature,
  type TimeMs,
  Topic,
} from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "../protocol/device.ts";
import { addPerson, groupOf, inviteTo, LOG_ID, newScene, say } from "../protocol/scene.ts";
import { RECORD_TYPES } from "./every-record.ts";

const hash = (byte: number): Uint8Array => p.sha256(Uint8Array.of(byte));
const at = 1_800_000_000_000 as TimeMs;

/** Profiles in which something of almost everything stands. */
function profiles(): readonly Device[] {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob], 1);
  for (const device of [ann, bob]) say(device, group, "hello");
  scene.carry(ann, bob);
  const link = inviteTo(ann, group);
  cem.put({ kind: "join", link });
  scene.carry(ann, bob, cem);
  say(ann, group, "under way");
  ann.run((work) =>
    tell(work, { account: AccountKey.from(hash(1)), device: DeviceKey.from(hash(2)) }, [
      { kind: "received", group, entry: EntryHash.from(hash(3)) },
    ]),
  );
  addPerson(scene, bob, group, scene.person("Dan"));
  return [ann, bob, cem];
}

/** Those that stand in a profile for moments only. */
function momentary(): ReadonlyMap<string, Uint8Array> {
  const made = new Map<string, Uint8Array>();
  const add = <T>(type: RecordType<T>, value: T) => made.set(type.prefix, encode(type.codec, value));
  const from = DeviceKey.from(hash(2));
  const key = AccountKey.from(hash(1));
  const entry = EntryHash.from(hash(3));
  const epoch = EpochId.from(hash(15));
  const message = MessageId.from(hash(11));
  add(WAITING, { encoded: hash(4) });
  add(GAP, { citedBy: from, account: key, at, isConfirmed: true });
  add(SECRET, { secret: hash(5), from });
  add(CONTRIBUTION, { value: hash(6) });
  add(EARLY, { from, head: entry, frontier: [entry, EntryHash.from(hash(12))], value: hash(13) });
  add(WELCOME, { from, entry, secret: hash(7), digest: hash(8), parts: 2, received: 1, at });
  add(EARLY_AT, { at });
  add(EARLY_ENTRY, { encoded: hash(4) });
  add(ADOPTING, { done: 64 });
  add(DELIVERY, { random: hash(16), next: 32, number: 7 });
  add(KEY_LETTER, { topic: Topic.from(hash(17)), envelope: hash(18), resent: 1, dueAt: at });
  add(RESENDING, { entry, dueAt: at });
  add(PASSING, { next: 12, dueAt: at });
  add(LACKING, { dueAt: at });
  add(MERGING, { dueAt: at });
  add(CLOSED, { sent: 7, at });
  add(USED_MERGE, { dueAt: at });
  add(SOUGHT_MERGE, { heads: [entry, EntryHash.from(hash(12))], by: from, at, state: 1 });
  add(LINK_AGAIN, { dueAt: at });
  add(WANTED, { dueAt: at, asked: 1 });
  add(ANSWERED, { at, answers: 2 });
  add(UNPOSTED, { dueAt: at });
  add(LATE, { at });
  add(RENEWED, { at });
  add(LOG_PART, { piece: hash(9) });
  add(FORK_PROOF, { body: hash(10), forks: 2 });
  add(RENEWAL, { at });
  add(FORK_END, { at });
  add(ERASED_EPOCH, { at });
  add(OUT, { by: key, at });
  add(RESTORED, { at });
  add(UNKNOWN_INBOX, { since: at });
  add(LEFT_OVER, { upTo: 9 });
  add(ASKED, { nonce: hash(14), refusal: { reason: 5, triesLeft: 4 } });
  add(ATTEMPT, { nonces: [hash(14)], at });
  add(LINKING, { name: "hikes", relays: [], contacts: [key, key], asked: 1, told: [key], nextAt: at });
  add(SHARED, { counter: 2, value: { kind: "verified", account: key, name: "Bob", isVerified: true } });
  add(SHARING, { revision: 3, postedAt: at, outbox: [4], first: { log: LOG_ID, sequence: 5 as Sequence } });
  add(TOLD_KEY, { at });
  add(FORMER_NAMES, { names: ["Ann", "Anna"] });
  add(NAMED, { name: "Ann", depth: 4, sentAt: at });
  add(FORMER_RELAYS, { relays: [{ address: "/ip4/192.0.2.7/tcp/33001/p2p/old", until: at }] });
  add(HEADS, { heads: [{ id: message, depth: 3 }], said: 4 });
  add(GAP_COUNT, { gaps: 2 });
  add(SENT, { id: message, devices: 3, isTaken: true });
  add(MEMBER_ADDRESS, { addresses: ["/ip4/192.0.2.7/tcp/40001"], saidAt: at, expiresAt: at });
  add(HEARD, { devices: [{ index: 2, upTo: 7 as Iteration }] });
  add(TO_HEAR, { at });
  add(TO_REPORT, {
    dueAt: at,
    lastAt: at,
    cameAt: at,
    indexes: [1, 4],
    fixed: { chains: [{ index: 2, upTo: 9 as Iteration }], frontier: [message] },
  });
  const said = {
    id: message,
    epoch,
    device: from,
    account: key,
    iteration: 5 as Iteration,
    depth: 6,
    cites: [message],
  };
  add(SAID, { ...said, isHeld: true, isVoid: true });
  add(AHEAD, { ...said, isHeld: false, isVoid: false });
  const removals = [{ entry, accounts: [key], device: from, frontier: [message] }];
  add(REMOVALS, { digest: hash(14), removals, epochs: [{ epoch, lacks: [0] }], held: 1 });
  add(NOTE, { text: "see you at ni" });
  const manifest = {
    name: "a.txt",
    type: "text/plain",
    size: 5,
    isDirectory: false,
    key: hash(19),
    commitment: hash(20),
    root: ChunkId.from(hash(21)),
    preview: { width: 640, height: 480, format: 1, image: hash(22) },
  };
  const stage = { kind: "fetching", directory: "/home/ann", name: "a.txt", isExact: false, part: "" } as const;
  add(FILE, { manifest, from: key, isOurs: false, at, stage, holders: [key] });
  const statement = {
    version: 1 as const,
    device: DeviceKey.from(hash(1)),
    relay: "/ip4/192.0.2.7/tcp/1/p2p/12D3",
    fault: 1,
    log: LOG_ID,
  };
  const about = { topic: Topic.from(hash(24)), sequence: 7 as Sequence, at, envelopes: [hash(25)] };
  const signature = Signature.from(new Uint8Array(64).fill(26));
  add(STATEMENT, { statement: { ...statement, ...about }, signature });
  add(FILE_LIST, { hashes: hash(23) });
  add(FILE_BITS, { bits: Uint8Array.of(3) });
  const devices = [{ device: from, account: key }];
  add(WHOLE_LOG, { group: GroupId.from(hash(27)), entries: [] });
  add(WHOLE_ROSTER, { devices });
  const begins = { group: GroupId.from(hash(27)), base: epoch, digest: hash(28) };
  add(ROSTER, { ...begins, devices: 3, gone: [DeviceKey.from(hash(29))], come: devices });
  return made;
}

const found = new Map(momentary());
for (const device of profiles())
  for (const type of RECORD_TYPES) {
    const [key] = [...device.records.keys()].filter((each) => each.startsWith(type.prefix));
    const bytes = key === undefined ? undefined : device.records.get(key);
    if (bytes && !found.has(type.prefix)) found.set(type.prefix, bytes);
  }
const lines = [...found].sort().map(([prefix, bytes]) => [prefix, toHex(bytes)]);
writeFileSync(new URL("records-v1.json", import.meta.url), `${JSON.stringify(Object.fromEntries(lines), null, 2)}\n`);
