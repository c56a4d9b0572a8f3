/** One line at the terminal that says how far a file is; nothing where nobody looks. */
import type { FileView } from "../client/file-api.ts";
import { renderBytes, renderDuration } from "./amounts.ts";
import type { CommandContext } from "./command.ts";
import { printableLine } from "./render.ts";

/** Columns of the bar itself, and of the name before it. */
const BAR_COLUMNS = 24;
const NAME_COLUMNS = 24;
const CLEAR_LINE = "\r\u001b[K";

export interface ProgressBar {
  readonly show: (file: FileView) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** A bar on standard error, if people look at a terminal. */
export function openProgressBar({ output, surroundings }: CommandContext): ProgressBar {
  const { streams, stdout } = surroundings;
  if (output.format === "json" || !stdout.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = false;
  return {
    show: (file) => {
      shown = true;
      streams.stderr(CLEAR_LINE + barLine(file).slice(0, Math.max(1, (stdout.columns || 80) - 1)));
    },
    end: () => {
      if (shown) streams.stderr(CLEAR_LINE);
    },
  };
}

/** `photo.jpg [######------]  50 %  1.00 MiB of 2.00 MiB  512.0 KiB/s  2 s left` */
export function barLine({ name, sizeBytes, doneBytes, bytesPerSecond, state }: FileView): string {
  const part = sizeBytes === 0 ? 1 : Math.min(1, doneBytes / sizeBytes);
  const full = Math.round(part * BAR_COLUMNS);
  const bar = "#".repeat(full) + "-".repeat(BAR_COLUMNS - full);
  const short = [...printableLine(name)].slice(0, NAME_COLUMNS).join("");
  const amount = `${renderBytes(doneBytes)} of ${renderBytes(sizeBytes)}`;
  const rate = bytesPerSecond
    ? `  ${renderBytes(bytesPerSecond)}/s  ${leftOf(sizeBytes - doneBytes, bytesPerSecond)}`
    : "";
  const waiting = state === "waiting" ? "  waiting for somebody who has it" : "";
  return `${short} [${bar}] ${String(Math.floor(part * 100)).padStart(3)} %  ${amount}${rate}${waiting}`;
}

const leftOf = (bytes: number, bytesPerSecond: number): string => `${renderDuration(bytes / bytesPerSecond)} left`;
