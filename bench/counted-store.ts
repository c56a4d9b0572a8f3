/** Stores of people who come back: filled beforehand, and watched for what arrives. */
import type { ProfileStore } from "../src/client/ports/profile.ts";
import { linesIn } from "./memory-store.ts";

/** Longest wait (ms). */
const PATIENCE_MS = 600_000;

/** `store`, which says when so many lines have been committed. */
export function counting(
  store: ProfileStore,
  lines: number,
): { readonly store: ProfileStore; readonly full: Promise<void> } {
  let count = 0;
  let done: () => void = () => undefined;
  const full = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${count} messages came`)), PATIENCE_MS);
    done = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  const commit: ProfileStore["commit"] = async (changes) => {
    await store.commit(changes);
    count += changes.lines.length;
    if (count >= lines) done();
  };
  return { store: { ...store, commit }, full };
}

/** Moves a profile that was made in memory: a sync for each step of making it would take minutes. `from` is closed. */
export async function moveRecords(from: ProfileStore, to: ProfileStore): Promise<void> {
  const records = new Map(await from.scan("", { limit: Number.MAX_SAFE_INTEGER }));
  await to.commit({ records, lines: linesIn(from), removedLines: [], lineStates: [] }); // a line says that its message is here
  await from.close();
}
