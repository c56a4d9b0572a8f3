/**
 * How much of others' files is fetched without asking: a message of a few hundred bytes must not fill a disk.
 *
 * 1. Accounts cost nothing, so there is a bound for all people together, which no number of them makes begin anew.
 * 2. Whoever put us into groups unasked, and whoever is in them, counts as one person.
 */
import type { AccountKey } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";

/** Files of the largest automatic size that one person may have fetched in ALLOWANCE_MS: an evening's pictures. */
const LARGE_FILES_MAX = 32;
/** And of any size: an empty one takes a place in a directory. */
const FILES_MAX = 1_000;
/** Persons whose all may be fetched in that time: with files of 10 MiB 3.2 GiB a day. */
const PERSONS_AT_ONCE = 10;
const ALLOWANCE_MS = 86_400_000;
/** Persons of whom is kept count; then each begins anew. */
const PERSONS_MAX = 10_000;

/**
 * Whether a file of that size (bytes) may be fetched without asking; counts it if so. `from` is undefined in a group that we
 * were put into unasked.
 */
export type FileAllowance = (from: AccountKey | undefined, sizeBytes: number) => boolean;

interface Count {
  readonly sinceMs: number;
  bytes: number;
  files: number;
}

/** `largestBytes`: files above are never fetched so; 0: none. Counts end with the program. */
export function createFileAllowance(largestBytes: number, nowMs: () => number): FileAllowance {
  const persons = new Map<string, Count>();
  const fresh = (): Count => ({ sinceMs: nowMs(), bytes: 0, files: 0 });
  const isOver = ({ sinceMs }: Count): boolean => nowMs() - sinceMs >= ALLOWANCE_MS;
  let all = fresh();
  const countOf = (name: string): Count => {
    const known = persons.get(name);
    if (known && !isOver(known)) return known;
    if (persons.size >= PERSONS_MAX) persons.clear();
    const count = fresh();
    persons.set(name, count);
    return count;
  };
  return (from, sizeBytes) => {
    if (largestBytes === 0 || sizeBytes > largestBytes) return false;
    if (isOver(all)) all = fresh();
    const count = countOf(from ? toHex(from) : "");
    const hasRoom = ({ bytes, files }: Count, times: number): boolean =>
      bytes + sizeBytes <= times * LARGE_FILES_MAX * largestBytes && files < times * FILES_MAX;
    if (!hasRoom(count, 1) || !hasRoom(all, PERSONS_AT_ONCE)) return false;
    for (const each of [count, all]) {
      each.bytes += sizeBytes;
      each.files++;
    }
    return true;
  };
}
