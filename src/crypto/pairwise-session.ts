/**
 * Mail between two devices: PQXDH and Double Ratchets behind four verbs: start and seal here, look and open in
 * received-letter.ts.
 *
 * 1. Nothing is mutated.
 * 2. Until the first answer each message is in the initial form, so any one of them sets up the session.
 *
 * @see PROTOCOL.md § Pairwise sessions
 */
import type { DeviceIdentity, OneTimePrekey, PrekeyBundle } from "../wire/bundle.ts";
import { encode } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";
import type { DeviceKey, TimeMs, Topic } from "../wire/ids.ts";
import { encodePairwiseEnvelope, InnerText, type PairwiseForm, type RatchetMessage } from "../wire/pairwise.ts";
import { RATCHET_ENCRYPT_RANDOM_BYTES, ratchetEncrypt, startAsInitiator } from "./double-ratchet.ts";
import {
  activeRatchet,
  addRatchet,
  type PairwiseSession,
  type SessionRatchet,
  withRatchet,
} from "./pairwise-session-state.ts";
import { initiate, type OurIdentity, PQXDH_RANDOM_BYTES } from "./pqxdh.ts";
import type { Primitives } from "./primitives.ts";
import { type BoxAddress, sealBox } from "./sealed-box.ts";

/** Random bytes that {@link startSession} uses: PQXDH and the first ratchet secret. */
export const START_RANDOM_BYTES = PQXDH_RANDOM_BYTES + 32;
/** Random bytes that {@link sealTo} uses: two nonces and the box's ephemeral secret. */
export const SEAL_RANDOM_BYTES = RATCHET_ENCRYPT_RANDOM_BYTES + 32;

const NO_TIME = 0 as TimeMs;

/** The peer as its bundle shows it, and what we had with it. */
export interface StartWith {
  /** Checked with `checkBundle`. */
  readonly bundle: PrekeyBundle;
  /** Checked with `checkOneTimePrekey`; without one the last-resort prekey is used. */
  readonly oneTime?: OneTimePrekey | undefined;
  /** The session to give up, which goes on receiving what is on its way. */
  readonly previous?: PairwiseSession | undefined;
}

/** What a step takes from outside. */
export interface Moment {
  readonly now: TimeMs;
  readonly random: Uint8Array;
}

/** A session that we start. `random`: START_RANDOM_BYTES. `undefined` when a key of the bundle is unusable. */
export function startSession(
  p: Primitives,
  ours: OurIdentity,
  { bundle, oneTime, previous }: StartWith,
  { now, random }: Moment,
): PairwiseSession | undefined {
  const begun = initiate(p, ours, { bundle, oneTime }, random.subarray(0, PQXDH_RANDOM_BYTES));
  if (begun === undefined) return undefined;
  const { id, secret, associated } = begun.agreement;
  const state = startAsInitiator(p, secret, bundle.signedPrekey.key, random.subarray(PQXDH_RANDOM_BYTES));
  if (state === undefined) return undefined;
  const since = afterAll(now, previous);
  const pending = { certificate: ours.certificate, identity: ours.identity, fields: begun.fields };
  const ratchet = { id, associated, since, theirSince: undefined, pending, state };
  const peer = { certificate: bundle.certificate, identity: bundle.identity };
  return addRatchet({ ...(previous ?? emptySession(peer)), peer, startedAt: since }, ratchet);
}

/** A time after everything in `previous`, even when the clock was set back. */
function afterAll(now: TimeMs, previous: PairwiseSession | undefined): TimeMs {
  const latest = Math.max(0, ...(previous?.ratchets ?? []).map(({ since }) => since));
  return Math.max(now, latest + 1) as TimeMs;
}

/** A letter: append it as a deposit to that inbox. */
export interface SealedLetter {
  /** To be committed before the letter is sent. */
  readonly session: PairwiseSession;
  readonly inbox: Topic;
  readonly depositBody: Uint8Array;
}

/**
 * Seals `payload` (at most PAIRWISE_PAYLOAD_MAX_BYTES, else `internal/encode`) to the peer.
 * `sender`: our device. `to`: where, if elsewhere than its identity certificate says. `random`: SEAL_RANDOM_BYTES.
 */
export function sealTo(
  p: Primitives,
  session: PairwiseSession,
  { payload, to = session.peer.identity }: { readonly payload: Uint8Array; readonly to?: BoxAddress | undefined },
  { sender, random }: { readonly sender: DeviceKey; readonly random: Uint8Array },
): SealedLetter {
  const ratchet = activeRatchet(session);
  const { associated, since } = ratchet;
  const plaintext = encode(InnerText, { since, payload });
  const sealed = ratchetEncrypt(p, ratchet.state, { plaintext, associated }, random);
  if (sealed === undefined) throw new Fault("internal/invariant", "a session without a sending chain was kept");
  const form = formOf(ratchet, sender, sealed.message);
  const envelope = encodePairwiseEnvelope({ version: 1, form });
  return {
    session: withRatchet(session, { ...ratchet, state: sealed.state }),
    inbox: to.inbox,
    depositBody: sealBox(p, to, envelope, random.subarray(RATCHET_ENCRYPT_RANDOM_BYTES, SEAL_RANDOM_BYTES)),
  };
}

function formOf({ pending }: SessionRatchet, sender: DeviceKey, message: RatchetMessage): PairwiseForm {
  return pending === undefined ? { kind: "ratchet", sender, message } : { kind: "initial", ...pending, message };
}

/** Of no use before a ratchet is added. */
export function emptySession(peer: DeviceIdentity): PairwiseSession {
  return { version: 1, peer, startedAt: NO_TIME, theirStartedAt: NO_TIME, ratchets: [], accepted: [] };
}
