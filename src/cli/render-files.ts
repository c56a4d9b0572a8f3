/** Files as people read them. */
import type { FileView, LeftOut } from "../client/file-api.ts";
import { renderBytes } from "./amounts.ts";
import { FILE_ID_SHOWN, printableLine } from "./render.ts";

/** A line of `hermes files`. */
export function renderFile(file: FileView): string {
  const { id, name, sizeBytes, type } = file;
  return [id.slice(0, FILE_ID_SHOWN), printableLine(name), renderBytes(sizeBytes), type, stateOf(file)].join("  ");
}

/** How it ended, or stands. */
export function renderOutcome(file: FileView): string {
  return `${printableLine(file.name)}: ${stateOf(file)}`;
}

/** What was left out of a directory, in a sentence. */
export function renderLeftOut({ count, names }: LeftOut): string {
  const rest = count > names.length ? ` and ${count - names.length} more` : "";
  return `Not sent, as links and special files are not: ${names.map(printableLine).join(", ")}${rest}`;
}

function stateOf(file: FileView): string {
  const { state, path, reason, holders = [], sizeBytes, doneBytes } = file;
  const percent = sizeBytes === 0 ? 0 : Math.floor((100 * doneBytes) / sizeBytes);
  const why = reason === undefined ? "" : ` (${printableLine(reason)})`;
  switch (state) {
    case "here":
      return path === undefined ? "here" : `saved as ${printableLine(path)}`;
    case "sending":
    case "fetching":
      return `${state}, ${percent} % through${why}`;
    case "waiting": {
      const names = holders.map(({ name }) => printableLine(name)).join(", ");
      return `waiting, ${percent} % through${why}: nobody who is connected has the rest; it could come from ${names}`;
    }
    default:
      return `${state}${why}`;
  }
}
