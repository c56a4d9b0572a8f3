/**
 * Putting chunks on relays: each is asked what it lacks and gets that, a few chunks at a time.
 *
 * 1. A chunk is made only when there is room for it on its way.
 * 2. `stored` is called once for each chunk, when the first relay has it on its disk.
 * 3. No relay holds up an upload that is stopped, whatever it answers or does not.
 */
import type { ChunkHoldings, ChunkNetwork, UploadOutcome } from "../client/ports/chunks.ts";
import type { ChunkId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import { type ChunkClient, openChunks } from "./chunk-client.ts";
import type { ChunkSource, ChunkSources } from "./chunk-sources.ts";

/** Chunks under way to one relay, 1.5 MiB: half of them are being written, together, while the others are on their way. */
const AT_ONCE = 6;
/** Most pauses for one chunk at a relay that asks for patience, and the longest (ms): it may name 49 days. */
const PAUSES_MAX = 20;
const PAUSE_MAX_MS = 10_000;

type Options = Parameters<ChunkNetwork["upload"]>[2];
type Refused = Extract<UploadOutcome, { readonly kind: "refused" }>;

/** See `ChunkNetwork.upload`. */
export async function uploadChunks(
  sources: ChunkSources,
  [holdings, ids, options]: Parameters<ChunkNetwork["upload"]>,
): Promise<UploadOutcome> {
  const told = new Set<string>();
  const stored = (id: ChunkId): void => {
    if (told.has(toHex(id))) return;
    told.add(toHex(id));
    options.stored(id);
  };
  const relays = sources.now().filter(({ holder }) => holder.kind === "relay");
  const outcomes = await Promise.all(
    relays.map((relay) => uploadTo(relay, holdings, ids, { ...options, stored }).catch(() => undefined)),
  );
  if (options.signal.aborted) return { kind: "cancelled" };
  if (outcomes.includes("stored")) return { kind: "stored" };
  return outcomes.find((each): each is Refused => typeof each === "object") ?? { kind: "unreachable" };
}

async function uploadTo(
  { holder }: ChunkSource,
  holdings: ChunkHoldings,
  ids: readonly ChunkId[],
  options: Options,
): Promise<"stored" | Refused | undefined> {
  const client = await openChunks(holder, holdings);
  if (!client) return undefined;
  const unwatch = whenStopped(options.signal, () => void client.close()); // which ends what it is asked
  try {
    if (options.signal.aborted) return undefined;
    const flags = await client.have(ids);
    if (!flags) return undefined;
    for (const [i, id] of ids.entries()) if (flags[i]) options.stored(id);
    const lacking = ids.filter((_, i) => !flags[i]);
    let refused: Refused | undefined;
    const work = async (): Promise<void> => {
      while (lacking.length > 0 && !options.signal.aborted && !refused && !client.isOver()) {
        const id = lacking.shift();
        const chunk = id && (await holdings.read(id));
        if (!id || !chunk) continue;
        const outcome = await put(client, chunk, options);
        if (outcome === "stored") options.stored(id);
        else refused ??= outcome;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return refused ?? (client.isOver() ? undefined : "stored");
  } finally {
    unwatch();
    await client.close();
  }
}

/** Hands in one chunk; waits as often as the relay asks for a little patience. */
async function put(
  client: ChunkClient,
  chunk: Uint8Array,
  { signal }: Options,
): Promise<"stored" | Refused | undefined> {
  for (let pauses = 0; pauses < PAUSES_MAX && !signal.aborted; pauses++) {
    const answer = await client.put(chunk);
    if (answer === undefined || answer === "stored") return answer;
    const { reason, retryAfterMs } = answer;
    if (reason !== REFUSAL.busy) return { kind: "refused", reason: WHY[reason] ?? WHY_NOT, retryAfterMs };
    await pause(Math.min(retryAfterMs, PAUSE_MAX_MS), signal);
  }
  return undefined;
}

function pause(ms: number, signal: Options["signal"]): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      unwatch();
      resolve();
    };
    const timer = setTimeout(end, ms);
    const unwatch = whenStopped(signal, end);
  });
}

/** Does that when the signal is given, until the answer is called. */
function whenStopped(signal: Options["signal"], act: () => void): () => void {
  signal.addEventListener("abort", act);
  return () => signal.removeEventListener("abort", act);
}

const WHY_NOT = "the relay takes no chunks of this file";
const WHY: Readonly<Record<number, string>> = {
  [REFUSAL.quota]:
    "the relay has no room for this file; it is tried again from time to time, and members can fetch it from here",
  [REFUSAL.unavailable]: "the relay's disk is full, or cannot be written to; it is tried again",
  [REFUSAL.token]: "the relay wants an access token",
};
