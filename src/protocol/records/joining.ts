/**
 * Records of coming into a group: welcomes, invites that we follow, and requests that we answer.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bytes, list, optional, raw, struct, u8, u32 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, DeviceKey, EntryHash, TimeMs } from "../../wire/ids.ts";
import type { RecordType } from "../step.ts";
import { record, relays, secret } from "./record.ts";

/** Who put us into a group for which we followed no link: the group's relays are those that this device named; id: group. */
export const UNASKED: RecordType<{ readonly adder: DeviceKey }> = record("unasked/", struct({ adder: DeviceKey }));

/** A welcome whose log is not complete yet; id: group. */
export const WelcomeState = struct({
  from: DeviceKey,
  entry: EntryHash,
  secret,
  digest: raw(32),
  parts: u32,
  /** Pieces that are here. */
  received: u32,
  /** When it came; it is erased a day later. */
  at: TimeMs,
});
export type WelcomeState = Infer<typeof WelcomeState>;
export const WELCOME: RecordType<WelcomeState> = record("welcome/", WelcomeState);

/** How many entries of the log of a complete welcome are saved, or taken in; id: group. */
export const ADOPTING: RecordType<{ readonly done: number }> = record("adopting/", struct({ done: u32 }));

/** A piece of the log of a welcome; id: group/index (4 digits). */
export const LOG_PART: RecordType<{ readonly piece: Uint8Array }> = record(
  "log-part/",
  struct({ piece: bytes(65_536) }),
);

/** An invite that we follow and that nobody has answered; id: group. */
export const JOINING: RecordType<{
  readonly at: TimeMs;
  readonly inviter: AccountKey;
  readonly relays: readonly string[];
}> = record("joining/", struct({ at: TimeMs, inviter: AccountKey, relays }));

/** What we asked last of those who can let us in, and what they said; id: group. */
export const ASKED: RecordType<{
  readonly nonce: Uint8Array;
  readonly refusal: { readonly reason: number; readonly triesLeft: number } | undefined;
}> = record("asked/", struct({ nonce: raw(32), refusal: optional(struct({ reason: u8, triesLeft: u8 })) }));

/** Wrong tries that are remembered of one account, or at one invite. */
export const TRIES_KEPT_MAX = 50;

/** Requests to join that were refused lately, by their nonces, and when the last one counted. */
export interface AttemptState {
  readonly nonces: readonly Uint8Array[];
  readonly at: TimeMs;
}

/** Refusals of one account, or at one invite; id: group/account or group/entry. */
export const ATTEMPT: RecordType<AttemptState> = record(
  "attempt/",
  struct({ nonces: list(raw(32), TRIES_KEPT_MAX), at: TimeMs }),
);

/** A join request that another admin should answer first; id: group/account. */
export interface JoinRequestState {
  readonly invite: EntryHash;
  readonly request: Uint8Array;
  readonly dueAt: TimeMs;
}
export const REQUEST: RecordType<JoinRequestState> = record(
  "request/",
  struct({ invite: EntryHash, request: bytes(16_384), dueAt: TimeMs }),
);
