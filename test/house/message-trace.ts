/** Which functions of ours run while something happens, from V8's own counters. */
import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./biome-run.ts";

/** What ran: path from the root -> names of functions. */
export type Trace = ReadonlyMap<string, ReadonlySet<string>>;

/** Runs `work` and answers what was called on this thread meanwhile. */
export async function traceOf(work: () => Promise<void>): Promise<Trace> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await session.post("Profiler.takePreciseCoverage"); // what was counted before
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return new Map(
      result
        .filter(({ url }) => url.startsWith("file:"))
        .map(({ url, functions }) => [relative(ROOT, fileURLToPath(url)), called(functions)]),
    );
  } finally {
    session.disconnect();
  }
}

interface Counted {
  readonly functionName: string;
  readonly ranges: readonly { readonly count: number }[];
}

function called(functions: readonly Counted[]): ReadonlySet<string> {
  return new Set(functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).map((each) => each.functionName));
}
