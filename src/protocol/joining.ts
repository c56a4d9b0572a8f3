/**
 * Making a group and invites to it, and admitting those who follow one.
 *
 * 1. Whoever made the invite answers first; other admins wait a moment, so that one add is enough.
 * 2. Requests that come close together are admitted by one entry.
 *
 * @see PROTOCOL.md § Invites
 */

import { equalBytes } from "../verify/transcript.ts";
import type { PrekeyBundle } from "../wire/bundle.ts";
import { type Member, ROLE, type Role } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import type { EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { encodeJoinRequest } from "../wire/join-request.ts";
import { MEMBERS_PER_ADD_MAX } from "../wire/limits.ts";
import type { InviteLink } from "../wire/link.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { addOwnLines, eraseSecrets, withNewestKey } from "./group-change.ts";
import type { InviteView } from "./group-invites.ts";
import { author, authorCreate, canDerive } from "./group-log.ts";
import { welcomeLetters } from "./group-welcome.ts";
import { passwordKeyOf, proofSeedOf, rendezvousOfLink } from "./invite-topics.ts";
import { forgetTries, isPaused, refuse } from "./join-refusals.ts";
import { judgeRequest, mayAdmit, type OpenedRequest, openRequest, readRequest } from "./join-request.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { type PeerPrekeys, tellWith } from "./pairwise.ts";
import { ACCOUNT } from "./records/account.ts";
import { GROUP, type GroupState } from "./records/group.ts";
import { type JoinRequestState, REQUEST } from "./records/joining.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms for which requests are collected into one add entry: people who click at the same moment. */
const COLLECT_MS = 250;
/** Ms that admins other than the inviter wait, and a random part of as much again. */
const OTHERS_WAIT_MS = 3_000;

/** Ms after which requests are looked at again that could not be admitted for want of the group's newest key. */
const KEYLESS_WAIT_MS = 5_000;
/** Ms after which they are looked at again where the entry that lets them in is refused. */
const REFUSED_WAIT_MS = 3_600_000;
/** Requests of one group that are kept: as many as an invite has uses at most. */
const REQUESTS_MAX = 10_000;

/** Makes a group of which we are the owner. */
export function* createGroup(work: Work, name: string): Step<GroupState> {
  const account = yield* readExisting(work, ACCOUNT);
  const devices = [{ device: account.device, certificate: account.certificate }];
  const founder: Member = { account: account.account, role: ROLE.owner, name: account.name, devices, proof: undefined };
  const authored = yield* authorCreate(work, { kind: "create", name, founder, nonce: work.random(32) });
  yield* addOwnLines(work, authored);
  eraseSecrets(authored);
  return authored.group;
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
  const { settings } = resolve(yield* existingLog(work, toHex(group.group))).view;
  const passwordKey = passwordKeyOf(settings);
  const [secret, rendezvousSeed] = [work.random(32), work.random(32)];
  const proofSeed = proofSeedOf(work.p, { group: group.group, secret }, passwordKey);
  const proofKey = work.p.signingPublicKey(proofSeed);
  proofSeed.fill(0);
  const expiresAt = expiresAtMs as TimeMs;
  yield* author(work, group, { kind: "invite", rendezvousSeed, proofKey, role, uses, expiresAt });
  return {
    version: 1,
    group: group.group,
    inviter: account.account,
    secret,
    ...rendezvousOfLink(work.p, rendezvousSeed),
    expiresAt,
    password: passwordKey !== undefined,
    relays: group.relays,
  };
}

/** A request at one of our invites' rendezvous: refused at once, or kept until it is admitted. */
export function* receiveJoinRequest(work: Work, group: GroupId, invite: EntryHash, body: Uint8Array): Step<void> {
  const log = yield* existingLog(work, toHex(group));
  const account = yield* readExisting(work, ACCOUNT);
  const meta = resolve(log).view.invites.get(toHex(invite));
  if (!meta || !mayAdmit(log, meta, account.device)) return;
  const opened = openRequest(work, log, meta, body);
  if (!opened || !(yield* isToAdmit(work, { log, meta, opened }))) return;
  const id = idOf(group, opened.bundle.certificate.account);
  if (yield* read(work, REQUEST, id)) return;
  if ((yield* scan(work, REQUEST, `${toHex(group)}/`, REQUESTS_MAX)).length >= REQUESTS_MAX) return;
  const [dice = 0] = work.random(1);
  const isOurs = equalBytes(meta.account, account.account);
  const dueAt = work.nowMs + (isOurs ? COLLECT_MS : OTHERS_WAIT_MS * (1 + dice / 256));
  write(work, REQUEST, id, { invite, request: encodeJoinRequest(opened.request), dueAt: Math.ceil(dueAt) as TimeMs });
  work.effects.push({ kind: "wake", atMs: Math.ceil(dueAt) });
}

interface Candidacy {
  readonly log: LogState;
  readonly meta: InviteView;
  readonly opened: OpenedRequest;
}

/** The member that a request makes; whoever is not let in is told why. */
function* isToAdmit(work: Work, { log, meta, opened }: Candidacy): Step<Member | undefined> {
  const asked = { group: log.group, invite: meta.entry, opened };
  const judged = judgeRequest(work, log, meta, opened);
  if (judged.kind === "ignore") return undefined;
  const isWaiting = yield* isPaused(work, asked);
  if (judged.kind === "refuse" || isWaiting)
    yield* refuse(work, asked, judged.kind === "admit" || isWaiting ? "paused" : judged.reason);
  return judged.kind === "admit" && !isWaiting ? judged.member : undefined;
}

/** Admits everyone whose request to this group is due, in one entry. Requests that others answered are forgotten. */
export function* admitDue(work: Work, groupId: GroupId): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const log = yield* existingLog(work, toHex(groupId));
  const members: Member[] = [];
  const bundles: PrekeyBundle[] = [];
  const uses = new Map<string, number>();
  const due = (yield* scan(work, REQUEST, `${toHex(groupId)}/`, REQUESTS_MAX)).filter(
    ([, { dueAt }]) => dueAt <= work.nowMs + COLLECT_MS,
  );
  if (due.length > 0 && !(yield* canDerive(work, log))) return postpone(work, group, due);
  if (due.length > MEMBERS_PER_ADD_MAX) work.effects.push({ kind: "wake", atMs: work.nowMs });
  for (const [id, { invite, request }] of due.slice(0, MEMBERS_PER_ADD_MAX)) {
    write(work, REQUEST, id, null);
    const opened = readRequest(work, log, request);
    const known = resolve(log).view.invites.get(toHex(invite));
    const used = uses.get(toHex(invite)) ?? 0;
    const meta = known && { ...known, used: known.used + used };
    const member = meta && opened && (yield* isToAdmit(work, { log, meta, opened }));
    if (!opened || !member || members.some((each) => sharesDevice(each, member))) continue;
    uses.set(toHex(invite), used + 1);
    members.push(member);
    bundles.push(opened.bundle);
    forgetTries(work, groupId, opened);
  }
  if (members.length === 0) return;
  yield* addMembers(
    work,
    group,
    members,
    bundles.map((bundle) => ({ bundle, oneTime: undefined })),
  );
}

/** Nobody can be let in now, since the log has no room or we may not: what is due is looked at again in an hour. */
export function* putOffAdmissions(work: Work, group: GroupId): Step<void> {
  const dueAt = (work.nowMs + REFUSED_WAIT_MS) as TimeMs;
  for (const [id, request] of yield* scan(work, REQUEST, `${toHex(group)}/`, REQUESTS_MAX))
    if (request.dueAt <= work.nowMs + COLLECT_MS) write(work, REQUEST, id, { ...request, dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
}

/** While we wait for the group's newest key nobody can be admitted; nothing is lost by asking again. */
function postpone(work: Work, { rekeyAt }: GroupState, due: readonly (readonly [string, JoinRequestState])[]): void {
  const laterMs = work.nowMs + KEYLESS_WAIT_MS;
  // with our own re-key at the latest: else a member who re-keys again and again keeps everybody out
  const dueAt = (rekeyAt === undefined || rekeyAt <= work.nowMs ? laterMs : Math.min(laterMs, rekeyAt)) as TimeMs;
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
  const authored = yield* author(work, yield* withNewestKey(work, group), { kind: "add", members });
  yield* addOwnLines(work, authored);
  const letters = yield* welcomeLetters(work, authored);
  for (const each of prekeys) for (const items of letters) yield* tellWith(work, each, items);
  eraseSecrets(authored);
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
