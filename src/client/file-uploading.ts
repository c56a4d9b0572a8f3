/** Sending a file: its lists and chunks go to the relays, list by list, and to members who ask, until all is somewhere else. */
import { topLevel } from "../crypto/file-shape.ts";
import type { ChunkId } from "../wire/ids.ts";
import { CHUNK_LIST_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { change, type FileContext, holdingsOf, type Transfer } from "./file-transfer.ts";
import { pauseUntilNews } from "./file-waiting.ts";
import type { ChunkHoldings, UploadOutcome } from "./ports/chunks.ts";

const GONE =
  "the file that was sent is not there any more, or has changed, so the rest of it cannot be sent: send it again";

/** Puts everything on the relays until each chunk is at one, or at another member. */
export async function sendChunks(c: FileContext, t: Transfer): Promise<void> {
  const { signal } = t.stopper;
  const holdings = watchingReads(holdingsOf(c, t, true));
  while (!signal.aborted && !t.progress.isComplete()) {
    const outcome = await uploadAll(c, t, holdings);
    if (signal.aborted || t.progress.isComplete()) break;
    if (holdings.isGone()) return await failed(c, t);
    t.told.isWaiting = outcome.kind !== "stored";
    t.told.reason = outcome.kind === "refused" ? outcome.reason : undefined;
    t.tell();
    const retryMs = outcome.kind === "refused" ? outcome.retryAfterMs : undefined;
    await pauseUntilNews(c, t, retryMs);
  }
  await t.progress.save(c.clock.nowMs(), "now");
  if (signal.aborted || t.state.stage.kind !== "sending") return;
  await change(c, { kind: "stage", group: t.group, file: t.file, stage: { kind: "sent", saved: t.state.stage.saved } });
}

async function failed(c: FileContext, t: Transfer): Promise<void> {
  await change(c, { kind: "stage", group: t.group, file: t.file, stage: { kind: "failed", reason: GONE } });
  const { stage } = t.state;
  if (stage.kind === "sending" && stage.saved.isSpool) await c.parts.remove(stage.saved.path);
}

/** Whether a chunk could not be made again although it should be here. */
function watchingReads(holdings: ChunkHoldings): ChunkHoldings & { readonly isGone: () => boolean } {
  let gone = false;
  return {
    ...holdings,
    isGone: () => gone,
    read: async (id) => {
      const chunk = await holdings.read(id);
      gone ||= chunk === undefined;
      return chunk;
    },
  };
}

/** Lists before the chunks that they name, so that others can begin. With nothing left to do: `stored`. */
export async function uploadAll(c: FileContext, t: Transfer, holdings: ChunkHoldings): Promise<UploadOutcome> {
  const { signal } = t.stopper;
  for (let level = topLevel(t.shape); level > 1; level--)
    for (let index = 0; index < (t.shape.counts[level + 1] ?? 1); index++) {
      const outcome = await upload(c, t, holdings, { level, index });
      if (outcome.kind !== "stored") return outcome;
    }
  for (let index = 0; index < t.parts.windows; index++) {
    if (signal.aborted) return { kind: "cancelled" };
    if (topLevel(t.shape) > 0) {
      const outcome = await upload(c, t, holdings, { level: 1, index });
      if (outcome.kind !== "stored") return outcome;
    }
    const outcome = await upload(c, t, holdings, { level: 0, index });
    if (outcome.kind !== "stored") return outcome;
  }
  return { kind: "stored" };
}

/** Of level 1 the one list at `index`; of others everything under the list at `index`. */
async function upload(
  c: FileContext,
  t: Transfer,
  holdings: ChunkHoldings,
  { level, index }: { readonly level: number; readonly index: number },
): Promise<UploadOutcome> {
  const window = level === 1 ? Math.floor(index / CHUNK_LIST_MAX) : index;
  const all = (await t.parts.idsUnder(level, window)) ?? [];
  const ids = level === 1 ? all.slice(index % CHUNK_LIST_MAX, (index % CHUNK_LIST_MAX) + 1) : all;
  const first = index * CHUNK_LIST_MAX;
  const isLeft = (_: ChunkId, at: number): boolean => level > 0 || !t.progress.has(first + at);
  const wanted = t.state.stage.kind === "sending" ? ids.filter(isLeft) : ids;
  if (wanted.length === 0) return { kind: "stored" };
  const places = new Map(level > 0 ? [] : all.map((id, at) => [toHex(id), first + at]));
  const stored = (id: ChunkId): void => {
    const at = places.get(toHex(id));
    if (at !== undefined && t.state.stage.kind === "sending") t.through(at);
  };
  return await c.chunks.upload(holdings, wanted, { stored, signal: t.stopper.signal });
}
