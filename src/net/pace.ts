/**
 * How fast somebody may go: a stock of units that refills. A holder keeps one for each connection, address and topic.
 *
 * 1. What is asked when there is at least one unit is granted whole and may leave a debt: large requests are not starved.
 * 2. Times are those of a clock that never goes back (`performance.now()`), so a changed system time changes nothing.
 * 3. Memory is bounded: stocks that are full again are forgotten.
 */

/** Units a second, and the most that can be saved up. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** One stock. */
export interface Pace {
  /** Takes `units`; answers 0 when they are granted, else the ms after which to ask again. */
  readonly take: (units: number) => number;
  /** Takes `units` in any case; answers the ms to rest until the debt, if there is one, is paid. */
  readonly spend: (units: number) => number;
}

/** Stocks by name. */
export interface PaceByKey {
  /** As {@link Pace.take}; an undefined key is always granted. */
  readonly take: (key: string | undefined, units: number) => number;
}

interface Stock {
  left: number;
  atMs: number;
}

/** Names after which full stocks are looked for. */
const SWEEP_AFTER = 4_096;

/** A full stock. */
export function pace(rate: Rate, now: () => number = () => performance.now()): Pace {
  const stock: Stock = { left: rate.burst, atMs: now() };
  return {
    take: (units) => take(stock, rate, units, now()),
    spend: (units) => {
      refill(stock, rate, now());
      stock.left -= units;
      return waitFor(stock, rate, 0);
    },
  };
}

/** No stocks yet; each begins full. */
export function paceByKey(rate: Rate, now: () => number = () => performance.now()): PaceByKey {
  const stocks = new Map<string, Stock>();
  let sweepAt = SWEEP_AFTER;
  return {
    take: (key, units) => {
      if (key === undefined) return 0;
      const nowMs = now();
      const stock = stocks.get(key) ?? { left: rate.burst, atMs: nowMs };
      stocks.set(key, stock);
      if (stocks.size > sweepAt) {
        for (const [name, each] of stocks)
          if (each !== stock && filled(each, rate, nowMs) >= rate.burst) stocks.delete(name);
        sweepAt = Math.max(SWEEP_AFTER, stocks.size * 2);
      }
      return take(stock, rate, units, nowMs);
    },
  };
}

function filled({ left, atMs }: Stock, { perSecond, burst }: Rate, nowMs: number): number {
  return Math.min(burst, left + ((nowMs - atMs) / 1_000) * perSecond);
}

function refill(stock: Stock, rate: Rate, nowMs: number): void {
  stock.left = filled(stock, rate, nowMs);
  stock.atMs = nowMs;
}

/** Ms until the stock holds `units`. */
function waitFor({ left }: Stock, { perSecond }: Rate, units: number): number {
  return Math.max(0, Math.ceil(((units - left) / perSecond) * 1_000));
}

function take(stock: Stock, rate: Rate, units: number, nowMs: number): number {
  refill(stock, rate, nowMs);
  const waitMs = waitFor(stock, rate, 1);
  if (waitMs === 0) stock.left -= units;
  return waitMs;
}
