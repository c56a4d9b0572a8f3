/**
 * Records of secrets on their way: ours to others until they have them, those of others until their entry is here.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bytes, list, struct, u8, u32 } from "../../wire/codec.ts";
import { ENTRY_CORE_MAX_BYTES } from "../../wire/entry.ts";
import { DeviceKey, EntryHash, TimeMs, Topic } from "../../wire/ids.ts";
import { ENTRY_PARENTS_MAX, ENVELOPE_MAX_BYTES } from "../../wire/limits.ts";
import type { RecordType } from "../step.ts";
import { record, secret } from "./record.ts";

/** The random r of a root entry that has not come yet, and who told us; id: group/entry. */
export const SECRET: RecordType<{ readonly secret: Uint8Array; readonly from: DeviceKey }> = record(
  "secret/",
  struct({ secret, from: DeviceKey }),
);

/** The signed entry of a secret of whose sender we know nothing yet: by it we know what we lack; id: group/entry. */
export const EARLY_ENTRY: RecordType<{ readonly encoded: Uint8Array }> = record(
  "early-entry/",
  struct({ encoded: bytes(ENTRY_CORE_MAX_BYTES + 128) }),
);

/** When a secret or a contribution came of whose sender we know nothing yet; id: that of its record. */
export const EARLY_AT: RecordType<{ readonly at: TimeMs }> = record("early-at/", struct({ at: TimeMs }));

/** r of a root entry of ours, until it is sealed to the last device; id: group/entry. */
export const DELIVERY: RecordType<{ readonly random: Uint8Array; readonly next: number; readonly number: number }> =
  record(
    "delivery/",
    struct({
      random: secret,
      /** Place of the next one among the devices of that epoch. */
      next: u32,
      /** The epoch's number. */
      number: u32,
    }),
  );

/** A letter with r of our newest root entry, sealed, until its device answers; id: group/entry/device. */
export const KEY_LETTER: RecordType<{
  readonly topic: Topic;
  readonly envelope: Uint8Array;
  readonly resent: number;
  readonly dueAt: TimeMs;
}> = record(
  "key-letter/",
  struct({
    topic: Topic,
    envelope: bytes(ENVELOPE_MAX_BYTES),
    /** So many times it was posted again. */
    resent: u8,
    /** When it is posted again. */
    dueAt: TimeMs,
  }),
);

/** When letters of this group are posted again; id: group. */
export const RESENDING: RecordType<{ readonly entry: EntryHash; readonly dueAt: TimeMs }> = record(
  "resending/",
  struct({ entry: EntryHash, dueAt: TimeMs }),
);

/** When the author of a root entry is told that we lack its r; id: group/entry. */
export const LACKING: RecordType<{ readonly dueAt: TimeMs }> = record("lacking/", struct({ dueAt: TimeMs }));

/** c(head, F) for a head whose secret we lack; id: group/phi/head. */
export const CONTRIBUTION: RecordType<{ readonly value: Uint8Array }> = record(
  "contribution/",
  struct({ value: secret }),
);

/** A contribution to a group that we are not in (yet): who gave it is judged once our welcome is here; id: group/phi/head. */
export const EARLY: RecordType<{
  readonly from: DeviceKey;
  readonly head: EntryHash;
  readonly frontier: readonly EntryHash[];
  readonly value: Uint8Array;
}> = record(
  "early/",
  struct({ from: DeviceKey, head: EntryHash, frontier: list(EntryHash, ENTRY_PARENTS_MAX), value: secret }),
);
