/** What a benchmark answers: rows of one table, each beside a peer that ran in the same minute on the same machine. */

/** A bound on a ratio or on a number. */
export interface Target {
  readonly kind: "at-least" | "at-most";
  readonly value: number;
}

/** One line of the table. */
export interface Row {
  readonly bench: string;
  /** What was done, with its size. */
  readonly name: string;
  /** Ours divided by the peer's, in the sense of `unit`; or a measured number where there is no peer. */
  readonly ratio: number;
  /** What the ratio compares: "speed" (more is better), "cost" (less is better), or the unit of a plain number. */
  readonly unit: string;
  readonly target?: Target | undefined;
  readonly ours: string;
  /** Name and figure of the peer. */
  readonly peer: string;
}

export const atLeast = (value: number): Target => ({ kind: "at-least", value });
export const atMost = (value: number): Target => ({ kind: "at-most", value });

/** Whether the target is reached; `undefined` without one. */
export function isMet({ ratio, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return target.kind === "at-least" ? ratio >= target.value : ratio <= target.value;
}

/** How much of everything is run. */
export interface Extent {
  /** Sizes above it are left out: subscribers, clients, records, members. */
  readonly maxSize: number;
  /** Also what takes minutes: a million records, 2,000 clients, the large profile. */
  readonly isLarge: boolean;
}

/** A named benchmark. `tell` takes each row as soon as it is known. */
export interface Benchmark {
  readonly name: string;
  readonly about: string;
  readonly run: (extent: Extent, tell: (row: Row) => void) => Promise<void>;
}

/** 1234.5 -> "1,235", 0.123 -> "0.123": three digits that matter. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (value >= 1_000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** Operations a second, from µs of processor time each. */
export const perSecond = (us: number): string => `${figure(1_000_000 / us)}/s`;
