/**
 * Records of earlier versions, brought to today's form when the program starts.
 * @see PROTOCOL.md § Saved records
 */
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { LOG_HEAD, WHOLE_LOG } from "./records/log.ts";
import { saveLog } from "./saved-log.ts";
import { read, type Step, write } from "./step.ts";

/** A log that was saved whole, as it is kept today. */
export function* divideLog(work: Work, group: GroupId): Step<void> {
  const id = toHex(group);
  if (yield* read(work, LOG_HEAD, id)) return;
  const log = yield* read(work, WHOLE_LOG, id);
  if (!log) return;
  yield* saveLog(work, log);
  write(work, WHOLE_LOG, id, null);
}
