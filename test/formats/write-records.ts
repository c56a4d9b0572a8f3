/** Writes test/formats/records-v1.json: one saved record of each type, as a profile of format 1 has it. */
import { writeFileSync } from "node:fs";
import { tell } from "../../src/protocol/pairwise.ts";
import * as records from "../../src/protocol/records.ts";
import type { RecordType } from "../../src/protocol/step.ts";
import { encode } from "../../src/wire/codec.ts";
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
  add(records.WAITING, { encoded: hash(4) });
  add(records.GAP, { citedBy: from, account: key, at, isConfirmed: true });
  add(records.SECRET, { secret: hash(5), from });
  add(records.CONTRIBUTION, { value: hash(6) });
  add(records.EARLY, { from, head: entry, frontier: [entry, EntryHash.from(hash(12))], value: hash(13) });
  add(records.WELCOME, { from, entry, secret: hash(7), digest: hash(8), parts: 2, received: 1, at });
  add(records.EARLY_AT, { at });
  add(records.ADOPTING, { done: 64 });
  add(records.DELIVERY, { random: hash(16), next: 32, number: 7 });
  add(records.KEY_LETTER, { topic: Topic.from(hash(17)), envelope: hash(18), resent: 1, dueAt: at });
  add(records.RESENDING, { entry, dueAt: at });
  add(records.PASSING, { next: 12, dueAt: at });
  add(records.LACKING, { dueAt: at });
  add(records.MERGING, { dueAt: at });
  add(records.CLOSED, { sent: 7, at });
  add(records.WANTED, { dueAt: at, asked: 1 });
  add(records.ANSWERED, { at, answers: 2 });
  add(records.UNPOSTED, { dueAt: at });
  add(records.RENEWED, { at });
  add(records.LOG_PART, { piece: hash(9) });
  add(records.FORK_PROOF, { body: hash(10), forks: 2 });
  add(records.RENEWAL, { at });
  add(records.FORK_END, { at });
  add(records.OUT, { by: key, at });
  add(records.RESTORED, { at });
  add(records.UNKNOWN_INBOX, { since: at });
  add(records.LEFT_OVER, { upTo: 9 });
  add(records.ASKED, { nonce: hash(14), refusal: { reason: 5, triesLeft: 4 } });
  add(records.ATTEMPT, { nonces: [hash(14)], at });
  add(records.LINKING, { name: "hikes", relays: [], contacts: [key, key], asked: 1, told: [key], nextAt: at });
  add(records.SHARED, { counter: 2, value: { kind: "verified", account: key, name: "Bob", isVerified: true } });
  add(records.SHARING, { revision: 3, postedAt: at, outbox: [4], first: { log: LOG_ID, sequence: 5 as Sequence } });
  add(records.TOLD_KEY, { at });
  add(records.NAMED, { name: "Ann", depth: 4, sentAt: at });
  add(records.FORMER_RELAYS, { relays: [{ address: "/ip4/192.0.2.7/tcp/33001/p2p/old", until: at }] });
  add(records.HEADS, { heads: [{ id: message, depth: 3 }], said: 4 });
  add(records.GAP_COUNT, { gaps: 2 });
  add(records.SENT, { id: message, devices: 3, isTaken: true });
  add(records.MEMBER_ADDRESS, { addresses: ["/ip4/192.0.2.7/tcp/40001"], saidAt: at, expiresAt: at });
  add(records.HEARD, { devices: [{ index: 2, upTo: 7 as Iteration }] });
  add(records.TO_HEAR, { at });
  add(records.TO_REPORT, {
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
  add(records.SAID, { ...said, isHeld: true, isVoid: true });
  const removals = [{ entry, accounts: [key], device: from, frontier: [message] }];
  add(records.REMOVALS, { digest: hash(14), removals, epochs: [{ epoch, lacks: [0] }], held: 1 });
  add(records.NOTE, { text: "see you at ni" });
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
  add(records.FILE, { manifest, from: key, isOurs: false, at, stage, holders: [key] });
  const statement = {
    version: 1 as const,
    device: DeviceKey.from(hash(1)),
    relay: "/ip4/192.0.2.7/tcp/1/p2p/12D3",
    fault: 1,
    log: LOG_ID,
  };
  const about = { topic: Topic.from(hash(24)), sequence: 7 as Sequence, at, envelopes: [hash(25)] };
  const signature = Signature.from(new Uint8Array(64).fill(26));
  add(records.STATEMENT, { statement: { ...statement, ...about }, signature });
  add(records.FILE_LIST, { hashes: hash(23) });
  add(records.FILE_BITS, { bits: Uint8Array.of(3) });
  const devices = [{ device: from, account: key }];
  add(records.WHOLE_LOG, { group: GroupId.from(hash(27)), entries: [] });
  add(records.WHOLE_ROSTER, { devices });
  const begins = { group: GroupId.from(hash(27)), base: epoch, digest: hash(28) };
  add(records.ROSTER, { ...begins, devices: 3, gone: [DeviceKey.from(hash(29))], come: devices });
  return made;
}

const found = new Map(momentary());
for (const device of profiles())
  for (const type of (Object.values(records) as readonly unknown[]).filter(isRecordType)) {
    const [key] = [...device.records.keys()].filter((each) => each.startsWith(type.prefix));
    const bytes = key === undefined ? undefined : device.records.get(key);
    if (bytes && !found.has(type.prefix)) found.set(type.prefix, bytes);
  }
const lines = [...found].sort().map(([prefix, bytes]) => [prefix, toHex(bytes)]);
writeFileSync(new URL("records-v1.json", import.meta.url), `${JSON.stringify(Object.fromEntries(lines), null, 2)}\n`);

function isRecordType(value: unknown): value is RecordType<unknown> {
  return typeof value === "object" && value !== null && "prefix" in value && "codec" in value;
}
