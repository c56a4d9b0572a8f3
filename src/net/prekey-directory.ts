/** The prekey directory as its service sees it. Entries are verified (slot signature) before they get here. */
import type { DirectoryKey, SlotKey } from "../wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../wire/prekey-frames.ts";

export interface PrekeyDirectory {
  /** Durable when it resolves. `stale` when `publishedAt` does not grow; `full` when all slots belong to others. */
  readonly publish: (
    record: DirectoryRecord,
  ) => Promise<
    { readonly kind: "published"; readonly left: number } | { readonly kind: "stale" | "full" | "unavailable" }
  >;
  /** Every slot's bundle with at most one one-time prekey each, which is erased before this resolves. */
  readonly take: (directoryKey: DirectoryKey) => Promise<readonly TakenPrekeys[]>;
  /** The bundles alone, as {@link take} answers them when no one-time prekeys are left. */
  readonly peek: (directoryKey: DirectoryKey) => Promise<readonly TakenPrekeys[]>;
  readonly count: (directoryKey: DirectoryKey, slot: SlotKey) => Promise<number>;
}
