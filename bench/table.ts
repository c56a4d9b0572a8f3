/** The table as people read it: ratios first. */
import { figure, isMet, type Row } from "./row.ts";

const HEAD = ["ratio", "of", "target", "", "what", "ours", "beside"] as const;
const WIDTHS = [8, 9, 8, 6, 58, 32, 0] as const;

export const heading = (): string => line(HEAD);

/** One row, as wide as the heading. */
export function rowText(row: Row): string {
  const { target } = row;
  const bound = target === undefined ? "" : `${target.kind === "at-least" ? ">=" : "<="} ${figure(target.value)}`;
  const met = isMet(row);
  const verdict = met === undefined ? "" : met ? "met" : "MISSED";
  return line([figure(row.ratio), row.unit, bound, verdict, `${row.bench}: ${row.name}`, row.ours, row.peer]);
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
    .join(" ")
    .trimEnd();
}
