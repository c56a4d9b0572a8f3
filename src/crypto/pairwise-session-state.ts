/**
 * What one device remembers about another: the ratchets between them, and which of these to send on.
 *
 * Both sides may start at once, or one may lose its state and start again, so there can be several ratchets.
 * Each side tells, inside every message, since when (by its own clock) it has had that ratchet. A device starts
 * a ratchet only when it has none or gives up those it has, so whatever a side had before its last start is dead.
 * Among the living ones on which the other has written, each side sends on the one with the lowest id.
 *
 * 1. Which ratchet is sent on depends on what has arrived, not on the order in which it did. So both sides agree as
 *    soon as both have seen the same.
 * 2. Times are compared only with times of the same device's clock.
 * 3. An initial message that has been accepted is remembered, and never accepted again.
 *
 * @see PROTOCOL.md § Pairwise sessions
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import { DeviceCertificate, DeviceIdentity, IdentityCertificate } from "../wire/bundle.ts";
import { constant, list, optional, raw, struct } from "../wire/codec.ts";
import type { Infer } from "../wire/encoding.ts";
import { TimeMs } from "../wire/ids.ts";
import { InitialFields } from "../wire/pairwise.ts";
import { RatchetState } from "./double-ratchet-state.ts";
import { SessionId } from "./pqxdh.ts";

/** Ratchets kept with one peer: the one in use, those of starts at once, and older ones whose mail may still be on the way. */
export const SESSION_RATCHETS_MAX = 5;

/** Accepted initial messages remembered per peer: more starts than a working device makes in the life of a last-resort prekey. */
export const ACCEPTED_INITIALS_MAX = 128;

/** What an initiator repeats in each message until it has been answered. */
const PendingInitial = struct({ certificate: DeviceCertificate, identity: IdentityCertificate, fields: InitialFields });

export const SessionRatchet = struct({
  id: SessionId,
  /** AD of PQXDH. */
  associated: raw(32),
  /** When we joined, by our clock. */
  since: TimeMs,
  /** When they joined, by theirs; unknown until they have written. */
  theirSince: optional(TimeMs),
  /** Present until the first answer. */
  pending: optional(PendingInitial),
  state: RatchetState,
});
export type SessionRatchet = Infer<typeof SessionRatchet>;

/** The session with one peer device. Saved form too; secret. */
export const PairwiseSession = struct({
  version: constant(1),
  peer: DeviceIdentity,
  /** Our newest start, 0 for none: what we had before is given up. */
  startedAt: TimeMs,
  /** The same of theirs, by their clock. */
  theirStartedAt: TimeMs,
  /** Newest first. */
  ratchets: list(SessionRatchet, SESSION_RATCHETS_MAX, 1),
  /** Ids of ratchets that they started, newest first. */
  accepted: list(SessionId, ACCEPTED_INITIALS_MAX),
});
export type PairwiseSession = Infer<typeof PairwiseSession>;

/**
 * The ratchet to send on: of the living ones that the peer has shown to have, else of the living ones, that with the
 * lowest id. (Should a clock that was set back leave none: of all.)
 */
export function activeRatchet({ ratchets, startedAt, theirStartedAt }: PairwiseSession): SessionRatchet {
  const living = ratchets.filter(
    (each) => each.since >= startedAt && (each.theirSince ?? theirStartedAt) >= theirStartedAt,
  );
  const shown = living.filter(({ theirSince }) => theirSince !== undefined);
  const candidates = [shown, living, ratchets].find(({ length }) => length > 0) ?? ratchets;
  return candidates.reduce((lowest, each) => (compareBytes(each.id, lowest.id) < 0 ? each : lowest));
}

/** Whether an initial message with this id has been accepted before. */
export function hasAccepted(session: PairwiseSession, id: SessionId): boolean {
  return session.accepted.some((each) => equalBytes(each, id));
}

/** `session` with that ratchet in the place of the one with the same id. */
export function withRatchet(session: PairwiseSession, ratchet: SessionRatchet): PairwiseSession {
  return { ...session, ratchets: session.ratchets.map((each) => (equalBytes(each.id, ratchet.id) ? ratchet : each)) };
}

/** `session` with one more ratchet; beyond SESSION_RATCHETS_MAX the oldest that is not in use goes. */
export function addRatchet(session: PairwiseSession, ratchet: SessionRatchet): PairwiseSession {
  const ratchets = [ratchet, ...session.ratchets];
  if (ratchets.length <= SESSION_RATCHETS_MAX) return { ...session, ratchets };
  const active = activeRatchet({ ...session, ratchets });
  const oldest = ratchets.findLastIndex((each) => each !== active);
  return { ...session, ratchets: ratchets.filter((_, i) => i !== oldest) };
}
