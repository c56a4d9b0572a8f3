/** Times, sizes and names as people read them, in the language of the browser. */
import { safeName } from "../../client/view/safe-text.ts";
import { words } from "./words.ts";

const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const LONG_DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY_MS = 86_400_000;

const isValid = (date: Date): boolean => !Number.isNaN(date.getTime());
const dayNumber = (date: Date): number =>
  Math.floor(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS);

/** "10:42" of an ISO time. */
export function hourWords(iso: string): string {
  const date = new Date(iso);
  return isValid(date) ? HOUR.format(date) : "";
}

/** Date and time of an ISO time. */
export function fullWords(iso: string): string {
  const date = new Date(iso);
  return isValid(date) ? FULL.format(date) : "";
}

/** As a list shows it: an hour of today, a weekday of this week, or a date. */
export function recentWords(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (!isValid(date)) return "";
  const days = dayNumber(now) - dayNumber(date);
  if (days <= 0) return HOUR.format(date);
  if (days === 1) return words.conversation.yesterday;
  return days < 7 ? WEEKDAY.format(date) : SHORT_DAY.format(date);
}

/** A day of the form yyyy-mm-dd, as a divider says it. */
export function dayWords(day: string, now = new Date()): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const then = new Date(year, month - 1, date);
  const days = dayNumber(now) - dayNumber(then);
  if (days === 0) return words.conversation.today;
  if (days === 1) return words.conversation.yesterday;
  return (then.getFullYear() === now.getFullYear() ? LONG_DAY : LONG_DAY_OF_YEAR).format(then);
}

/** "3.4 MiB": the units of the command line. */
export function sizeWords(bytes: number): string {
  const step = Math.min(words.sizes.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  const maximumFractionDigits = step === 0 || value >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(undefined, { maximumFractionDigits }).format(value);
  return words.size(number, words.sizes[step] ?? "");
}

/** A name that somebody chose, harmless; or the beginning of an id; or words that say that there is none. */
export const nameWords = (name: string, id?: string): string => safeName(name) || id?.slice(0, 8) || words.nameless;
