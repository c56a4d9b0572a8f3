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
import { ENTRY, LOG_HEAD, WHOLE_LOG } from "./records/log.ts";
import { saveLog } from "./saved-log.ts";
import { type RecordType, read, type Step, scan, write } from "./step.ts";

/** The judged log of versions before removals; only ever erased. */
const FIRST_LOG: RecordType<Uint8Array> = { prefix: "log/", codec: raw(0) };

/** The log as it is kept today, unless it is: from that of the version before, or judged again from the saved entries. */
export function* rebuildLog(work: Work, group: GroupId): Step<void> {
  const id = toHex(group);
  if (yield* read(work, LOG_HEAD, id)) return;
  const log = (yield* read(work, WHOLE_LOG, id)) ?? (yield* judgedAgain(work, group));
  if (!log) return;
  yield* saveLog(work, log);
  write(work, WHOLE_LOG, id, null);
  write(work, FIRST_LOG, id, null);
}

function* judgedAgain(work: Work, group: GroupId): Step<LogState | undefined> {
  const saved = yield* scan(work, ENTRY, `${toHex(group)}/`, LOG_ENTRIES_MAX);
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
  return log;
}
