/**
 * Records of earlier versions, brought to today's form when the program starts.
 * @see PROTOCOL.md § Saved records
 */
import { raw } from "../wire/codec.ts";
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { LOG_ENTRIES_MAX, type LogState } from "./log-state.ts";
import { acceptEntry } from "./membership-log.ts";
import { ENTRY, LOG } from "./records.ts";
import { type RecordType, read, type Step, scan, write } from "./step.ts";

/** The judged log of versions before removals; only ever erased. */
const FIRST_LOG: RecordType<Uint8Array> = { prefix: "log/", codec: raw(0) };

/** Judges a group's saved entries again unless that was done. */
export function* rebuildLog(work: Work, group: GroupId): Step<void> {
  const id = toHex(group);
  if (yield* read(work, LOG, id)) return;
  const saved = yield* scan(work, ENTRY, `${id}/`, LOG_ENTRIES_MAX);
  let log: LogState | undefined;
  let waiting = saved.map(([, { encoded }]) => encoded);
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    const still: Uint8Array[] = [];
    for (const encoded of waiting) {
      const verdict = acceptEntry(work.p, group, log, encoded);
      if (verdict.kind === "accepted") log = verdict.log;
      else if (verdict.kind === "waiting") still.push(encoded);
    }
    waiting = still;
  }
  if (!log) return;
  write(work, LOG, id, log);
  write(work, FIRST_LOG, id, null);
}
