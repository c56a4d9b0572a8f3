/**
 * Memory of what was moved, given back in time. What a socket brings and what is decrypted lies outside V8's heap, behind small
 * objects that go soon; but V8 looks for these only when there are many of them. Where little else is made it takes what lies
 * outside for growth instead, and looks through the whole heap: at a relay to which files are uploaded after each 5 MiB, for half of
 * its processor time. A look at the young objects alone takes a millisecond. And since little else is made V8 thinks that a heap grows
 * slowly, and lets it grow by a tenth only before it looks through it: from the first look on it may double. A look at so little is
 * done sooner by one thread than it is shared out among four.
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
