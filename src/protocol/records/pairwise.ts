/**
 * Records of what passes between two devices: prekeys, sessions, and what waits for one.
 *
 * @see PROTOCOL.md § Saved records
 */
import { PairwiseSession } from "../../crypto/pairwise-session-state.ts";
import { SecretLastResortPrekey, SecretOneTimePrekey, SecretSignedPrekey } from "../../crypto/prekey-bundle.ts";
import { list, struct } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, PrekeyId, TimeMs } from "../../wire/ids.ts";
import { ContactPoint, PayloadItem } from "../../wire/pairwise-payload.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

const signedPrekey = struct({ prekey: SecretSignedPrekey, createdAt: TimeMs });

/** Signed and last-resort prekeys: the newest first, the one before kept for messages under way. */
export const PrekeyState = struct({
  nextId: PrekeyId,
  signed: list(signedPrekey, 2, 1),
  lastResort: list(SecretLastResortPrekey, 2, 1),
  /** When the directory record that is now valid was made; grows with each. */
  publishedAt: TimeMs,
});
export type PrekeyState = Infer<typeof PrekeyState>;
export const PREKEYS: RecordType<PrekeyState> = record("prekeys", PrekeyState);

/** A one-time prekey's secrets, erased when it is used; id: 8 hex digits. */
export const ONE_TIME: RecordType<SecretOneTimePrekey> = record("one-time/", SecretOneTimePrekey);

/** Where a device can be written to; id: device. */
export const PEER: RecordType<{ readonly account: AccountKey; readonly contact: Infer<typeof ContactPoint> }> = record(
  "peer/",
  struct({ account: AccountKey, contact: ContactPoint }),
);

/** The pairwise session with a device; id: device. */
export const SESSION: RecordType<PairwiseSession> = record("session/", PairwiseSession);

/** A device with which the next letter starts a new session; id: device. */
export const RENEWAL: RecordType<{ readonly at: TimeMs }> = record("renewal/", struct({ at: TimeMs }));

/** When a session was last begun anew because a letter in it did not open; id: device. */
export const RENEWED: RecordType<{ readonly at: TimeMs }> = record("renewed/", struct({ at: TimeMs }));

/** Items waiting for one device. */
export const PENDING_ITEMS_MAX = 1_024;

/** What we will tell a device once its prekeys are here; id: account/device. */
export const PENDING: RecordType<{ readonly items: readonly PayloadItem[] }> = record(
  "pending/",
  struct({ items: list(PayloadItem, PENDING_ITEMS_MAX) }),
);
