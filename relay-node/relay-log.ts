/**
 * Structured log: one JSON object a line. Fields are counts, sizes, codes and sentences of our own; no PeerId, topic,
 * address of a client or anything else that names a person is ever given to it.
 */
import { LOG_LEVELS, type LogLevel } from "./settings.ts";

/** Values of a line. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Writes a line if its level is wanted. */
export type RelayLog = (level: LogLevel, event: string, fields?: LogFields) => void;

/** What the log needs. */
export interface RelayLogOptions {
  readonly level: LogLevel;
  /** Of the relay, put into each line; empty for none. */
  readonly name: string;
  readonly write: (text: string) => void;
}

/** A log of lines `{"time","level","event",...}`. */
export function createRelayLog({ level, name, write }: RelayLogOptions): RelayLog {
  const wanted = LOG_LEVELS.indexOf(level);
  return (of, event, fields = {}) => {
    if (LOG_LEVELS.indexOf(of) > wanted) return;
    const relay = name === "" ? {} : { relay: name };
    write(`${JSON.stringify({ time: new Date().toISOString(), level: of, ...relay, event, ...fields })}\n`);
  };
}
