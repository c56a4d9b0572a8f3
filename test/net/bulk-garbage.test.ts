import assert from "node:assert/strict";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { describe, it } from "mocha";
import { moved } from "../../src/net/bulk-garbage.ts";

const MIB = 1_048_576;
const MINOR = constants.NODE_PERFORMANCE_GC_MINOR;
/** Looks that were forced, and not V8's own. */
const FORCED = constants.NODE_PERFORMANCE_GC_FLAGS_FORCED;

describe("memory of what was moved", () => {
  it("is looked for once in 4 MiB, among the young objects alone", async () => {
    const kinds: number[] = [];
    let seen: () => void = () => undefined;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { detail } = entry as unknown as { readonly detail: { readonly kind: number; readonly flags: number } };
        if ((detail.flags & FORCED) !== 0) kinds.push(detail.kind);
      }
      if (kinds.length >= 3) seen();
    });
    observer.observe({ entryTypes: ["gc"] });
    const three = new Promise<void>((resolve) => {
      seen = resolve;
    });
    moved(4 * MIB); // whatever was moved before
    for (let mib = 0; mib < 11; mib++) moved(MIB);
    await three;
    observer.disconnect();
    assert.deepEqual(kinds, [MINOR, MINOR, MINOR]);
  });
});
