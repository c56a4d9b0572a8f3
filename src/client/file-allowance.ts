/** How much of one person's files is fetched without asking: a message of a few hundred bytes must not fill a disk. */
import type { AccountKey } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";

/** Files of the largest automatic size that one person may have fetched in ALLOWANCE_MS: an evening's pictures. */
const LARGE_FILES_MAX = 32;
/** And of any size: an empty one takes a place in a directory. */
const FILES_MAX = 1_000;
const ALLOWANCE_MS = 86_400_000;
/** Persons of whom is kept count; then all begin anew. */
const PERSONS_MAX = 10_000;

/** Whether a file of that size (bytes) may be fetched without asking; counts it if so. */
export type FileAllowance = (from: AccountKey, sizeBytes: number) => boolean;

/** `largestBytes`: files above are never fetched so; 0: none. Counts end with the program. */
export function createFileAllowance(largestBytes: number, nowMs: () => number): FileAllowance {
  const counts = new Map<string, { readonly sinceMs: number; bytes: number; files: number }>();
  return (from, sizeBytes) => {
    if (largestBytes === 0 || sizeBytes > largestBytes) return false;
    const name = toHex(from);
    const known = counts.get(name);
    const isOver = known === undefined || nowMs() - known.sinceMs >= ALLOWANCE_MS;
    if (isOver && counts.size >= PERSONS_MAX) counts.clear();
    const count = isOver ? { sinceMs: nowMs(), bytes: 0, files: 0 } : known;
    counts.set(name, count);
    if (count.bytes + sizeBytes > LARGE_FILES_MAX * largestBytes || count.files >= FILES_MAX) return false;
    count.bytes += sizeBytes;
    count.files++;
    return true;
  };
}
