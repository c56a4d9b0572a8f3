/**
 * Telling joiners why they are not let in, and keeping those from guessing who do not know the room password.
 *
 * 1. An account has TRIES_MAX refused tries, then a pause of PAUSE_MS; each device that may admit people counts by itself.
 * 2. Accounts cost nothing, so an invite has as many as INVITE_TRIES_MAX in that time, over all of them: then nobody comes in
 *    by it for a while, and of guesses the admins are warned.
 * 3. One and the same request counts once, whoever posts it again. Of those that come during an invite's pause as many again
 *    are told of it, since honest people are among them; what is over that is not answered.
 * 4. A refusal names the nonce of the request, which members alone can read: nobody else can refuse us.
 *
 * @see PROTOCOL.md § Invites
 */
import { equalBytes } from "../verify/transcript.ts";
import type { EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { JOIN_REFUSAL, type JoinRefusal } from "../wire/join-request.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import type { OpenedRequest } from "./join-request.ts";
import { tellWith } from "./pairwise.ts";
import { ACCOUNT } from "./records/account.ts";
import { EPOCH } from "./records/epoch.ts";
import { GROUP } from "./records/group.ts";
import { ASKED, ATTEMPT, type AttemptState, JOINING, TRIES_KEPT_MAX } from "./records/joining.ts";
import { idOf } from "./records/record.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Refused tries of one account before the pause. */
export const TRIES_MAX = 5;
/** Refused tries at one invite in that time, over all accounts. */
export const INVITE_TRIES_MAX = TRIES_KEPT_MAX;
/** Ms of the pause: from the last try that counted. */
export const PAUSE_MS = 3_600_000;

/** Where a request was made, and by whom. */
interface Try {
  readonly group: GroupId;
  readonly invite: EntryHash;
  readonly opened: OpenedRequest;
}

/** Whether this account, or everybody at this invite, has to wait before another request is looked at. */
export function* isPaused(work: Work, { group, invite, opened }: Try): Step<boolean> {
  const own = yield* attempts(work, idOf(group, opened.bundle.certificate.account));
  const all = yield* attempts(work, idOf(group, invite));
  return own.nonces.length >= TRIES_MAX || all.nonces.length >= INVITE_TRIES_MAX;
}

/** The tries that count now. */
function* attempts(work: Work, id: string): Step<AttemptState> {
  const before = yield* read(work, ATTEMPT, id);
  return before && work.nowMs - before.at < PAUSE_MS ? before : { nonces: [], at: work.nowMs as TimeMs };
}

/** Counts a try that is refused, and tells the joiner. One that was counted before, or is over the limit, changes nothing. */
export function* refuse(work: Work, asked: Try, reason: JoinRefusal): Step<void> {
  const { group, invite, opened } = asked;
  const { nonce } = opened.request;
  const { account } = opened.bundle.certificate;
  const own = yield* attempts(work, idOf(group, account));
  const all = yield* attempts(work, idOf(group, invite));
  const isFull = all.nonces.length >= INVITE_TRIES_MAX;
  const isKnown = [...own.nonces, ...all.nonces].some((each) => equalBytes(each, nonce));
  if (isKnown || own.nonces.length > TRIES_MAX || (isFull && !(yield* hasRoomToTell(work, asked)))) return;
  const tries = [...own.nonces, nonce];
  const at = own.nonces.length < TRIES_MAX ? (work.nowMs as TimeMs) : own.at;
  write(work, ATTEMPT, idOf(group, account), { nonces: tries, at });
  if (!isFull) countAtInvite(work, asked, all, reason);
  if (reason === "removed") yield* warnOfRemoved(work, asked);
  const triesLeft = Math.max(0, TRIES_MAX - tries.length);
  const item = { kind: "joinRefused" as const, group, nonce, reason: JOIN_REFUSAL[reason], triesLeft };
  yield* tellWith(work, { bundle: opened.bundle, oneTime: undefined }, [item]);
}

/** Counts a request that comes during the invite's pause; whether it is answered. */
function* hasRoomToTell(work: Work, { group, invite, opened }: Try): Step<boolean> {
  const id = `${idOf(group, invite)}/told`;
  const { nonces, at } = yield* attempts(work, id);
  if (nonces.length >= INVITE_TRIES_MAX) return false;
  write(work, ATTEMPT, id, { nonces: [...nonces, opened.request.nonce], at });
  return true;
}

function countAtInvite(work: Work, { group, invite, opened }: Try, all: AttemptState, reason: JoinRefusal): void {
  const nonces = [...all.nonces, opened.request.nonce];
  write(work, ATTEMPT, idOf(group, invite), { nonces, at: work.nowMs as TimeMs });
  if (nonces.length === INVITE_TRIES_MAX && reason === "wrongPassword")
    announce(work, { kind: "warning", code: "password-guessed", group });
}

/** Everybody who could let them in is told, in a line that stays. */
function* warnOfRemoved(work: Work, { group, opened }: Try): Step<void> {
  const { account } = opened.bundle.certificate;
  announce(work, { kind: "warning", code: "removed-asks", group, account });
  const own = yield* readExisting(work, ACCOUNT);
  const sending = (yield* read(work, GROUP, toHex(group)))?.sending;
  const { name } = opened.bundle;
  work.lines.push({
    group: toHex(group),
    id: toHex(opened.request.nonce),
    depth: sending ? ((yield* read(work, EPOCH, toHex(sending)))?.depth ?? 0) : 0,
    sentAtMs: work.nowMs,
    account: toHex(account),
    device: toHex(own.device),
    name,
    kind: "system",
    text: `WARNING: ${name}, who was removed, asks to join again: only an admin lets them in, by adding their contact link`,
    state: "received",
  });
}

/** Erases what counts no more. */
export function* forgetOldTries(work: Work): Step<void> {
  for (const [id, { at }] of yield* scan(work, ATTEMPT))
    if (work.nowMs - at >= PAUSE_MS) write(work, ATTEMPT, id, null);
}

/** We have finished with the tries of an account that is in now. */
export function forgetTries(work: Work, group: GroupId, { bundle }: OpenedRequest): void {
  write(work, ATTEMPT, idOf(group, bundle.certificate.account), null);
}

/** An admin will not let us in: which one does not matter, since only members know the nonce. */
export function* receiveRefusal(work: Work, item: Extract<PayloadItem, { kind: "joinRefused" }>): Step<void> {
  const id = toHex(item.group);
  const asked = yield* read(work, ASKED, id);
  if (!asked || !(yield* read(work, JOINING, id)) || !equalBytes(asked.nonce, item.nonce)) return;
  const before = asked.refusal;
  if (before && before.reason === item.reason && before.triesLeft <= item.triesLeft) return; // another admin said it
  write(work, ASKED, id, { ...asked, refusal: { reason: item.reason, triesLeft: item.triesLeft } });
  announce(work, {
    kind: "join-refused",
    group: item.group,
    reason: refusalOf(item.reason),
    triesLeft: item.triesLeft,
  });
}

/** The name of a refusal's number. */
export function refusalOf(reason: number): JoinRefusal {
  const names = Object.keys(JOIN_REFUSAL) as JoinRefusal[];
  return names.find((name) => JOIN_REFUSAL[name] === reason) ?? "revoked";
}
