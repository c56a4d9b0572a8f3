/**
 * Invites: making one, following one, and admitting those who follow.
 *
 * 1. A joiner proves that it knew the link's secret; the proof stands in the log and anyone can check it.
 * 2. Whoever made the invite answers first; other admins wait a moment, so that one add is enough.
 * 3. Requests that come close together are admitted by one entry.
 *
 * @see PROTOCOL.md § Invites
 */

import { pad, unpad } from "../crypto/padme.ts";
import { checkBundle } from "../crypto/prekey-bundle.ts";
import { concat, equalBytes } from "../verify/transcript.ts";
import { PrekeyBundle } from "../wire/bundle.ts";
import { decode, encode } from "../wire/codec.ts";
import { decodeEntry, decodeEntryCore, type Member, ROLE, type Role } from "../wire/entry.ts";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import { type DeviceKey, type EntryHash, type GroupId, Signature, type TimeMs } from "../wire/ids.ts";
import { decodeJoinRequest, encodeJoinRequest, type JoinRequest } from "../wire/join-request.ts";
import { MEMBERS_PER_ADD_MAX } from "../wire/limits.ts";
import type { InviteLink } from "../wire/link.ts";
import { toHex } from "../wire/text-forms.ts";
import { currentBundle } from "./account.ts";
import { announce, type Work } from "./effects.ts";
import { devicesIn } from "./epochs.ts";
import { addSystemLines } from "./group-lines.ts";
import { type Authored, author, authorCreate, canAdd } from "./group-log.ts";
import { type InviteView, isOpen, memberOfAccount, memberOfDevice, unlinkedName } from "./group-view.ts";
import { welcomeLetters } from "./group-welcome.ts";
import { inviteKeys, rendezvousKeys } from "./invite-topics.ts";
import { checkInviteProof, inviteProofBytes } from "./log-permission.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { enqueue } from "./outbox.ts";
import { type PeerPrekeys, tell, tellWith } from "./pairwise.ts";
import { ACCOUNT, GROUP, type GroupState, idOf, JOINING, type JoinRequestState, LOG, REQUEST } from "./records.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { signEnvelope } from "./topic-envelope.ts";

/** Ms for which requests are collected into one add entry: people who click at the same moment. */
const COLLECT_MS = 250;
/** Ms that admins other than the inviter wait, and a random part of as much again. */
const OTHERS_WAIT_MS = 3_000;

/** Ms after which requests are looked at again that could not be admitted for want of the group's newest key. */
const KEYLESS_WAIT_MS = 5_000;
/** Requests of one group that are kept: as many as an invite has uses at most. */
const REQUESTS_MAX = 10_000;

/** Makes a group of which we are the owner. */
export function* createGroup(work: Work, name: string): Step<GroupState> {
  const account = yield* readExisting(work, ACCOUNT);
  const devices = [{ device: account.device, certificate: account.certificate }];
  const founder: Member = { account: account.account, role: ROLE.owner, name: account.name, devices, proof: undefined };
  const authored = yield* authorCreate(work, { kind: "create", name, founder, nonce: work.random(32) });
  yield* addOwnLines(work, authored);
  erase(authored);
  return authored.group;
}

/** Our own entries make lines and events too. */
function* addOwnLines(work: Work, { log, hash, encoded }: Authored): Step<void> {
  const encodedCore = decodeEntry(encoded)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  if (core) yield* addSystemLines(work, { log, hash, core });
}

function erase({ secret, random }: Authored): void {
  secret?.fill(0);
  random?.fill(0);
}

/** Terms of an invite. */
export interface InviteTerms {
  readonly role: Role;
  readonly uses: number;
  readonly expiresAtMs: number;
}

/** Enters an invite into the log; the answer's secret is nowhere else than in the link. */
export function* createInvite(
  work: Work,
  group: GroupState,
  { role, uses, expiresAtMs }: InviteTerms,
): Step<InviteLink> {
  const account = yield* readExisting(work, ACCOUNT);
  const secret = work.random(32);
  const { rendezvousSeed, proofSeed } = inviteKeys(work.p, group.group, secret);
  const proofKey = work.p.signingPublicKey(proofSeed);
  const expiresAt = expiresAtMs as TimeMs;
  yield* author(work, group, { kind: "invite", rendezvousSeed, proofKey, role, uses, expiresAt });
  return {
    version: 1,
    group: group.group,
    inviter: account.account,
    secret,
    expiresAt,
    password: false,
    relays: group.relays,
  };
}

/** Posts our request to join where every admin finds it. Repeating it does no harm. */
export function* requestToJoin(work: Work, link: InviteLink): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const keys = inviteKeys(work.p, link.group, link.secret);
  const rendezvous = rendezvousKeys(work.p, keys.rendezvousSeed);
  const nonce = work.random(32);
  const signed = inviteProofBytes(link.group, account.account, account.device, nonce);
  const request: JoinRequest = {
    version: 1,
    group: link.group,
    bundle: encode(PrekeyBundle, yield* currentBundle(work)),
    nonce,
    proof: Signature.from(work.p.sign(keys.proofSeed, signed)),
  };
  keys.proofSeed.fill(0);
  const boxNonce = work.random(24);
  const sealed = work.p.seal(rendezvous.sealKey, boxNonce, rendezvous.topic, pad(encodeJoinRequest(request)));
  write(work, JOINING, toHex(link.group), {
    at: work.nowMs as TimeMs,
    inviter: link.inviter,
    relays: link.relays,
  });
  work.effects.push({ kind: "use-relays", relays: link.relays, toldBy: "us" });
  const envelope = signEnvelope(work.p, rendezvous, ENVELOPE_KIND.rendezvous, concat(boxNonce, sealed));
  yield* enqueue(work, rendezvous.topic, envelope);
}

/** A request at one of our invites' rendezvous: checked, and kept until it is admitted. */
export function* receiveJoinRequest(work: Work, group: GroupId, invite: EntryHash, body: Uint8Array): Step<void> {
  const log = yield* readExisting(work, LOG, toHex(group));
  const account = yield* readExisting(work, ACCOUNT);
  const meta = resolve(log).view.invites.get(toHex(invite));
  const opened = meta && openRequest(work, meta, body);
  const candidate = opened && candidateOf(work, log, meta, opened);
  if (!meta || !candidate || !mayAdmit(log, meta, account.device) || meta.expiresAt <= work.nowMs) return;
  const id = idOf(group, candidate.account);
  if (yield* read(work, REQUEST, id)) return;
  if ((yield* scan(work, REQUEST, `${toHex(group)}/`, REQUESTS_MAX)).length >= REQUESTS_MAX) return;
  const inviter = log.entries.find((each) => equalBytes(each.hash, invite))?.author;
  const isOurs = inviter !== undefined && equalBytes(inviter, account.device);
  const [dice = 0] = work.random(1);
  const dueAt = work.nowMs + (isOurs ? COLLECT_MS : OTHERS_WAIT_MS * (1 + dice / 256));
  write(work, REQUEST, id, { invite, request: encodeJoinRequest(opened), dueAt: Math.ceil(dueAt) as TimeMs });
  work.effects.push({ kind: "wake", atMs: Math.ceil(dueAt) });
}

function openRequest(work: Work, meta: InviteView, body: Uint8Array): JoinRequest | undefined {
  const { sealKey, topic } = rendezvousKeys(work.p, meta.rendezvousSeed);
  if (body.length < 24) return undefined;
  const padded = work.p.open(sealKey, body.subarray(0, 24), topic, body.subarray(24));
  const plaintext = padded && unpad(padded);
  return plaintext && decodeJoinRequest(plaintext);
}

/** Nobody grants a role at or above their own, by an invite of somebody else's neither. */
function mayAdmit(log: LogState, meta: InviteView, device: DeviceKey): boolean {
  const self = memberOfDevice(resolve(log).view, device);
  return self !== undefined && self.role >= ROLE.admin && meta.role < self.role;
}

/** The member that a request would make, or `undefined` when it proves nothing or the account is in already. */
function candidateOf(work: Work, log: LogState, meta: InviteView, request: JoinRequest): Member | undefined {
  const bundle = decode(PrekeyBundle, request.bundle);
  if (!bundle || !equalBytes(request.group, log.group) || checkBundle(work.p, bundle) !== "valid") return undefined;
  const { account, device, signature: certificate } = bundle.certificate;
  const proof = { invite: meta.entry, nonce: request.nonce, signature: request.proof };
  const role = meta.role as Role;
  const member: Member = { account, role, name: bundle.name, devices: [{ device, certificate }], proof };
  const { view } = resolve(log);
  const isIn = memberOfAccount(view, account) !== undefined || memberOfDevice(view, device) !== undefined;
  if (isIn || view.unlinked.has(unlinkedName(account, device)) || !isOpen(view, meta)) return undefined;
  const { proofKey } = meta;
  const proved = { group: log.group, member, proofKey, nonce: request.nonce, signature: request.proof };
  return checkInviteProof(work.p, proved) ? member : undefined;
}

/** Admits everyone whose request to this group is due, in one entry. Requests that others answered are forgotten. */
export function* admitDue(work: Work, groupId: GroupId): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const log = yield* readExisting(work, LOG, toHex(groupId));
  const members: Member[] = [];
  const bundles: PrekeyBundle[] = [];
  const uses = new Map<string, number>();
  const due = (yield* scan(work, REQUEST, `${toHex(groupId)}/`, REQUESTS_MAX)).filter(
    ([, { dueAt }]) => dueAt <= work.nowMs + COLLECT_MS,
  );
  if (due.length > 0 && !(yield* canAdd(work, log))) return postpone(work, due);
  if (due.length > MEMBERS_PER_ADD_MAX) work.effects.push({ kind: "wake", atMs: work.nowMs });
  for (const [id, { invite, request }] of due.slice(0, MEMBERS_PER_ADD_MAX)) {
    write(work, REQUEST, id, null);
    const decoded = decodeJoinRequest(request);
    const bundle = decoded && decode(PrekeyBundle, decoded.bundle);
    const meta = resolve(log).view.invites.get(toHex(invite));
    const candidate = meta && decoded && candidateOf(work, log, meta, decoded);
    const isTaken = candidate !== undefined && members.some((each) => sharesDevice(each, candidate));
    const used = (uses.get(toHex(invite)) ?? 0) + (meta?.used ?? 0);
    if (!bundle || !meta || !candidate || isTaken || used >= meta.uses) continue;
    uses.set(toHex(invite), (uses.get(toHex(invite)) ?? 0) + 1);
    members.push(candidate);
    bundles.push(bundle);
  }
  if (members.length === 0) return;
  yield* addMembers(
    work,
    group,
    members,
    bundles.map((bundle) => ({ bundle, oneTime: undefined })),
  );
}

/** While we wait for the group's newest key nobody can be admitted; nothing is lost by asking again. */
function postpone(work: Work, due: readonly (readonly [string, JoinRequestState])[]): void {
  const dueAt = (work.nowMs + KEYLESS_WAIT_MS) as TimeMs;
  for (const [id, request] of due) write(work, REQUEST, id, { ...request, dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
}

/** One device under two accounts: an add that lists it twice would be void. */
function sharesDevice(one: Member, other: Member): boolean {
  return one.devices.some(({ device }) => other.devices.some((each) => equalBytes(each.device, device)));
}

/** Adds accounts whose prekeys we hold, and welcomes each of their devices. */
export function* addMembers(
  work: Work,
  group: GroupState,
  members: readonly Member[],
  prekeys: readonly PeerPrekeys[],
): Step<GroupState> {
  const authored = yield* author(work, group, { kind: "add", members });
  yield* addOwnLines(work, authored);
  const letters = yield* welcomeLetters(work, authored);
  for (const each of prekeys) for (const items of letters) yield* tellWith(work, each, items);
  erase(authored);
  return authored.group;
}

/** The member record of an account found in the directory; all its published devices come in. */
export function memberFrom(prekeys: readonly PeerPrekeys[], role: Role): Member {
  const [first] = prekeys;
  if (!first) throw new Fault("internal/invariant", "an account without devices");
  return {
    account: first.bundle.certificate.account,
    role,
    name: first.bundle.name,
    devices: prekeys.map(({ bundle }) => ({
      device: bundle.certificate.device,
      certificate: bundle.certificate.signature,
    })),
    proof: undefined,
  };
}

/** Re-keys the group: a fresh secret for everybody, delivered to each device in its session. */
export function* rekeyGroup(work: Work, group: GroupState): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const authored = yield* author(work, { ...group, rekeyAt: undefined }, { kind: "rekey" });
  if (!authored.random) return;
  const item = {
    kind: "secret" as const,
    group: group.group,
    entry: authored.hash,
    secret: authored.random,
    signed: authored.encoded,
  };
  for (const to of devicesIn(authored.log, [authored.hash])) {
    if (!equalBytes(to.device, account.device)) yield* tell(work, to, [item]);
  }
  announce(work, { kind: "member", group: group.group, change: "rekeyed", by: account.account });
  erase(authored);
}
