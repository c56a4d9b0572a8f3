/** Lines for tests of the view: depth and time follow n, one second apart. */
import type { MessageView } from "../../../src/client/api.ts";

/** Our own account. */
export const ME = { account: "aa".repeat(32), name: "Ana" };
export const BEN = { account: "bb".repeat(32), name: "Ben" };

export const START_MS = Date.UTC(2026, 10, 23, 10);

export function line(n: number, change: Partial<MessageView> = {}): MessageView {
  return {
    id: n.toString(16).padStart(64, "0"),
    from: BEN,
    sentAt: new Date(START_MS + n * 1_000).toISOString(),
    kind: "text",
    text: `line ${n}`,
    depth: n,
    ...change,
  };
}

/** The calendar of a place without summer time. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
