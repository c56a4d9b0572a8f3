/**
 * A stretch of a conversation without holes: all lines that this device has between its first and its last.
 *
 * 1. Lines are in the order of the profile (depth, time, id), each id once.
 * 2. `atStart`, `atEnd`: nothing older, nothing newer is stored. What arrives beyond an open end is left out: it comes
 *    with the page that is loaded there.
 * 3. Nothing is changed in place; what is not touched stays the same object.
 */
import type { MessageView } from "../api.ts";

export interface LineWindow {
  readonly lines: readonly MessageView[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

export const EMPTY_WINDOW: LineWindow = { lines: [], atStart: false, atEnd: false };

/** Lines that a window holds before its far end is let go: some hours of scrolling, a few MB. */
const WINDOW_LINES_MAX = 5_000;
const ISO_LENGTH = 24;

/** The order of the profile. */
export function compareLines(a: MessageView, b: MessageView): number {
  return a.depth - b.depth || compareTimes(a.sentAt, b.sentAt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Times of today's years compare as texts; a claimed year 200,000 does not. */
function compareTimes(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length === ISO_LENGTH && b.length === ISO_LENGTH) return a < b ? -1 : 1;
  return Date.parse(a) - Date.parse(b);
}

/** Place of the first line that is not before `line`. */
export function placeOf(lines: readonly MessageView[], line: MessageView): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = lines[middle];
    if (there !== undefined && compareLines(there, line) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two ordered lists as one; where both have a line, that of `newer` counts. */
function mergeLines(older: readonly MessageView[], newer: readonly MessageView[]): readonly MessageView[] {
  const [first, last] = [newer[0], newer.at(-1)];
  if (first === undefined || last === undefined) return older;
  const ids = new Set(newer.map(({ id }) => id));
  const rest = older.filter(({ id }) => !ids.has(id));
  const merged: MessageView[] = [];
  let next = 0;
  for (const line of rest) {
    for (let other = newer[next]; other && compareLines(other, line) < 0; other = newer[++next]) merged.push(other);
    merged.push(line);
  }
  return [...merged, ...newer.slice(next)];
}

/** A page of `limit` lines that ends where the window begins. */
export function withOlder(window: LineWindow, page: readonly MessageView[], limit: number): LineWindow {
  const lines = mergeLines(window.lines, page);
  const isFull = lines.length > WINDOW_LINES_MAX;
  return {
    lines: isFull ? lines.slice(0, WINDOW_LINES_MAX) : lines,
    atStart: page.length < limit,
    atEnd: window.atEnd && !isFull,
  };
}

/** A page of `limit` lines that begins where the window ends. */
export function withNewer(window: LineWindow, page: readonly MessageView[], limit: number): LineWindow {
  const lines = mergeLines(window.lines, page);
  const isFull = lines.length > WINDOW_LINES_MAX;
  return {
    lines: isFull ? lines.slice(-WINDOW_LINES_MAX) : lines,
    atStart: window.atStart && !isFull,
    atEnd: page.length < limit,
  };
}

/** The newest page: joined to the window where both have a line, else in its place. */
export function withNewest(window: LineWindow, page: readonly MessageView[], limit: number): LineWindow {
  const ids = new Set(page.map(({ id }) => id));
  const isJoined = window.lines.some(({ id }) => ids.has(id)) && page.length === limit;
  if (!isJoined) return { lines: page, atStart: page.length < limit, atEnd: true };
  return { lines: mergeLines(window.lines, page), atStart: window.atStart, atEnd: true };
}

/** A line that has just arrived, or has changed. The same window when it is beyond an open end. */
export function withLine(window: LineWindow, line: MessageView): LineWindow {
  const { lines, atStart, atEnd } = window;
  const place = placeOf(lines, line);
  if (lines[place]?.id === line.id) return { ...window, lines: lines.with(place, line) };
  if ((place === 0 && !atStart) || (place === lines.length && !atEnd)) return window;
  const added = lines.toSpliced(place, 0, line);
  // In large steps, so that one more line costs little.
  if (added.length <= 2 * WINDOW_LINES_MAX) return { ...window, lines: added };
  return { lines: added.slice(-WINDOW_LINES_MAX), atStart: false, atEnd };
}

/** The line with this id as `change` makes it, or away with it; the same window when it is not there. */
export function changeLine(
  window: LineWindow,
  id: string,
  change: (line: MessageView) => MessageView | undefined,
): LineWindow {
  // What changes is most often new.
  const place = window.lines.findLastIndex((line) => line.id === id);
  const line = window.lines[place];
  if (line === undefined) return window;
  const changed = change(line);
  return { ...window, lines: changed ? window.lines.with(place, changed) : window.lines.toSpliced(place, 1) };
}
