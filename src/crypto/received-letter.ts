/**
 * Letters as they arrive: {@link openDeposit}, then {@link neededFor} says which session and which secret prekeys to load,
 * then {@link openFrom}. Keep the new session and erase the used one-time prekey in one commit.
 *
 * 1. Nothing is mutated; a message that does not open leaves no trace.
 * 2. A payload opens once: a replayed initial message is a duplicate, or lacks its one-time prekey.
 * 3. What opens is from the device that `peer` names, whose account vouches for it.
 *
 * @see PROTOCOL.md § Pairwise sessions
 */
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceIdentity } from "../wire/bundle.ts";
import { decode } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";
import type { DeviceKey, PrekeyId, TimeMs, Topic } from "../wire/ids.ts";
import {
  decodePairwiseEnvelope,
  type InitialFields,
  InnerText,
  type PairwiseEnvelope,
  type PairwiseForm,
  type RatchetMessage,
  senderOf,
} from "../wire/pairwise.ts";
import { checkDeviceIdentity } from "./device-certificate.ts";
import { RATCHET_DECRYPT_RANDOM_BYTES, ratchetDecrypt, startAsResponder } from "./double-ratchet.ts";
import { emptySession, type Moment } from "./pairwise-session.ts";
import {
  ACCEPTED_INITIALS_MAX,
  addRatchet,
  hasAccepted,
  type PairwiseSession,
  type SessionRatchet,
  withRatchet,
} from "./pairwise-session-state.ts";
import { type Agreement, type OurIdentity, type ResponderPrekeys, respond, sessionIdOf } from "./pqxdh.ts";
import type { SecretLastResortPrekey, SecretOneTimePrekey, SecretSignedPrekey } from "./prekey-bundle.ts";
import type { Primitives } from "./primitives.ts";
import { openBox } from "./sealed-box.ts";

/** Random bytes that {@link openFrom} uses. */
export const OPEN_RANDOM_BYTES = RATCHET_DECRYPT_RANDOM_BYTES;

type InitialForm = Extract<PairwiseForm, { kind: "initial" }>;

interface Received {
  readonly message: RatchetMessage;
  readonly random: Uint8Array;
}

/** The envelope in a deposit to our inbox; `undefined` when it is no box for us or holds no envelope. */
export function openDeposit(
  p: Primitives,
  inbox: Topic,
  sealingSecret: Uint8Array,
  body: Uint8Array,
): PairwiseEnvelope | undefined {
  const opened = openBox(p, inbox, sealingSecret, body);
  return opened === undefined ? undefined : decodePairwiseEnvelope(opened);
}

/** What to load before {@link openFrom}. */
export interface Needed {
  /** Key of the session record; only a claim so far. */
  readonly sender: DeviceKey;
  /** Ids of the secret prekeys, for an initial message. */
  readonly signedPrekey?: PrekeyId;
  readonly lastResort?: PrekeyId;
  readonly oneTime?: PrekeyId;
}

/** Which records {@link openFrom} wants for this envelope. */
export function neededFor(envelope: PairwiseEnvelope): Needed {
  const sender = senderOf(envelope);
  if (envelope.form.kind === "ratchet") return { sender };
  const { signedPrekey, lastResort, oneTime } = envelope.form.fields;
  return oneTime === undefined ? { sender, signedPrekey, lastResort } : { sender, signedPrekey, oneTime };
}

/** Those of the {@link Needed} records that exist. */
export interface Held {
  readonly ours: OurIdentity;
  readonly session?: PairwiseSession | undefined;
  readonly signedPrekey?: SecretSignedPrekey | undefined;
  readonly lastResort?: SecretLastResortPrekey | undefined;
  readonly oneTime?: SecretOneTimePrekey | undefined;
}

/** A letter that opened. */
export interface OpenedLetter {
  readonly kind: "opened";
  readonly payload: Uint8Array;
  /** Who wrote it, proved. */
  readonly peer: DeviceIdentity;
  /** To be committed together with what the payload causes. */
  readonly session: PairwiseSession;
  /** To be erased in the same commit. */
  readonly usedOneTimePrekey: PrekeyId | undefined;
}

/** Why a letter did not open; nothing is to be kept. */
export interface UnopenedLetter {
  readonly kind:
    | "duplicate"
    | "forged"
    | "too-far-ahead"
    | "malformed"
    /** A ratchet message from a device with which there is no session. */
    | "unknown-session"
    /** An initial message whose prekeys we do not have (any more): an old replay, or we were slower than their rotation. */
    | "missing-prekey";
}

/** Opens `envelope` with what {@link neededFor} asked for. `random`: OPEN_RANDOM_BYTES. */
export function openFrom(
  p: Primitives,
  held: Held,
  envelope: PairwiseEnvelope,
  { now, random }: Moment,
): OpenedLetter | UnopenedLetter {
  const { session } = held;
  const { form } = envelope;
  if (session !== undefined && !equalBytes(session.peer.certificate.device, senderOf(envelope)))
    throw new Fault("internal/invariant", "a letter was to be opened with another device's session");
  if (form.kind === "ratchet") {
    if (session === undefined) return { kind: "unknown-session" };
    return openWithAny(p, session, form.message, random);
  }
  const id = sessionIdOf(p, form, form.fields);
  const known = session?.ratchets.find((each) => equalBytes(each.id, id));
  if (session !== undefined && known !== undefined)
    return openWith(p, session, known, { message: form.message, random });
  if (session !== undefined && hasAccepted(session, id)) return { kind: "duplicate" };
  return accept(p, held, form, { now, random });
}

/** A message names no ratchet; its header opens under one at most. */
function openWithAny(
  p: Primitives,
  session: PairwiseSession,
  message: RatchetMessage,
  random: Uint8Array,
): OpenedLetter | UnopenedLetter {
  for (const ratchet of session.ratchets) {
    const outcome = openWith(p, session, ratchet, { message, random });
    if (outcome.kind !== "forged") return outcome;
  }
  return { kind: "forged" };
}

/** What a ratchet that the session holds makes of a message. */
function openWith(p: Primitives, session: PairwiseSession, ratchet: SessionRatchet, received: Received) {
  const outcome = openRatchet(p, ratchet, received);
  if (outcome.kind !== "opened") return outcome;
  const { payload, ratchet: after } = outcome;
  return letter(payload, withRatchet(session, after), undefined);
}

/** An initial message that is new to us: the ratchet joins the session once the message has opened. */
function accept(
  p: Primitives,
  held: Held,
  { certificate, identity, fields, message }: InitialForm,
  { now, random }: Moment,
): OpenedLetter | UnopenedLetter {
  const peer = { certificate, identity };
  const session = held.session ?? emptySession(peer);
  const sameAccount = equalBytes(session.peer.certificate.account, certificate.account);
  if (!sameAccount || checkDeviceIdentity(p, peer) === "forged") return { kind: "forged" };
  const prekeys = prekeysFor(held, fields);
  if (prekeys === undefined) return { kind: "missing-prekey" };
  const agreement = respond(p, held.ours, prekeys, { identity: peer, fields });
  if (agreement === undefined) return { kind: "forged" };
  const since = Math.max(now, session.startedAt) as TimeMs;
  const outcome = openRatchet(p, joinedRatchet(p, agreement, prekeys, since), { message, random });
  if (outcome.kind !== "opened") return outcome;
  return letter(outcome.payload, withTheirStart(session, peer, outcome.ratchet), fields.oneTime);
}

function joinedRatchet(p: Primitives, agreement: Agreement, prekeys: ResponderPrekeys, since: TimeMs): SessionRatchet {
  const { id, associated, secret } = agreement;
  const state = startAsResponder(p, secret, prekeys.signedPrekey.secret);
  return { id, associated, since, theirSince: undefined, pending: undefined, state };
}

/** `session` with a ratchet that the peer started; the newest start tells where the peer is reached now. */
function withTheirStart(session: PairwiseSession, peer: DeviceIdentity, ratchet: SessionRatchet): PairwiseSession {
  const start = ratchet.theirSince ?? (0 as TimeMs);
  const newest = start >= session.theirStartedAt ? { peer, theirStartedAt: start } : {};
  const accepted = [ratchet.id, ...session.accepted].slice(0, ACCEPTED_INITIALS_MAX);
  return addRatchet({ ...session, ...newest, accepted }, ratchet);
}

function openRatchet(p: Primitives, ratchet: SessionRatchet, { message, random }: Received) {
  const outcome = ratchetDecrypt(p, ratchet.state, { message, associated: ratchet.associated }, random);
  if (outcome.kind !== "opened") return outcome;
  const inner = decode(InnerText, outcome.plaintext);
  if (inner === undefined) return { kind: "malformed" } as const;
  const after = { ...ratchet, state: outcome.state, theirSince: inner.since, pending: undefined };
  return { kind: "opened", payload: inner.payload, ratchet: after } as const;
}

function letter(payload: Uint8Array, session: PairwiseSession, usedOneTimePrekey: PrekeyId | undefined): OpenedLetter {
  return { kind: "opened", payload, peer: session.peer, session, usedOneTimePrekey };
}

function prekeysFor(held: Held, fields: InitialFields): ResponderPrekeys | undefined {
  const { signedPrekey, lastResort, oneTime } = held;
  if (signedPrekey?.id !== fields.signedPrekey) return undefined;
  if (fields.oneTime !== undefined)
    return oneTime?.id === fields.oneTime ? { signedPrekey, kemPrekey: { kind: "one-time", ...oneTime } } : undefined;
  return lastResort?.id === fields.lastResort
    ? { signedPrekey, kemPrekey: { kind: "last-resort", ...lastResort } }
    : undefined;
}
