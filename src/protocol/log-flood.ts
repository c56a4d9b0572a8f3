/**
 * Somebody who is out of the group can still sign entries dated back to when they were in. A few of them matter, as
 * conflicts that honest devices had; a flood would only fill the log of everybody.
 * @see PROTOCOL.md § Membership log
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import { memberOfAccount } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";

/** Entries without effect that are kept of one account that is out: more than any honest device writes unheard. */
const OVERRULED_KEPT_MAX = 128;

/** The entry is by an account that is out, and of which enough is kept that does not count. Cheap, before any signature. */
export function isFlood(log: LogState, encoded: Uint8Array): boolean {
  if (log.entries.length < OVERRULED_KEPT_MAX) return false;
  const core = decodeEntry(encoded)?.core;
  const author = core && decodeEntryCore(core)?.author;
  const account = author && log.entries.findLast((each) => equalBytes(each.author, author))?.account;
  const { view, counting } = resolve(log);
  if (!account || memberOfAccount(view, account)) return false;
  let overruled = 0;
  for (const [place, each] of log.entries.entries())
    if (!counting.has(place) && equalBytes(each.account, account)) overruled++;
  return overruled >= OVERRULED_KEPT_MAX;
}
