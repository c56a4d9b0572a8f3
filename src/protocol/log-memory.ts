/**
 * Saved logs that were read or written a moment ago. A long log is thousands of small records: decoding one, and judging
 * it again, takes far longer than comparing its bytes with those of the last time.
 *
 * 1. A log is taken from here only if its whole encoding is the same, so it is what decoding would give.
 * 2. Logs are immutable, so what is derived from one (its graph, its resolution) is still good.
 */
import { equalBytes } from "../verify/transcript.ts";
import { type Codec, encode, reserve } from "../wire/codec.ts";
import { LogEntry, LogState } from "./log-state.ts";

/** Logs remembered: of the groups in which something happens at a time. */
const LOGS_MAX = 16;
/** Bytes of a log that is remembered: 40,000 entries. More would cost more memory than it saves time. */
const FORM_MAX_BYTES = 10_485_760;
/** Place of the count of entries in the encoding: after the group's id. */
const COUNT_AT = 32;

interface Remembered {
  readonly form: Uint8Array;
  readonly log: LogState;
}

let recent: readonly Remembered[] = [];
const forms = new WeakMap<LogState, Uint8Array>();

function remember(log: LogState, form: Uint8Array): void {
  if (form.length > FORM_MAX_BYTES) return;
  forms.set(log, form);
  recent = [{ form, log }, ...recent.filter((each) => each.log !== log)].slice(0, LOGS_MAX);
}

/** A log has become longer by an entry: so has its encoding, if it is known. */
export function rememberLonger(log: LogState, longer: LogState, entry: LogEntry): void {
  const form = forms.get(log);
  if (!form) return;
  const added = encode(LogEntry, entry);
  const whole = new Uint8Array(form.length + added.length);
  whole.set(form);
  whole.set(added, form.length);
  new DataView(whole.buffer).setUint32(COUNT_AT, longer.entries.length);
  forms.set(longer, whole);
}

/** LogState as a record of its own: to the end of the bytes. */
export const RememberedLog: Codec<LogState> = {
  write: (w, log) => {
    const form = forms.get(log) ?? encode(LogState, log);
    const at = reserve(w, form.length);
    w.bytes.set(form, at);
    remember(log, form);
  },
  read: (r) => {
    const rest = r.bytes.subarray(r.offset);
    const known = recent.find(({ form }) => form.length === rest.length && equalBytes(form, rest));
    if (known) {
      r.offset += rest.length;
      return known.log;
    }
    const log = LogState.read(r);
    if (r.offset === r.bytes.length) remember(log, rest.slice());
    return log;
  },
};
