/**
 * Memory of bulk transfers, given back in time. Bytes that a socket brings, or that were decrypted, lie outside V8's heap behind
 * small objects that die young. V8 looks for dead young objects only when many were made. A relay that takes files makes few,
 * so V8 takes the memory outside for growth and marks its whole heap after each 5 MiB: half of the relay's processor time.
 *
 * 1. After each LOOK_EVERY_BYTES V8 is asked for a look at the young objects alone, which takes a millisecond.
 * 2. From the first look on the heap may double before all of it is marked; of a heap that seems to grow slowly V8 allows a tenth.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes moved between two looks: some 14 MiB of memory, since each byte lies there as it came, as it was decrypted, and in pieces. */
const LOOK_EVERY_BYTES = 4_194_304;

let movedBytes = 0;
let lookAtYoung: (() => void) | undefined;

/** So many bytes of a large frame have come, or are about to leave. */
export function moved(bytes: number): void {
  movedBytes += bytes;
  if (movedBytes < LOOK_EVERY_BYTES) return;
  movedBytes = 0;
  lookAtYoung ??= collectorOfYoung();
  lookAtYoung();
}

/** V8 gives its collector only to contexts that are made while it is asked to. */
function collectorOfYoung(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  setFlagsFromString("--heap-growing-percent=100");
  setFlagsFromString("--no-parallel-scavenge");
  return typeof collect === "function" ? () => collect({ type: "minor" }) : () => undefined;
}
