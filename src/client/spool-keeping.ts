/**
 * What can be read only once is kept as sealed chunks beside the profile, so that it can be given again to whoever misses it;
 * not for ever.
 *
 * 1. A spool goes with its file (cancelled, failed), KEPT_MS after it was sent, or when a crash has left it without a file.
 */
import type { FileContext } from "./file-transfer.ts";
import { savedFiles } from "./saved-files.ts";

/** Ms for which a spool of ours is kept: twice as long as relays keep chunks unless told otherwise. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Whether a spool of that age is still there to be given. */
export const isKept = (sentAtMs: number, nowMs: number): boolean => nowMs - sentAtMs < KEPT_MS;

/** Removes spools whose time is over. `orphans`: also those of no file; only where nothing is being sealed. */
export async function removeOldSpools(
  { store, parts, clock }: Pick<FileContext, "store" | "parts" | "clock">,
  orphans: "orphans" | "old",
): Promise<void> {
  const spools = new Set(await parts.spools());
  if (spools.size === 0) return;
  const nowMs = clock.nowMs();
  const kept = new Set<string>();
  const old = new Set<string>();
  for await (const [, { stage, at }] of savedFiles(store)) {
    if (!("saved" in stage) || !stage.saved.isSpool) continue;
    const isOver = stage.kind === "sent" && !isKept(at, nowMs);
    (isOver ? old : kept).add(stage.saved.path);
  }
  for (const path of spools) if (orphans === "orphans" ? !kept.has(path) : old.has(path)) await parts.remove(path);
}
