/**
 * The log of a group that has existed for years: everything that happens in groups, by an owner and two admins, now and
 * then by both admins at once. And a welcome with it, as the owner's device would write it.
 */
import { EpochSecret } from "../src/crypto/epoch-secrets.ts";
import { hashOf } from "../src/crypto/kdf.ts";
import { SEAL_RANDOM_BYTES, START_RANDOM_BYTES, sealTo, startSession } from "../src/crypto/pairwise-session.ts";
import { openBundle } from "../src/crypto/prekey-bundle.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { depositEnvelope } from "../src/protocol/topic-envelope.ts";
import { compareBytes } from "../src/verify/transcript.ts";
import { bytes, list } from "../src/wire/codec.ts";
import { encode } from "../src/wire/encoding.ts";
import { type Action, ENTRY_CORE_MAX_BYTES, ROLE } from "../src/wire/entry.ts";
import { type EntryHash, GroupId, type TimeMs } from "../src/wire/ids.ts";
import type { InviteLink } from "../src/wire/link.ts";
import { encodePairwisePayload, LOG_PART_MAX_BYTES } from "../src/wire/pairwise-payload.ts";
import { type Device, type Posted, random } from "./device.ts";
import { type Links, type MadeEntry, makeEntry, memberOf, type Person, person } from "./log-entries.ts";
import { makePairwiseDevice, type PairwiseDevice } from "./pairwise-device.ts";

/** People in one add. */
const PEOPLE_PER_ADD = 50;
/** Two admins write at the same time once in so many rounds. */
const CONCURRENT_EVERY = 50;

const EntrySequence = list(bytes(ENTRY_CORE_MAX_BYTES + 128), 1_000_000);

export interface OldClub {
  readonly founder: PairwiseDevice;
  readonly group: GroupId;
  readonly entries: readonly Uint8Array[];
  /** An entry of the founder's after all the others, not in `entries`; it confirms the secret. */
  readonly addition: (newcomer: Person, secret: EpochSecret) => MadeEntry;
}

/** A log under construction. */
interface Writing {
  readonly group: GroupId;
  readonly entries: Uint8Array[];
  readonly own: Map<Person, { readonly seq: number; readonly hash: EntryHash }>;
  heads: readonly EntryHash[];
}

/** A log of at least so many entries, in which so many people are members. */
export function makeOldClub(members: number, length: number): OldClub {
  const founder = makePairwiseDevice();
  const { account, device, signature } = founder.ours.certificate;
  const owner: Person = { deviceSeed: founder.deviceSeed, account, device, certificate: signature };
  const create = { kind: "create" as const, name: "club", founder: memberOf(owner, ROLE.owner), nonce: random(32) };
  const first = makeEntry(owner, create, { group: undefined, seq: 0, prev: undefined, parents: [] });
  const group = GroupId.from(first.hash);
  const own = new Map([[owner, { seq: 0, hash: first.hash }]]);
  const log: Writing = { group, entries: [first.encoded], own, heads: [first.hash] };
  const seeds = Array.from({ length: members - 1 }, () => random(32));
  const people = seeds.map((seed) => person(seed));
  for (let at = 0; at < people.length; at += PEOPLE_PER_ADD) {
    const some = people.slice(at, at + PEOPLE_PER_ADD);
    write(log, [
      owner,
      { kind: "add", members: some.map((each) => memberOf(each, at === 0 ? ROLE.admin : ROLE.member)) },
    ]);
  }
  const cast = { owner, people, seeds };
  for (let round = 0; log.entries.length < length; round++)
    for (const said of happenings(cast, round)) write(log, ...said);
  const addition = (newcomer: Person, secret: EpochSecret): MadeEntry =>
    makeEntry(owner, { kind: "add", members: [memberOf(newcomer, ROLE.member)] }, linksOf(log, owner), secret);
  return { founder, group, entries: log.entries, addition };
}

function linksOf({ group, own, heads }: Writing, by: Person): Links {
  const last = own.get(by);
  return { group, seq: last ? last.seq + 1 : 0, prev: last?.hash, parents: heads };
}

/** What several people write at the same time. */
function write(log: Writing, ...said: readonly Saying[]): void {
  const made = said.map(([by, action]) => ({
    by,
    links: linksOf(log, by),
    ...makeEntry(by, action, linksOf(log, by)),
  }));
  for (const { by, links, hash, encoded } of made) {
    log.entries.push(encoded);
    log.own.set(by, { seq: links.seq, hash });
  }
  log.heads = made.map(({ hash }) => hash).sort(compareBytes);
}

type Saying = readonly [Person, Action];

interface Cast {
  readonly owner: Person;
  /** The first PEOPLE_PER_ADD of them are admins. */
  readonly people: readonly Person[];
  readonly seeds: readonly Uint8Array[];
}

/** What happens in one round: each inner list at the same time. */
function happenings({ owner, people, seeds }: Cast, round: number): readonly (readonly Saying[])[] {
  const [one = owner, other = owner] = people;
  const guest = people[PEOPLE_PER_ADD + (round % Math.max(1, people.length - PEOPLE_PER_ADD))];
  const more: (readonly Saying[])[] = [];
  if (guest && round % 7 === 0) {
    more.push([[owner, { kind: "remove", accounts: [guest.account] }]]);
    more.push([[one, { kind: "add", members: [memberOf(guest, ROLE.member)] }]]);
  }
  if (round % 11 === 0) {
    const at = (round / 11) % people.length; // nobody may unlink more than 64 devices
    const [changing, { device, certificate }] = [people[at] ?? other, person(seeds[at])];
    more.push([[one, { kind: "link", account: changing.account, device: { device, certificate } }]]);
    more.push([[changing, { kind: "unlink", device }]]);
  }
  if (guest && round % 13 === 0) {
    more.push([[owner, { kind: "role", account: guest.account, role: ROLE.admin }]]);
    more.push([[owner, { kind: "role", account: guest.account, role: ROLE.member }]]);
  }
  const usual: Saying = [[owner, one, other][round % 3] ?? owner, usualAction(round)];
  const atOnce: readonly Saying[] = [usual, [people[2] ?? owner, { kind: "rekey" }]];
  return [round % CONCURRENT_EVERY === 0 ? atOnce : [usual], ...more];
}

function usualAction(round: number): Action {
  if (round % 4 === 0) {
    const unchanged = { password: undefined, inviters: undefined, rekey: undefined, relays: undefined };
    return { kind: "settings", name: `room ${round}`, ...unchanged };
  }
  if (round % 4 !== 1) return { kind: "rekey" };
  const keys = { rendezvousSeed: random(32), proofKey: p.signingPublicKey(random(32)) };
  return { kind: "invite", ...keys, role: ROLE.member, uses: 2, expiresAt: 1_800_000_000_000 as TimeMs };
}

/** A link that somebody follows who is then added by the founder: what they ask for they take in whole. */
export function linkTo({ group, founder }: OldClub): InviteLink {
  const { certificate, identity } = founder.ours;
  const shared = { version: 1 as const, group, inviter: certificate.account, password: false, relays: [] };
  const expiresAt = (Date.now() + 86_400_000) as TimeMs;
  return { ...shared, sealingKey: identity.sealingKey, secret: random(32), topicSeed: random(32), expiresAt };
}

/** The welcome of a device: letters with the whole log. */
export function welcome(club: OldClub, to: Device): readonly Posted[] {
  const { founder, group, entries } = club;
  const bundle = openBundle(p, to.account.account, to.taken()[0]?.bundle ?? new Uint8Array());
  if (!bundle) throw new Error("no bundle");
  const { account, device, signature: certificate } = bundle.certificate;
  const secret = EpochSecret.from(random(32));
  const added = club.addition({ account, device, certificate, deviceSeed: new Uint8Array() }, secret);
  const whole = encode(EntrySequence, [...entries, added.encoded]);
  const digest = hashOf(p, "welcome-log", whole);
  const parts = Math.ceil(whole.length / LOG_PART_MAX_BYTES);
  const first = { kind: "welcome" as const, group, entry: added.hash, secret, digest, parts };
  const { certificate: by, identity } = founder.ours;
  const replyTo = { inbox: identity.inbox, sealingKey: identity.sealingKey, relays: [] };
  const moment = { now: Date.now() as TimeMs, random: random(START_RANDOM_BYTES) };
  let session = startSession(p, founder.ours, { bundle, oneTime: undefined }, moment);
  return Array.from({ length: parts }, (_, index) => {
    if (!session) throw new Error("the bundle is unusable");
    const piece = whole.slice(index * LOG_PART_MAX_BYTES, (index + 1) * LOG_PART_MAX_BYTES);
    const items = [first, { kind: "logPart" as const, digest, index, piece }];
    const payload = encodePairwisePayload({ version: 1, replyTo, items });
    const sealed = sealTo(p, session, { payload }, { sender: by.device, random: random(SEAL_RANDOM_BYTES) });
    session = sealed.session;
    return { topic: sealed.inbox, envelope: depositEnvelope(sealed.inbox, sealed.depositBody) };
  });
}
