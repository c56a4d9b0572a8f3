/**
 * Lines as rows: days between them, where the new begins, and who wrote several in a row.
 *
 * 1. Each line is one row, in the order of lines; rows keep their ids, and stay the same object while nothing of them
 *    changes, so that a screen draws again only what changed.
 * 2. A row's number (`firstIndex` + its place) stays while others come or go in front of it.
 */
import type { MessageView } from "../api.ts";
import type { MessageRow, Row } from "./view-state.ts";

/** Two messages of one person belong together when they are less than this apart (ms). */
const TOGETHER_MS = 300_000;
/** Number of the first row of a conversation at first: more may come in front than anybody writes. */
const FIRST_INDEX = 1_000_000_000;

/** What rows are made of. */
export interface RowParts {
  readonly lines: readonly MessageView[];
  /** Our own account. */
  readonly account: string;
  /** Ours that no line stands for yet, oldest first; shown behind all lines. */
  readonly pending: readonly MessageRow[];
  /** Line id -> row id, for lines that were shown before they had their id. */
  readonly names: ReadonlyMap<string, string>;
  /** The first line that was new when people came, and how many were. */
  readonly unread: { readonly line: string; readonly count: number } | undefined;
  /** Local day of a time in ms, as yyyy-mm-dd. */
  readonly dayOf: (ms: number) => string;
}

/** Rows, and what makes the next ones cheap. */
export interface RowSheet {
  readonly rows: readonly Row[];
  readonly firstIndex: number;
  readonly unreadRowId: string | undefined;
  /** Row id -> the row, and when its line was written. */
  readonly made: ReadonlyMap<string, MadeRow>;
}

interface MadeRow {
  readonly row: Row;
  readonly at: LineTime;
}

/** When a line was written: ms, and the local day. */
interface LineTime {
  readonly ms: number;
  readonly day: string;
}

/** A line, or one that is going to be. */
interface Entry {
  readonly id: string;
  readonly line: MessageView;
  readonly at: LineTime;
  readonly pending: MessageRow | undefined;
}

export const EMPTY_SHEET: RowSheet = { rows: [], firstIndex: FIRST_INDEX, unreadRowId: undefined, made: new Map() };

/** The rows of these lines; what is as in `before` is taken over. */
export function rowsOf(parts: RowParts, before: RowSheet): RowSheet {
  const { unread, account } = parts;
  const entries = entriesOf(parts, before);
  const made = new Map<string, MadeRow>();
  const add = (row: Row, at: LineTime): void => {
    const known = before.made.get(row.id)?.row;
    made.set(row.id, { row: known && isSameRow(known, row) ? known : row, at });
  };
  let unreadRowId: string | undefined;
  for (const [i, entry] of entries.entries()) {
    const { line, at } = entry;
    const previous = entries[i - 1];
    if (previous?.at.day !== at.day) add({ kind: "day", id: `day ${entry.id}`, day: at.day }, at);
    const isFirstNew = line.id === unread?.line;
    if (isFirstNew) {
      unreadRowId = `unread ${line.id}`;
      add({ kind: "unread", id: unreadRowId, count: unread.count }, at);
    }
    const next = entries[i + 1];
    const first = isFirstNew || !areTogether(previous, entry);
    const last = next === undefined || next.line.id === unread?.line || !areTogether(entry, next);
    add(lineRow(entry, { own: line.from.account === account, first, last }), at);
  }
  const rows = [...made.values()].map(({ row }) => row);
  return { rows, firstIndex: firstIndexOf(rows, before), unreadRowId, made };
}

function entriesOf({ lines, pending, names, dayOf }: RowParts, { made }: RowSheet): readonly Entry[] {
  const timeOf = (id: string, { sentAt }: MessageView): LineTime => {
    const known = made.get(id);
    if (known?.row.kind === "message" && known.row.line.sentAt === sentAt) return known.at;
    const ms = Date.parse(sentAt);
    return { ms, day: dayOf(ms) };
  };
  const entries = lines.map((line): Entry => {
    const id = names.get(line.id) ?? line.id;
    return { id, line, at: timeOf(id, line), pending: undefined };
  });
  for (const row of pending) {
    entries.push({ id: row.id, line: row.line, at: timeOf(row.id, row.line), pending: row });
  }
  return entries;
}

function lineRow(
  { id, line, pending }: Entry,
  place: { readonly own: boolean; readonly first: boolean; readonly last: boolean },
): Row {
  if (line.kind === "system") return { kind: "system", id, line };
  if (pending) return { ...pending, ...place };
  return { kind: "message", id, line, ...place };
}

/** By one person, on one day, with little time in between. */
function areTogether(earlier: Entry | undefined, later: Entry): boolean {
  if (earlier === undefined || earlier.line.kind === "system" || later.line.kind === "system") return false;
  const isSoon = Math.abs(later.at.ms - earlier.at.ms) < TOGETHER_MS;
  return isSoon && earlier.at.day === later.at.day && earlier.line.from.account === later.line.from.account;
}

function isSameRow(a: Row, b: Row): boolean {
  switch (a.kind) {
    case "day":
      return b.kind === "day" && a.day === b.day;
    case "unread":
      return b.kind === "unread" && a.count === b.count;
    case "system":
      return b.kind === "system" && a.line === b.line;
    case "message":
      return (
        b.kind === "message" && a.line === b.line && a.first === b.first && a.last === b.last && a.sending === b.sending
      );
  }
}

/** The number of the first row that lets all others keep theirs. */
function firstIndexOf(rows: readonly Row[], before: RowSheet): number {
  if (rows[0]?.id === before.rows[0]?.id) return before.firstIndex;
  const places = new Map(rows.map(({ id }, place) => [id, place]));
  for (const [place, { id }] of before.rows.entries()) {
    const now = places.get(id);
    if (now !== undefined) return before.firstIndex + place - now;
  }
  return FIRST_INDEX;
}
