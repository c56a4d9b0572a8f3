/**
 * Values that can be erased for certain.
 *
 * SQLite's secure_delete zeroes what is deleted, but copies stay behind where it moved rows between pages before
 * (measured: about one value in 100,000). So each value is encrypted with a secret of its own, and the secrets live in slots
 * that never move:
 *
 * 1. A slot is a row of constant size in a table that only ever grows at its end; changing it overwrites its bytes in
 *    place, and splitting the last page moves no other row.
 * 2. A secret encrypts one value once. Replacing or erasing the value overwrites the secret in the same transaction.
 *
 * Integrity comes from the database's own page authentication.
 */
import { createCipheriv, randomFillSync } from "node:crypto";
import type Database from "better-sqlite3-multiple-ciphers";

/** Statements of the slot table, exported for the test that explains their plans. */
export const SLOT_SQL = {
  add: "INSERT INTO slot (secret, free) VALUES (?, 0)",
  firstFree: "SELECT number FROM slot WHERE free = 1 ORDER BY number LIMIT 1",
  overwrite: "UPDATE slot SET secret = ?, free = ? WHERE number = ?",
} as const;

/** A value as stored. */
export interface SealedValue {
  readonly slot: number;
  readonly sealed: Uint8Array;
}

/** Seals values; inside a transaction of the caller. */
export interface ErasableValues {
  /** Seals under a new secret, in the slot of the value that this one replaces, if any. */
  readonly seal: (value: Uint8Array, replacedSlot: number | undefined) => SealedValue;
  readonly erase: (slot: number) => void;
}

const SECRET_BYTES = 32;
/** Secrets drawn from the system at once: a call for each costs as much as sealing a small record with it. */
const DRAWN = 64;

/** A secret encrypts one value only, so the counter may always start at zero. */
const FIRST_BLOCK = new Uint8Array(16);
const ERASED = new Uint8Array(SECRET_BYTES);

/** The slots of an open database. */
export function erasableValues(database: Database.Database): ErasableValues {
  const add = database.prepare<[Uint8Array]>(SLOT_SQL.add);
  const firstFree = database.prepare<[], { number: number }>(SLOT_SQL.firstFree);
  const overwrite = database.prepare<[Uint8Array, 0 | 1, number]>(SLOT_SQL.overwrite);
  const nextSecret = secretDrawer();
  let mayBeFree = true; // after a commit that failed a slot may be free unknown to us, until the next one is
  const freeSlot = (): number | undefined => {
    const found = mayBeFree ? firstFree.get()?.number : undefined;
    mayBeFree = found !== undefined;
    return found;
  };
  return {
    seal: (value, replacedSlot) => {
      const secret = nextSecret();
      const sealed = xorKeyStream(secret, value);
      const known = replacedSlot ?? freeSlot();
      const slot = known ?? Number(add.run(secret).lastInsertRowid);
      if (known !== undefined) overwrite.run(secret, 0, known);
      secret.fill(0);
      return { slot, sealed };
    },
    erase: (slot) => {
      overwrite.run(ERASED, 1, slot);
      mayBeFree = true;
    },
  };
}

/** Each secret once, for its user to overwrite. */
function secretDrawer(): () => Uint8Array {
  const drawn = new Uint8Array(DRAWN * SECRET_BYTES);
  let used = drawn.length;
  return () => {
    if (used === drawn.length) {
      randomFillSync(drawn);
      used = 0;
    }
    used += SECRET_BYTES;
    return drawn.subarray(used - SECRET_BYTES, used);
  };
}

/** Seals and opens: AES-256 in counter mode, `secret` of 32 bytes. */
export function xorKeyStream(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv("aes-256-ctr", secret, FIRST_BLOCK).update(bytes));
}
