/**
 * Prekey directory in the relay's database. Synchronous; runs in the store's worker, inside its transactions.
 *
 * 1. A one-time prekey is handed out once: it is erased in the transaction whose commit precedes the answer.
 * 2. An id that a slot has or had is ignored, so a repeated publication brings no used key back.
 * 3. A slot belongs to the key that published it first; `publishedAt` only grows.
 * 4. However full the directory is, who has a slot renews its bundle: one-time prekeys for which there is no room are left
 *    out. Else whoever fills it keeps everybody's keys from being renewed.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import type { DirectoryKey, PrekeyId, SlotKey } from "../src/wire/ids.ts";
import { DIRECTORY_SLOTS_MAX, ONE_TIME_PREKEYS_MAX } from "../src/wire/limits.ts";
import type { DirectoryRecord, SealedOneTimePrekey, TakenPrekeys } from "../src/wire/prekey-frames.ts";

/** Bytes charged for a slot's row and index entries. */
const SLOT_OVERHEAD_BYTES = 160;
/** Bytes charged for a one-time prekey beside its own; these stay when it is taken, since its id stays known. */
const ONE_TIME_OVERHEAD_BYTES = 32;
/** Slots erased in one transaction. */
const PURGE_CHUNK = 100;

/** Quota in bytes and retention in ms. */
export interface DirectoryLimits {
  readonly directoryMaxBytes: number;
  /** Slots not published anew for this long are erased. */
  readonly directoryRetentionMs: number;
}

/** What became of a publication. */
export type Published = { readonly kind: "published"; readonly left: number } | { readonly kind: "stale" | "full" };

/** What the directory holds. */
export interface DirectoryUsage {
  readonly slots: number;
  readonly bytes: number;
}

/** The directory over an open database. Writes happen inside a transaction of the caller's. */
export interface DirectoryStore {
  readonly publish: (record: DirectoryRecord, nowMs: number) => Published;
  readonly take: (directoryKey: DirectoryKey) => readonly TakenPrekeys[];
  /** The bundles alone: what can still be answered while nothing can be written. */
  readonly peek: (directoryKey: DirectoryKey) => readonly TakenPrekeys[];
  readonly count: (directoryKey: DirectoryKey, slot: SlotKey) => number;
  /** Erases up to a chunk of slots that were not renewed; answers whether there may be more. */
  readonly purge: (nowMs: number) => boolean;
  readonly usage: () => DirectoryUsage;
  /** As in topic-store.ts. */
  readonly savepoint: () => () => void;
}

/** @param db open and migrated, see store-schema.ts */
export function createDirectoryStore(db: Sqlite.Database, limits: DirectoryLimits): DirectoryStore {
  const rows = prepare(db);
  const books: Books = { rows, limits, usage: rows.usage.get() ?? { slots: 0, bytes: 0 } };
  return {
    publish: (record, nowMs) => publish(books, record, nowMs),
    take: (directoryKey) => bundles(rows, directoryKey, (slot) => takeOneTime(books, slot)),
    peek: (directoryKey) => bundles(rows, directoryKey, () => undefined),
    count: (directoryKey, slot) => {
      const row = rows.slot.get(directoryKey, slot);
      return row ? left(rows, row.number) : 0;
    },
    purge: (nowMs) => purge(books, nowMs),
    usage: () => books.usage,
    savepoint: () => {
      const saved = books.usage;
      return () => {
        books.usage = saved;
      };
    },
  };
}

interface Books {
  readonly rows: ReturnType<typeof prepare>;
  readonly limits: DirectoryLimits;
  usage: DirectoryUsage;
}
type Rows = Books["rows"];

function charge(books: Books, slots: number, bytes: number): void {
  books.usage = { slots: books.usage.slots + slots, bytes: books.usage.bytes + bytes };
}

function left(rows: Rows, slot: number): number {
  return rows.left.get(slot)?.count ?? 0;
}

function publish(books: Books, record: DirectoryRecord, nowMs: number): Published {
  const { rows, usage, limits } = books;
  const { directoryKey, slot, publishedAt, bundle } = record;
  const row = rows.slot.get(directoryKey, slot);
  if (row && publishedAt <= row.published_at) return { kind: "stale" };
  if (!row && (rows.slotCount.get(directoryKey)?.count ?? 0) >= DIRECTORY_SLOTS_MAX) return { kind: "full" };
  const before = row?.bytes ?? 0;
  const withoutFresh = costOfBundle(record) + (row ? before - row.bundle_bytes - SLOT_OVERHEAD_BYTES : 0);
  const room = limits.directoryMaxBytes - usage.bytes + before - withoutFresh;
  if (room < 0 && withoutFresh > before) return { kind: "full" };
  const fresh = fitting(freshPrekeys(rows, row?.number, record.oneTime), room);
  const bytes = withoutFresh + costOfOneTime(fresh);
  rows.put.run(directoryKey, slot, publishedAt, nowMs, bytes, bundle);
  const number = row?.number ?? rows.slot.get(directoryKey, slot)?.number ?? 0;
  for (const { id, sealed } of fresh) rows.addOneTime.run(number, id, sealed);
  charge(books, row ? 0 : 1, bytes - before);
  return { kind: "published", left: left(rows, number) };
}

/** Those with ids that the slot never had, as many as there is room for. */
function freshPrekeys(
  rows: Rows,
  slot: number | undefined,
  offered: readonly SealedOneTimePrekey[],
): readonly SealedOneTimePrekey[] {
  const once = [...new Map(offered.map((each) => [each.id, each])).values()];
  if (slot === undefined) return once.slice(0, ONE_TIME_PREKEYS_MAX);
  return once.filter(({ id }) => !rows.seen.get(slot, id)).slice(0, ONE_TIME_PREKEYS_MAX - left(rows, slot));
}

/** The first of these for which there is room. */
function fitting(fresh: readonly SealedOneTimePrekey[], room: number): readonly SealedOneTimePrekey[] {
  let count = fresh.length;
  while (count > 0 && costOfOneTime(fresh.slice(0, count)) > room) count--;
  return fresh.slice(0, count);
}

function bundles(
  rows: Rows,
  directoryKey: DirectoryKey,
  oneTimeOf: (slot: number) => SealedOneTimePrekey | undefined,
): readonly TakenPrekeys[] {
  return rows.bundles
    .all(directoryKey)
    .map(({ number, slot, bundle }) => ({ slot: slot as Uint8Array as SlotKey, bundle, oneTime: oneTimeOf(number) }));
}

function takeOneTime(books: Books, slot: number): SealedOneTimePrekey | undefined {
  const next = books.rows.nextOneTime.get(slot);
  if (!next) return undefined;
  books.rows.spend.run(slot, next.id);
  books.rows.discharge.run(next.sealed.length, slot);
  charge(books, 0, -next.sealed.length);
  return { id: next.id as PrekeyId, sealed: next.sealed };
}

function purge(books: Books, nowMs: number): boolean {
  const old = books.rows.old.all(nowMs - books.limits.directoryRetentionMs, PURGE_CHUNK);
  for (const { number, bytes } of old) {
    books.rows.eraseOneTime.run(number);
    books.rows.eraseSlot.run(number);
    charge(books, -1, -bytes);
  }
  return old.length === PURGE_CHUNK;
}

const costOfBundle = ({ bundle }: DirectoryRecord): number => bundle.length + SLOT_OVERHEAD_BYTES;

const costOfOneTime = (fresh: readonly SealedOneTimePrekey[]): number =>
  fresh.reduce((sum, { sealed }) => sum + sealed.length + ONE_TIME_OVERHEAD_BYTES, 0);

interface SlotRow {
  number: number;
  published_at: number;
  bytes: number;
  bundle_bytes: number;
}

function prepare(db: Sqlite.Database) {
  return {
    usage: db.prepare<[], DirectoryUsage>("SELECT count(*) AS slots, coalesce(sum(bytes), 0) AS bytes FROM slot"),
    slot: db.prepare<[Uint8Array, Uint8Array], SlotRow>(
      `SELECT number, published_at, bytes, length(bundle) AS bundle_bytes FROM slot
       WHERE directory_key = ? AND slot = ?`,
    ),
    slotCount: db.prepare<[Uint8Array], { count: number }>(
      "SELECT count(*) AS count FROM slot WHERE directory_key = ?",
    ),
    put: db.prepare<[Uint8Array, Uint8Array, number, number, number, Uint8Array]>(
      `INSERT INTO slot (directory_key, slot, published_at, stored_at, bytes, bundle) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (directory_key, slot) DO UPDATE SET published_at = excluded.published_at,
         stored_at = excluded.stored_at, bytes = excluded.bytes, bundle = excluded.bundle`,
    ),
    bundles: db.prepare<[Uint8Array], { number: number; slot: Buffer; bundle: Buffer }>(
      "SELECT number, slot, bundle FROM slot WHERE directory_key = ? ORDER BY number",
    ),
    seen: db.prepare<[number, number], { id: number }>("SELECT id FROM one_time WHERE slot = ? AND id = ?"),
    left: db.prepare<[number], { count: number }>(
      "SELECT count(*) AS count FROM one_time WHERE slot = ? AND sealed IS NOT NULL",
    ),
    addOneTime: db.prepare<[number, number, Uint8Array]>("INSERT INTO one_time (slot, id, sealed) VALUES (?, ?, ?)"),
    nextOneTime: db.prepare<[number], { id: number; sealed: Buffer }>(
      "SELECT id, sealed FROM one_time WHERE slot = ? AND sealed IS NOT NULL ORDER BY id LIMIT 1",
    ),
    spend: db.prepare<[number, number]>("UPDATE one_time SET sealed = NULL WHERE slot = ? AND id = ?"),
    discharge: db.prepare<[number, number]>("UPDATE slot SET bytes = bytes - ? WHERE number = ?"),
    old: db.prepare<[number, number], { number: number; bytes: number }>(
      "SELECT number, bytes FROM slot WHERE stored_at < ? ORDER BY stored_at LIMIT ?",
    ),
    eraseOneTime: db.prepare<[number]>("DELETE FROM one_time WHERE slot = ?"),
    eraseSlot: db.prepare<[number]>("DELETE FROM slot WHERE number = ?"),
  };
}
