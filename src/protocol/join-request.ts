/**
 * Asking to be let in by a link, and judging those who ask.
 *
 * 1. A joiner proves that it knew the link's secret, and the room password; the proof stands in the log and anyone can
 *    check it.
 * 2. What is asked can be read by the group's members alone, so nobody else has anything to check a guess against.
 * 3. Judging changes nothing: see joining.ts and join-refusals.ts.
 *
 * @see PROTOCOL.md § Invites
 */
import { checkBundle } from "../crypto/prekey-bundle.ts";
import { openBox, sealBox } from "../crypto/sealed-box.ts";
import { equalBytes, lpAll } from "../verify/transcript.ts";
import { PrekeyBundle } from "../wire/bundle.ts";
import { decode, encode } from "../wire/encoding.ts";
import { type Member, ROLE, type Role } from "../wire/entry.ts";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { type AccountKey, type DeviceKey, type GroupId, Signature, type TimeMs, Topic } from "../wire/ids.ts";
import { decodeJoinRequest, encodeJoinRequest, type JoinRefusal, type JoinRequest } from "../wire/join-request.ts";
import type { InviteLink } from "../wire/link.ts";
import { toHex } from "../wire/text-forms.ts";
import { currentBundle } from "./account.ts";
import type { Work } from "./effects.ts";
import type { InviteView } from "./group-invites.ts";
import { memberOfAccount, memberOfDevice, unlinkedName } from "./group-view.ts";
import { proofSeedOf, rendezvousKeys } from "./invite-topics.ts";
import { checkInviteProof, inviteProofBytes } from "./log-permission.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { enqueue } from "./outbox.ts";
import { ACCOUNT } from "./records/account.ts";
import { ASKED, JOINING } from "./records/joining.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { signEnvelope } from "./topic-envelope.ts";

/** Posts our request to join where every admin finds it. Repeating it does no harm. `passwordKey`: of the room's password, if the link asks for one. */
export function* requestToJoin(work: Work, link: InviteLink, passwordKey?: Uint8Array): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const nonce = work.random(32);
  const proofSeed = proofSeedOf(work.p, link, passwordKey);
  const signed = inviteProofBytes(link.group, account.account, account.device, nonce);
  const proof = Signature.from(work.p.sign(proofSeed, signed));
  proofSeed.fill(0);
  const asking = { group: link.group, account: account.account, device: account.device, nonce, proof };
  const request: JoinRequest = {
    version: 1,
    group: link.group,
    bundle: encode(PrekeyBundle, yield* currentBundle(work)),
    nonce,
    proof,
    signature: Signature.from(work.p.sign(account.deviceSeed, askingBytes(asking))),
  };
  const at = work.nowMs as TimeMs;
  write(work, JOINING, toHex(link.group), { at, inviter: link.inviter, relays: link.relays });
  write(work, ASKED, toHex(link.group), { nonce, refusal: undefined });
  work.effects.push({ kind: "use-relays", relays: link.relays, toldBy: "us" });
  const topic = Topic.from(work.p.signingPublicKey(link.topicSeed));
  const to = { inbox: topic, sealingKey: link.sealingKey };
  const body = sealBox(work.p, to, encodeJoinRequest(request), work.random(32));
  const rendezvous = { topic, topicSeed: link.topicSeed };
  yield* enqueue(work, topic, signEnvelope(work.p, rendezvous, ENVELOPE_KIND.rendezvous, body));
}

/** We wait for that group no more. */
export function* cancelJoin(work: Work, group: GroupId): Step<void> {
  const asked = yield* read(work, JOINING, toHex(group));
  if (!asked) return;
  write(work, JOINING, toHex(group), null);
  write(work, ASKED, toHex(group), null);
}

interface Asking {
  readonly group: GroupId;
  readonly account: AccountKey;
  readonly device: DeviceKey;
  readonly nonce: Uint8Array;
  readonly proof: Uint8Array;
}

/** What the joiner's device signs. */
function askingBytes({ group, account, device, nonce, proof }: Asking): Uint8Array {
  return lpAll("join-request", group, account, device, nonce, proof);
}

/** A request that its device signed, and whose it is. */
export interface OpenedRequest {
  readonly request: JoinRequest;
  readonly bundle: PrekeyBundle;
}

/** The request in the body of an envelope at an invite's rendezvous, if it is genuine and meant for this group. */
export function openRequest(work: Work, log: LogState, meta: InviteView, body: Uint8Array): OpenedRequest | undefined {
  const { sealingSecret, topic } = rendezvousKeys(work.p, meta.rendezvousSeed);
  const plaintext = openBox(work.p, topic, sealingSecret, body);
  const request = plaintext && decodeJoinRequest(plaintext);
  return request && genuine(work, log, request);
}

/** The same of a request that was kept. */
export function readRequest(work: Work, log: LogState, encoded: Uint8Array): OpenedRequest | undefined {
  const request = decodeJoinRequest(encoded);
  return request && genuine(work, log, request);
}

function genuine(work: Work, { group }: LogState, request: JoinRequest): OpenedRequest | undefined {
  const bundle = decode(PrekeyBundle, request.bundle);
  if (!bundle || !equalBytes(request.group, group) || checkBundle(work.p, bundle) !== "valid") return undefined;
  const { account, device } = bundle.certificate;
  const { nonce, proof, signature } = request;
  const isSigned = work.p.verify(device, askingBytes({ group, account, device, nonce, proof }), signature);
  return isSigned ? { request, bundle } : undefined;
}

/** Nobody grants a role at or above their own, by an invite of somebody else's neither. */
export function mayAdmit(log: LogState, meta: InviteView, device: DeviceKey): boolean {
  const self = memberOfDevice(resolve(log).view, device);
  return self !== undefined && self.role >= ROLE.admin && meta.role < self.role;
}

/** What is to be done about a request. */
export type Judgement =
  | { readonly kind: "admit"; readonly member: Member }
  | { readonly kind: "refuse"; readonly reason: JoinRefusal }
  /** Nothing: the account is in already, or the device can never be. */
  | { readonly kind: "ignore" };

/** Judges a request to this invite by the log as it is now. */
export function judgeRequest(work: Work, log: LogState, meta: InviteView, opened: OpenedRequest): Judgement {
  const { view } = resolve(log);
  const { account, device, signature: certificate } = opened.bundle.certificate;
  const isIn = memberOfAccount(view, account) !== undefined || memberOfDevice(view, device) !== undefined;
  if (isIn || view.unlinked.has(unlinkedName(account, device))) return { kind: "ignore" };
  const proof = { invite: meta.entry, nonce: opened.request.nonce, signature: opened.request.proof };
  const role = meta.role as Role;
  const member: Member = { account, role, name: opened.bundle.name, devices: [{ device, certificate }], proof };
  const { proofKey } = meta;
  const proved = { group: log.group, member, proofKey, nonce: proof.nonce, signature: proof.signature };
  if (!checkInviteProof(work.p, proved))
    return view.settings.password.kind === "none" ? { kind: "ignore" } : { kind: "refuse", reason: "wrongPassword" };
  if (meta.expiresAt <= work.nowMs) return { kind: "refuse", reason: "expired" };
  if (meta.isRevoked || !view.members.has(toHex(meta.account))) return { kind: "refuse", reason: "revoked" };
  if (meta.used >= meta.uses) return { kind: "refuse", reason: "usedUp" };
  if (view.removed.has(toHex(account))) return { kind: "refuse", reason: "removed" };
  return { kind: "admit", member };
}
