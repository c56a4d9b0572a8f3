/**
 * Conversations in the profile database.
 *
 * 1. History is ordered by (depth, sentAtMs, id): the same on every device that has the same lines.
 * 2. `arrival` grows with every line that is committed; the read mark is an arrival.
 * 3. A withdrawn line is kept, and no query finds it.
 * 4. Every query finds its page by an index; none sorts a conversation. A search and the unread lines are sorted when found.
 */
import type Database from "better-sqlite3-multiple-ciphers";
import type { ConversationLine, HistoryQuery, ProfileChanges } from "../client/ports/profile.ts";
import { Fault } from "../wire/fault.ts";
import { searchExpression } from "./search-words.ts";

/** Pages are held in memory whole. */
const MAX_PAGE_LINES = 10_000;

const COLUMNS =
  "id, depth, sent_at_ms AS sentAtMs, account, device, name, kind, line.text AS text, state, devices, devices_of AS devicesOf";
const BEFORE = "AND (depth, sent_at_ms, id) < (@depth, @sentAtMs, @id)";
const AFTER = "AND (depth, sent_at_ms, id) > (@depth, @sentAtMs, @id)";
const OLDEST = "ORDER BY depth, sent_at_ms, id LIMIT @limit";
const NEWEST = "ORDER BY depth DESC, sent_at_ms DESC, id DESC LIMIT @limit";
const PAGE = `SELECT ${COLUMNS} FROM line WHERE conversation = @conversation AND state <> 'withdrawn'`;
// CROSS JOIN fixes the order: the words first, then each line they are in.
const FOUND = `SELECT ${COLUMNS} FROM line_text CROSS JOIN line ON line.arrival = line_text.rowid
  WHERE line_text MATCH @words AND conversation = @conversation AND state <> 'withdrawn'`;

const READ = "(SELECT read_arrival FROM conversation WHERE number = @conversation)";
const unreadAfter = (arrival: string): string => `${PAGE} AND arrival > ${arrival}
    AND state = 'received' AND kind <> 'system'`;
const UNREAD = unreadAfter(READ);

// By name: SQLite prefers the index of the order, which has whole ids, and looks through a conversation there.
const BY_ID = "INDEXED BY line_by_id";
const WITH_ID = "WHERE conversation = @conversation AND substr(id, -12) = substr(@id, -12) AND id = @id";

/** Statements of the tables, exported for the test that explains their plans. */
export const CONVERSATION_SQL = {
  find: "SELECT number FROM conversation WHERE group_id = ?",
  start: "INSERT INTO conversation (group_id) VALUES (?)",
  // These two by position: names are looked up with each call, and a message that comes in runs both.
  known: `SELECT 1 FROM line ${BY_ID} WHERE conversation = ? AND substr(id, -12) = substr(?, -12) AND id = ?`,
  insert: `INSERT INTO line (conversation, id, depth, sent_at_ms, account, device, name, kind, text, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  index: "INSERT INTO line_text (rowid, text) VALUES (?, ?)",
  arrivalOf: `SELECT arrival, text FROM line ${BY_ID} ${WITH_ID}`,
  remove: "DELETE FROM line WHERE arrival = ?",
  unindex: "INSERT INTO line_text (line_text, rowid, text) VALUES ('delete', ?, ?)",
  setState: `UPDATE line ${BY_ID} SET state = @state ${WITH_ID}`,
  setDelivery: `UPDATE line ${BY_ID} SET devices = @devices, devices_of = @of ${WITH_ID}`,
  line: `SELECT ${COLUMNS} FROM line ${BY_ID} ${WITH_ID} AND state <> 'withdrawn'`,
  depth: `SELECT depth FROM line ${BY_ID} ${WITH_ID}`,
  page: `${PAGE} ${NEWEST}`,
  pageBefore: `${PAGE} ${BEFORE} ${NEWEST}`,
  pageAfter: `${PAGE} ${AFTER} ${OLDEST}`,
  found: `${FOUND} ${NEWEST}`,
  foundBefore: `${FOUND} ${BEFORE} ${NEWEST}`,
  newestUnread: `${UNREAD} ${NEWEST}`,
  newestSince: `${unreadAfter(`min(@since, ${READ})`)} ${NEWEST}`,
  oldestUnread: `${UNREAD} ${OLDEST}`,
  latestUnread: `${UNREAD} ORDER BY arrival DESC LIMIT @limit`,
  unread: `SELECT count(*) AS lines FROM conversation JOIN line ON line.conversation = number
    WHERE group_id = ? AND arrival > read_arrival AND state = 'received' AND kind <> 'system'`,
  markRead: "UPDATE conversation SET read_arrival = (SELECT coalesce(max(arrival), 0) FROM line) WHERE group_id = ?",
  arrivals: "SELECT coalesce(max(arrival), 0) AS arrival FROM line",
  markReadUntil: "UPDATE conversation SET read_arrival = max(read_arrival, ?) WHERE group_id = ?",
} as const;

type Row = Omit<ConversationLine, "group" | "delivery"> & {
  readonly devices: number | null;
  readonly devicesOf: number | null;
};
type Parameters = Readonly<Record<string, string | number>>;

/** Synchronous face of the tables. */
export interface ConversationTable {
  /** Inside a transaction of the caller. */
  readonly write: (changes: Pick<ProfileChanges, "lines" | "removedLines" | "lineStates">) => void;
  readonly history: (query: HistoryQuery) => readonly ConversationLine[];
  readonly line: (group: string, id: string) => ConversationLine | undefined;
  readonly lineDepth: (group: string, id: string) => number | undefined;
  readonly unread: (group: string) => number;
  readonly markRead: (group: string, shown?: readonly string[]) => void;
  readonly arrivals: (group?: string, shown?: readonly string[]) => number;
}

/** The tables of an open database. */
export function conversationTable(database: Database.Database): ConversationTable {
  const find = database.prepare<[string], { number: number }>(CONVERSATION_SQL.find);
  const one = database.prepare<[Parameters], Row>(CONVERSATION_SQL.line);
  const unread = database.prepare<[string], { lines: number }>(CONVERSATION_SQL.unread);
  const markRead = database.prepare<[string]>(CONVERSATION_SQL.markRead);
  const markReadUntil = database.prepare<[number, string]>(CONVERSATION_SQL.markReadUntil);
  const arrived = database.prepare<[Parameters], { arrival: number }>(CONVERSATION_SQL.arrivalOf);
  const newest = database.prepare<[], { arrival: number }>(CONVERSATION_SQL.arrivals);
  const lastOf = (group: string, ids: readonly string[]): number => {
    const conversation = numberOf(group) ?? 0;
    return ids.reduce((latest, id) => Math.max(latest, arrived.get({ conversation, id })?.arrival ?? 0), 0);
  };
  const setState = database.prepare<[Parameters]>(CONVERSATION_SQL.setState);
  const depth = database.prepare<[Parameters], { depth: number }>(CONVERSATION_SQL.depth);
  const numberOf = (group: string) => find.get(group)?.number;
  const setDelivery = database.prepare<[Parameters]>(CONVERSATION_SQL.setDelivery);
  const insertLines = lineWriter(database, numberOf);
  const removeLines = lineRemover(database, numberOf);
  const line = (group: string, id: string) => {
    const row = one.get({ conversation: numberOf(group) ?? 0, id });
    return row === undefined ? undefined : lineOf(group, row);
  };
  return {
    write: ({ lines, removedLines, lineStates }) => {
      // Steps that share a commit come in order: a line may be written by one and sealed again by the next.
      insertLines(lines);
      removeLines(removedLines);
      for (const { group, id, state, delivery } of lineStates) {
        const conversation = numberOf(group) ?? 0;
        setState.run({ state, conversation, id });
        if (delivery) setDelivery.run({ ...delivery, conversation, id });
      }
    },
    history: historyReader(database, numberOf, line),
    line,
    lineDepth: (group, id) => depth.get({ conversation: numberOf(group) ?? 0, id })?.depth,
    unread: (group) => unread.get(group)?.lines ?? 0,
    markRead: (group, shown) => {
      if (shown === undefined) markRead.run(group);
      else markReadUntil.run(lastOf(group, shown), group);
    },
    arrivals: (group, shown) =>
      group === undefined || shown === undefined ? (newest.get()?.arrival ?? 0) : lastOf(group, shown),
  };
}

type NumberOf = (group: string) => number | undefined;

function lineWriter(database: Database.Database, numberOf: NumberOf): (lines: ProfileChanges["lines"]) => void {
  const start = database.prepare<[string]>(CONVERSATION_SQL.start);
  const known = database.prepare<[number, string, string]>(CONVERSATION_SQL.known);
  const insert = database.prepare<(number | string)[]>(CONVERSATION_SQL.insert);
  const index = database.prepare<[number | bigint, string]>(CONVERSATION_SQL.index);
  return (lines) => {
    const numbers = new Map<string, number>(); // messages that come in together are of few groups
    for (const { group, id, depth, sentAtMs, account, device, name, kind, text, state } of lines) {
      const conversation = numbers.get(group) ?? numberOf(group) ?? Number(start.run(group).lastInsertRowid);
      numbers.set(group, conversation);
      if (known.get(conversation, id, id) !== undefined) continue;
      const row = insert.run(conversation, id, depth, sentAtMs, account, device, name, kind, text, state);
      index.run(row.lastInsertRowid, text);
    }
  };
}

function lineRemover(database: Database.Database, numberOf: NumberOf): (lines: ProfileChanges["removedLines"]) => void {
  const find = database.prepare<[Parameters], { arrival: number; text: string }>(CONVERSATION_SQL.arrivalOf);
  const unindex = database.prepare<[number, string]>(CONVERSATION_SQL.unindex);
  const remove = database.prepare<[number]>(CONVERSATION_SQL.remove);
  return (lines) => {
    for (const { group, id } of lines) {
      const found = find.get({ conversation: numberOf(group) ?? 0, id });
      if (found === undefined) continue;
      unindex.run(found.arrival, found.text);
      remove.run(found.arrival);
    }
  };
}

function historyReader(
  database: Database.Database,
  numberOf: NumberOf,
  lineById: ConversationTable["line"],
): ConversationTable["history"] {
  const prepare = (sql: string) => database.prepare<[Parameters], Row>(sql);
  const all = { first: prepare(CONVERSATION_SQL.page), before: prepare(CONVERSATION_SQL.pageBefore) };
  const found = { first: prepare(CONVERSATION_SQL.found), before: prepare(CONVERSATION_SQL.foundBefore) };
  const pageAfter = prepare(CONVERSATION_SQL.pageAfter);
  const newestUnread = prepare(CONVERSATION_SQL.newestUnread);
  const newestSince = prepare(CONVERSATION_SQL.newestSince);
  const oldestUnread = prepare(CONVERSATION_SQL.oldestUnread);
  const latestUnread = prepare(CONVERSATION_SQL.latestUnread);
  return ({ group, limit, before, after, search, unread, since }) => {
    checkLimit(limit);
    const place = before ?? after;
    const anchor = place === undefined ? undefined : lineById(group, place);
    if (place !== undefined && anchor === undefined) throw unknownLineFault();
    const conversation = numberOf(group);
    if (conversation === undefined) return [];
    if (unread === "oldest") return named(group, oldestUnread.all({ conversation, limit }));
    if (unread === "latest") return inOrder(group, latestUnread.all({ conversation, limit }));
    if (unread === "newest" && since !== undefined)
      return inOrder(group, newestSince.all({ conversation, limit, since }));
    if (unread === "newest") return inOrder(group, newestUnread.all({ conversation, limit }));
    if (after !== undefined && anchor) return named(group, pageAfter.all({ conversation, limit, ...placeOf(anchor) }));
    const words = searchExpression(search ?? "");
    const statements = words === undefined ? all : found;
    const parameters = { conversation, limit, ...(words === undefined ? {} : { words }) };
    const rows =
      anchor === undefined
        ? statements.first.all(parameters)
        : statements.before.all({ ...parameters, ...placeOf(anchor) });
    return inOrder(group, rows);
  };
}

const placeOf = ({ depth, sentAtMs, id }: ConversationLine) => ({ depth, sentAtMs, id });

const named = (group: string, rows: readonly Row[]): readonly ConversationLine[] =>
  rows.map((row) => lineOf(group, row));

function lineOf(group: string, { devices, devicesOf, ...row }: Row): ConversationLine {
  if (devices === null || devicesOf === null) return { group, ...row };
  return { group, ...row, delivery: { devices, of: devicesOf } };
}

/** A page that was read backwards. */
const inOrder = (group: string, rows: readonly Row[]): readonly ConversationLine[] => named(group, rows.toReversed());

function checkLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_PAGE_LINES) return;
  throw new Fault(
    "usage/bad-argument",
    `a page of history has 1 to ${MAX_PAGE_LINES} lines, so nothing was read; ask for a number in between.`,
  );
}

function unknownLineFault(): Fault {
  return new Fault(
    "usage/not-found",
    "no message with that id is stored in this conversation, so there is nothing before or after it; check the id.",
  );
}
