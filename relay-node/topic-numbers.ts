/**
 * Which envelope has which number of its topic: where a reader finds the next one.
 *
 * An index over all envelopes would touch a page for each topic of a batch, as each topic's newest number stands in
 * another place: half of all pages that appends write.
 *
 * 1. The newest, up to {@link YOUNG_MAX}, are known in memory only, and found again by their arrivals at the start. The one
 *    that is too many writes them all, in order and at once, to the table `numbered`; `meta` says up to which arrival.
 * 2. Numbers of a topic grow with arrivals, so those in the table are lower than those in memory. Arrivals go back when the
 *    newest envelopes are trimmed: none is behind the mark then, and what comes next before it goes to the table.
 * 3. Memory points to arrivals; the envelope there decides. After a transaction that failed it is read again.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import { COST_SQL } from "./topic-rows.ts";

/** Envelopes in memory only: a start reads them, and with each in another topic, writing them takes 8 MiB of pages. */
export const YOUNG_MAX = 2_048;

/** An envelope that is trimmed away. */
export interface PrefixEnvelope {
  readonly arrival: number;
  readonly id: Buffer;
  /** Bytes that it is charged. */
  readonly cost: number;
}

/** The numbers over an open database; topics by their row's number. Writes happen inside a transaction of the caller's. */
export interface TopicNumbers {
  /** The first envelope above `after`. */
  readonly next: (topic: number, after: number) => { readonly sequence: number; readonly envelope: Buffer } | undefined;
  /** Ids of the first `limit` envelopes above `after`. */
  readonly ids: (
    topic: number,
    after: number,
    limit: number,
  ) => readonly { readonly sequence: number; readonly id: Buffer }[];
  /** Those numbered up to `upTo`. */
  readonly prefix: (topic: number, upTo: number) => readonly PrefixEnvelope[];
  /** After the envelope itself: `arrival` is the greatest there is. */
  readonly add: (topic: number, sequence: number, arrival: number) => void;
  readonly remove: (topic: number, sequence: number) => void;
  readonly removePrefix: (topic: number, upTo: number) => void;
  /** As in topic-store.ts. */
  readonly savepoint: () => () => void;
}

interface Place {
  readonly sequence: number;
  readonly arrival: number;
}

/** What is in memory: per topic, in order. */
interface Young {
  /** Up to this arrival all are in the table. */
  readonly settled: number;
  readonly places: Map<number, Place[]>;
  count: number;
}

/** @param db open and migrated, see store-schema.ts */
export function openTopicNumbers(db: Sqlite.Database): TopicNumbers {
  const rows = prepare(db);
  let known: Young | undefined;
  const youngAbove = (topic: number, after: number): readonly Place[] => {
    known ??= loadYoung(rows, Number.MAX_SAFE_INTEGER);
    const places = known.places.get(topic) ?? [];
    return places.slice(firstAbove(places, after));
  };
  return {
    next: (topic, after) =>
      rows.next.get(topic, after) ??
      firstThere(youngAbove(topic, after), (place) => rows.envelope.get({ topic, ...place })),
    ids: (topic, after, limit) => {
      const found = rows.ids.all(topic, after, limit);
      for (const place of found.length < limit ? youngAbove(topic, after) : []) {
        const row = rows.id.get({ topic, ...place });
        if (row && found.push(row) === limit) break;
      }
      return found;
    },
    prefix: (topic, upTo) => [
      ...rows.prefix.all(topic, upTo),
      ...youngAbove(topic, 0)
        .filter(({ sequence }) => sequence <= upTo)
        .flatMap((place) => rows.cost.get({ topic, ...place }) ?? []),
    ],
    add: (topic, sequence, arrival) => {
      known ??= loadYoung(rows, arrival);
      if (arrival <= known.settled) rows.add.run(topic, sequence, arrival);
      else if (enter(known, topic, { sequence, arrival }) > YOUNG_MAX) known = settle(rows, known.settled, arrival);
    },
    remove: (topic, sequence) => void rows.remove.run(topic, sequence),
    removePrefix: (topic, upTo) => {
      rows.removePrefix.run(topic, upTo);
      if (known?.places.has(topic)) known.places.set(topic, [...youngAbove(topic, upTo)]);
    },
    savepoint: () => () => {
      known = undefined;
    },
  };
}

type Rows = ReturnType<typeof prepare>;

/** Those that arrived before `before` and are not in the table. */
function loadYoung(rows: Rows, before: number): Young {
  const young: Young = { settled: Number(rows.mark.get()?.value ?? 0), places: new Map(), count: 0 };
  for (const { topic, sequence, arrival } of rows.young.all(young.settled, before))
    enter(young, topic, { sequence, arrival });
  return young;
}

/** Answers how many there are now. */
function enter(young: Young, topic: number, place: Place): number {
  const places = young.places.get(topic);
  if (places) places.push(place);
  else young.places.set(topic, [place]);
  return ++young.count;
}

function settle(rows: Rows, settled: number, upTo: number): Young {
  rows.settle.run(settled, upTo);
  rows.setMark.run(Buffer.from(String(upTo)));
  return { settled: upTo, places: new Map(), count: 0 };
}

/** Position of the first above `after`, by halving. */
function firstAbove(places: readonly Place[], after: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle]?.sequence ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstThere<T>(places: readonly Place[], get: (place: Place) => T | undefined): T | undefined {
  for (const place of places) {
    const row = get(place);
    if (row) return row;
  }
  return undefined;
}

type Named = Place & { readonly topic: number };
const COST = `${COST_SQL} AS cost`;
// CROSS JOIN fixes the order: numbers by topic, then the envelope of each.
const IN_TABLE = "FROM numbered CROSS JOIN envelope USING (arrival) WHERE numbered.topic = ? AND numbered.sequence";
const IN_MEMORY = "FROM envelope WHERE arrival = @arrival AND topic = @topic AND sequence = @sequence";

function prepare(db: Sqlite.Database) {
  return {
    next: db.prepare<[number, number], { sequence: number; envelope: Buffer }>(
      `SELECT numbered.sequence, envelope ${IN_TABLE} > ? ORDER BY numbered.sequence LIMIT 1`,
    ),
    ids: db.prepare<[number, number, number], { sequence: number; id: Buffer }>(
      `SELECT numbered.sequence, id ${IN_TABLE} > ? ORDER BY numbered.sequence LIMIT ?`,
    ),
    prefix: db.prepare<[number, number], PrefixEnvelope>(`SELECT arrival, id, ${COST} ${IN_TABLE} <= ?`),
    envelope: db.prepare<[Named], { sequence: number; envelope: Buffer }>(`SELECT sequence, envelope ${IN_MEMORY}`),
    id: db.prepare<[Named], { sequence: number; id: Buffer }>(`SELECT sequence, id ${IN_MEMORY}`),
    cost: db.prepare<[Named], PrefixEnvelope>(`SELECT arrival, id, ${COST} ${IN_MEMORY}`),
    young: db.prepare<[number, number], Named>(
      "SELECT topic, sequence, arrival FROM envelope WHERE arrival > ? AND arrival < ? ORDER BY arrival",
    ),
    add: db.prepare<[number, number, number]>(
      "INSERT OR REPLACE INTO numbered (topic, sequence, arrival) VALUES (?, ?, ?)",
    ),
    settle: db.prepare<[number, number]>(
      `INSERT OR REPLACE INTO numbered (topic, sequence, arrival)
        SELECT topic, sequence, arrival FROM envelope WHERE arrival > ? AND arrival <= ? ORDER BY topic, sequence`,
    ),
    remove: db.prepare<[number, number]>("DELETE FROM numbered WHERE topic = ? AND sequence = ?"),
    removePrefix: db.prepare<[number, number]>("DELETE FROM numbered WHERE topic = ? AND sequence <= ?"),
    mark: db.prepare<[], { value: Buffer }>("SELECT value FROM meta WHERE name = 'numbered'"),
    setMark: db.prepare<[Uint8Array]>("INSERT OR REPLACE INTO meta (name, value) VALUES ('numbered', ?)"),
  };
}
