/**
 * Which envelopes the relay has: their ids by order of arrival, so that adding one touches no page of an index.
 * One index over all ids would touch another page for each, since ids are hashes.
 *
 * 1. Ids stand in generations of {@link GENERATION_ARRIVALS} arrivals. The newest is kept in memory and made again
 *    from the envelopes at the start; it is written, sorted and at once, with the first arrival of the next.
 * 2. A filter in memory for each block of generations says for nearly every new id that no generation has it.
 * 3. An id only points to an arrival: the envelope there decides. If that has gone, the id means nothing.
 * 4. Filter and memory may know ids that are not there (a failed commit, a trim): that costs a look, never an answer.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import type { EnvelopeId } from "../src/wire/ids.ts";

/** Arrivals of one generation: about 30 pages of 4 KiB, written in some 10 ms, and half a megabyte of memory. */
const GENERATION_ARRIVALS = 4_096;
/** Generations under one filter: 131,072 arrivals, so that a relay with 10 million envelopes asks 80 filters. */
const BLOCK_GENERATIONS = 32;
/** Bits of one filter: 32 an id, of which {@link PROBES} say falsely "maybe" for one id in 180,000. Older ones have 16: one in 1,700. */
const FILTER_BITS = GENERATION_ARRIVALS * BLOCK_GENERATIONS * 32;
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

/** The newest generation: arrivals by the kept bytes of their ids, as latin1 text. */
interface Young {
  readonly generation: number;
  readonly arrivals: Map<string, number>;
}

interface Filter {
  readonly block: number;
  /** As many as a power of two. */
  readonly bits: Uint8Array;
}

/** @param db open and migrated, see store-schema.ts */
export function openArrivedIds(db: Sqlite.Database): ArrivedIds {
  const rows = prepare(db);
  let young = loadYoung(rows);
  let filters = loadFilters(rows, young); // the newest last
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
    candidates: (id) => {
      const probe = probeOf(id);
      const blocks: Filter[] = []; // by hand: this is done for each new envelope, and a million stored ones have 8 filters
      for (const filter of filters) if (mayHold(filter.bits, probe)) blocks.push(filter);
      if (blocks.length === 0) return [];
      const found = new Set(blocks.flatMap(({ block }) => find(rows, block, id)));
      const inMemory = young.arrivals.get(keyOf(id));
      return [...(inMemory === undefined ? found : found.add(inMemory))];
    },
    add: (id, arrival) => {
      const generation = generationOf(arrival);
      mark(newest(blockOf(generation)).bits, probeOf(id));
      if (generation > young.generation) {
        rows.write.run(...arrivalsOf(young.generation));
        young = { generation, arrivals: new Map() }; // not emptied: a savepoint may bring the old one back
      }
      if (generation === young.generation) young.arrivals.set(keyOf(id), arrival);
      else rows.add.run(generation, id.subarray(0, KEPT_BYTES), arrival); // gone back, as above
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
      const saved = { filters, young };
      return () => {
        filters = saved.filters;
        young = saved.young;
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

/** First and last arrival that a generation can have. */
function arrivalsOf(generation: number): [number, number] {
  return [generation * GENERATION_ARRIVALS, (generation + 1) * GENERATION_ARRIVALS - 1];
}

function keyOf({ buffer, byteOffset }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, KEPT_BYTES).toString("latin1");
}

function loadYoung(rows: Rows): Young {
  const generation = generationOf(rows.lastArrival.get()?.arrival ?? 0);
  const arrivals = new Map<string, number>();
  for (const { id, arrival } of rows.arrivals.all(...arrivalsOf(generation))) arrivals.set(keyOf(id), arrival);
  return { generation, arrivals };
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

/** Full filters are stored, the newest is made again from its ids; so is one that a failed commit left out. */
function loadFilters(rows: Rows, young: Young): readonly Filter[] {
  const youngest = blockOf(young.generation);
  const blocks = new Set([youngest]);
  const { first, last } = rows.range.get() ?? { first: null, last: null };
  if (first !== null && last !== null) for (let b = blockOf(first); b <= blockOf(last); b++) blocks.add(b);
  const newest = Math.max(...blocks);
  return [...blocks]
    .sort((a, b) => a - b)
    .map((block) => {
      const stored = block < newest ? rows.filter.get(block) : undefined;
      const bits = stored ? new Uint8Array(stored.bits) : rebuilt(rows, block);
      if (block === youngest) for (const id of young.arrivals.keys()) mark(bits, probeOf(Buffer.from(id, "latin1")));
      return { block, bits };
    });
}

function rebuilt(rows: Rows, block: number): Uint8Array {
  const bits = new Uint8Array(FILTER_BITS / 8);
  const first = block * BLOCK_GENERATIONS;
  for (let i = 0; i < BLOCK_GENERATIONS; i++) for (const { id } of rows.ids.all(first + i)) mark(bits, probeOf(id));
  return bits;
}

/** Which bits of every filter stand for an id: a first one, and the step to the next. The id is a hash already. */
interface Probe {
  readonly first: number;
  readonly step: number;
}

function probeOf(id: Uint8Array): Probe {
  return { first: word(id, 0), step: word(id, 4) | 1 };
}

function word(id: Uint8Array, at: number): number {
  return (((id[at] ?? 0) << 24) | ((id[at + 1] ?? 0) << 16) | ((id[at + 2] ?? 0) << 8) | (id[at + 3] ?? 0)) >>> 0;
}

function mark(bits: Uint8Array, { first, step }: Probe): void {
  for (let i = 0, at = first; i < PROBES; i++, at = (at + step) >>> 0) {
    const place = at & (bits.length * 8 - 1);
    bits[place >>> 3] = (bits[place >>> 3] ?? 0) | (1 << (place & 7));
  }
}

function mayHold(bits: Uint8Array, { first, step }: Probe): boolean {
  for (let i = 0, at = first; i < PROBES; i++, at = (at + step) >>> 0) {
    const place = at & (bits.length * 8 - 1);
    if (((bits[place >>> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
  }
  return true;
}

function prepare(db: Sqlite.Database) {
  return {
    add: db.prepare<[number, Uint8Array, number]>(
      "INSERT OR REPLACE INTO arrived_id (generation, id, arrival) VALUES (?, ?, ?)",
    ),
    write: db.prepare<[number, number]>(
      `INSERT OR REPLACE INTO arrived_id (generation, id, arrival)
        SELECT arrival / ${GENERATION_ARRIVALS}, substr(id, 1, ${KEPT_BYTES}) AS kept, arrival FROM envelope
        WHERE arrival BETWEEN ? AND ? ORDER BY kept`,
    ),
    lastArrival: db.prepare<[], { arrival: number | null }>("SELECT max(arrival) AS arrival FROM envelope"),
    arrivals: db.prepare<[number, number], { id: Buffer; arrival: number }>(
      "SELECT id, arrival FROM envelope WHERE arrival BETWEEN ? AND ?",
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
    ids: db.prepare<[number], { id: Buffer }>("SELECT id FROM arrived_id WHERE generation = ?"),
    filter: db.prepare<[number], { bits: Buffer }>("SELECT bits FROM id_filter WHERE block = ?"),
    saveFilter: db.prepare<[number, Uint8Array]>("INSERT OR REPLACE INTO id_filter (block, bits) VALUES (?, ?)"),
    forgetFilters: db.prepare<[number]>("DELETE FROM id_filter WHERE block < ?"),
  };
}
