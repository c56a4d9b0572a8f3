/** What a process holds: for tests that look for what piles up. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Counts, and bytes of the heap. */
export interface Footprint {
  readonly sockets: number;
  readonly timers: number;
  readonly heapBytes: number;
}

/** What this process holds after everything that can be collected was. */
export function footprint(): Footprint {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let pass = 0; pass < 3; pass++) collect();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((each) => each === name).length;
  return {
    sockets: count("TCPSocketWrap"),
    timers: count("Timeout"),
    heapBytes: process.memoryUsage().heapUsed,
  };
}
