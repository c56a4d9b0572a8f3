/**
 * Which envelopes the relay has: their ids by order of arrival, so that adding one touches the newest pages only.
 * One index over all ids would touch another page for each, since ids are hashes.
 *
 * 1. Ids stand in generations of {@link GENERATION_ARRIVALS} arrivals, each a range of its own in one table.
 * 2. A filter in memory for each block of generations says for nearly every new id that no generation has it.
 * 3. A row only points to an arrival: the envelope there decides. A row whose envelope has gone means nothing.
 * 4. A filter may know ids that are not there (a failed commit, a trim): that costs a look, never an answer.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import type { EnvelopeId } from "../src/wire/ids.ts";

/** Arrivals of one generation: about 30 pages of 4 KiB, so that a batch of 128 writes few of them and not 128. */
const GENERATION_ARRIVALS = 4_096;
/** Generations under one filter: 131,072 arrivals, so that a relay with 10 million envelopes asks 80 filters. */
const BLOCK_GENERATIONS = 32;
/** Bits of one filter: 16 an id, of which {@link PROBES} say falsely "maybe" for one id in 1,700. */
const FILTER_BITS = GENERATION_ARRIVALS * BLOCK_GENERATIONS * 16;
const PROBES = 8;
/** Bytes of an id that are kept: two equal prefixes cannot be made to order below 2^64 work, and change nothing (3). */
const KEPT_BYTES = 16;

/** The ids over an open database. Writes happen inside a transaction of the caller's. */
export interface ArrivedIds {
  /** Arrivals that may be of this id: nearly always none or one. */
  readonly candidates: (id: EnvelopeId) => readonly number[];
  readonly add: (id: EnvelopeId, arrival: number) => void;
  readonly remove: (id: Uint8Array, arrival: number) => void;
  /** Forgets generations of which every arrival is below `arrival`. */
  readonly forgetBefore: (arrival: number) => void;
  /** As in topic-store.ts. */
  readonly savepoint: () => () => void;
}

interface Filter {
  readonly block: number;
  readonly bits: Uint8Array;
}

/** @param db open and migrated, see store-schema.ts */
export function openArrivedIds(db: Sqlite.Database): ArrivedIds {
  const rows = prepare(db);
  let filters = loadFilters(rows); // the newest last
  const newest = (block: number): Filter => {
    const last = filters.at(-1);
    if (last?.block === block) return last;
    const known = filters.find((each) => each.block === block); // arrivals go back when the newest envelopes are trimmed
    if (known) return known;
    if (last && last.block < block) rows.saveFilter.run(last.block, last.bits);
    const filter = { block, bits: new Uint8Array(FILTER_BITS / 8) };
    filters = [...filters, filter].sort((a, b) => a.block - b.block);
    return filter;
  };
  return {
    candidates: (id) => filters.filter(({ bits }) => mayHold(bits, id)).flatMap(({ block }) => find(rows, block, id)),
    add: (id, arrival) => {
      const generation = generationOf(arrival);
      mark(newest(blockOf(generation)).bits, id);
      rows.add.run(generation, id.subarray(0, KEPT_BYTES), arrival);
    },
    remove: (id, arrival) => {
      rows.remove.run(generationOf(arrival), id.subarray(0, KEPT_BYTES), arrival);
    },
    forgetBefore: (arrival) => {
      const first = generationOf(arrival);
      rows.forget.run(first);
      if (!filters.some(({ block }) => block < blockOf(first))) return;
      rows.forgetFilters.run(blockOf(first));
      filters = filters.filter(({ block }) => block >= blockOf(first));
    },
    savepoint: () => {
      const saved = filters;
      return () => {
        filters = saved;
      };
    },
  };
}

type Rows = ReturnType<typeof prepare>;

function generationOf(arrival: number): number {
  return Math.floor(arrival / GENERATION_ARRIVALS);
}

function blockOf(generation: number): number {
  return Math.floor(generation / BLOCK_GENERATIONS);
}

function find(rows: Rows, block: number, id: EnvelopeId): readonly number[] {
  const kept = id.subarray(0, KEPT_BYTES);
  const found: number[] = [];
  for (let i = BLOCK_GENERATIONS - 1; i >= 0; i--) {
    const row = rows.find.get(block * BLOCK_GENERATIONS + i, kept);
    if (row) found.push(row.arrival);
  }
  return found;
}

/** Full filters are stored, the newest is made again from its rows; so is one that a failed commit left out. */
function loadFilters(rows: Rows): readonly Filter[] {
  const { first, last } = rows.range.get() ?? { first: null, last: null };
  if (first === null || last === null) return [];
  const filters: Filter[] = [];
  for (let block = blockOf(first); block <= blockOf(last); block++) {
    const stored = block < blockOf(last) ? rows.filter.get(block) : undefined;
    filters.push({ block, bits: stored ? new Uint8Array(stored.bits) : rebuilt(rows, block) });
  }
  return filters;
}

function rebuilt(rows: Rows, block: number): Uint8Array {
  const bits = new Uint8Array(FILTER_BITS / 8);
  const first = block * BLOCK_GENERATIONS;
  for (const { id } of rows.ids.iterate(first, first + BLOCK_GENERATIONS - 1)) mark(bits, id);
  return bits;
}

/** The first four bytes of an id, and a step from the next four: an id is a hash already. */
function start(id: Uint8Array): number {
  return (((id[0] ?? 0) << 24) | ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8) | (id[3] ?? 0)) >>> 0;
}

function mark(bits: Uint8Array, id: Uint8Array): void {
  const step = start(id.subarray(4)) | 1;
  for (let i = 0, at = start(id); i < PROBES; i++, at = (at + step) >>> 0) {
    const place = at & (FILTER_BITS - 1);
    bits[place >>> 3] = (bits[place >>> 3] ?? 0) | (1 << (place & 7));
  }
}

function mayHold(bits: Uint8Array, id: Uint8Array): boolean {
  const step = start(id.subarray(4)) | 1;
  for (let i = 0, at = start(id); i < PROBES; i++, at = (at + step) >>> 0) {
    const place = at & (FILTER_BITS - 1);
    if (((bits[place >>> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
  }
  return true;
}

function prepare(db: Sqlite.Database) {
  return {
    add: db.prepare<[number, Uint8Array, number]>(
      "INSERT OR REPLACE INTO arrived_id (generation, id, arrival) VALUES (?, ?, ?)",
    ),
    find: db.prepare<[number, Uint8Array], { arrival: number }>(
      "SELECT arrival FROM arrived_id WHERE generation = ? AND id = ?",
    ),
    remove: db.prepare<[number, Uint8Array, number]>(
      "DELETE FROM arrived_id WHERE generation = ? AND id = ? AND arrival = ?",
    ),
    forget: db.prepare<[number]>("DELETE FROM arrived_id WHERE generation < ?"),
    range: db.prepare<[], { first: number | null; last: number | null }>(
      "SELECT (SELECT min(generation) FROM arrived_id) AS first, (SELECT max(generation) FROM arrived_id) AS last",
    ),
    ids: db.prepare<[number, number], { id: Buffer }>("SELECT id FROM arrived_id WHERE generation BETWEEN ? AND ?"),
    filter: db.prepare<[number], { bits: Buffer }>("SELECT bits FROM id_filter WHERE block = ?"),
    saveFilter: db.prepare<[number, Uint8Array]>("INSERT OR REPLACE INTO id_filter (block, bits) VALUES (?, ?)"),
    forgetFilters: db.prepare<[number]>("DELETE FROM id_filter WHERE block < ?"),
  };
}
