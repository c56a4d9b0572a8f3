/**
 * Fetching a file: the lists from the top, then the chunks that each names, from whoever has them, into a temporary file.
 *
 * 1. A chunk is written only after its hash (below) and its place (here) were checked.
 * 2. What was fetched survives a crash: the temporary file is synced before its progress is saved.
 * 3. The file has its name only when all of it is there.
 * 4. A full disk ends nothing: what came stays, and the rest is fetched when there is room.
 */
import { type ChunkPlace, topLevel } from "../crypto/file-shape.ts";
import type { FileStage } from "../protocol/file-state.ts";
import { Fault, isFault } from "../wire/fault.ts";
import type { ChunkId } from "../wire/ids.ts";
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { proofBy } from "./effects-performer.ts";
import { tellFalseChunks } from "./file-givers.ts";
import { change, type FileContext, type Transfer } from "./file-transfer.ts";
import { pauseUntilNews } from "./file-waiting.ts";
import type { FetchOutcome } from "./ports/chunks.ts";
import type { PartTarget } from "./ports/parts.ts";
import { createStopper, type Stopper } from "./stopping.ts";

/** Ms that we give ourselves to reach somebody before anything is said: a program has just started, a relay is dialled again. */
const CONNECTING_MS = 3_000;
/**
 * Tries for nothing after which it is tried more seldom, unless somebody new is there: a quarter of an hour, in which who has it was
 * asked twice; and how seldom (ms).
 */
const TRIES_MAX = 30;
const SELDOM_MS = 300_000;
const FORGED =
  "what came has the hashes that the sender's message names but does not open, so the file is not as it was sent: ask for it again";

type Fetching = Extract<FileStage, { readonly kind: "fetching" }>;

export interface FetchHooks {
  /** A first list or chunk is here: from now on others can have it from us. */
  readonly began: () => void;
  /** Nobody who is reached has the rest. */
  readonly lacking: () => void;
}

/** Fetches until the file is here, or the transfer is stopped; `failed` is a stage like others. Answers whether it is here. */
export async function fetchFile(
  c: FileContext,
  t: Transfer,
  stage: Fetching,
  { began, lacking }: FetchHooks,
): Promise<boolean> {
  const place = { group: t.group, file: t.file };
  const { directory, name, isExact } = stage;
  const target: PartTarget = { directory, name, isExact, sizeBytes: t.shape.sizeBytes };
  try {
    const part = await partOf(c, t, stage, target);
    t.told.bytes = { path: part, isSpool: false };
    began();
    return await whenThereIsRoom(c, t, directory, async () => {
      await fetchAll(c, t, { part, lacking });
      await t.progress.save(c.clock.nowMs(), "now");
      if (t.stopper.signal.aborted) return false;
      if (!t.progress.isComplete()) throw new Fault("network/refused", FORGED); // a list that names one chunk twice
      return await nameFile(c, t, part, target);
    });
  } catch (error) {
    if (!isFault(error)) throw error;
    if (t.told.bytes) await c.parts.remove(t.told.bytes.path).catch(() => undefined);
    await change(c, { kind: "stage", ...place, stage: { kind: "failed", reason: error.message } });
    return false;
  }
}

/** Does `work` again as often as the disk is full, which somebody is told; what is here so far stays. */
async function whenThereIsRoom(
  c: FileContext,
  t: Transfer,
  directory: string,
  work: () => Promise<boolean>,
): Promise<boolean> {
  while (!t.stopper.signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!isFault(error, "storage/full")) throw error;
      t.told.full = `the disk that holds ${directory} is full: what has come so far is kept, and the rest follows when there is room`;
      t.tell();
      await pauseUntilNews(c, t);
    }
  }
  return false;
}

/** Gives it its name, says so in the profile, and only then takes the temporary name away: a crash in between makes no second file. */
async function nameFile(c: FileContext, t: Transfer, part: string, target: PartTarget): Promise<boolean> {
  const path = await c.parts.finish(part, target);
  const found = await c.parts.look(path);
  const modified = found.kind === "file" ? found.modifiedMs : 0;
  const saved = { path, isSpool: false, modified };
  const isHere = await change(c, { kind: "stage", group: t.group, file: t.file, stage: { kind: "here", saved } });
  if (isHere) t.told.bytes = saved;
  t.told.full = undefined;
  for (const gone of isHere ? [part] : [part, path]) await c.parts.remove(gone); // cancelled at the last moment
  return isHere;
}

/** The temporary file of before, or a new one. */
async function partOf(c: FileContext, t: Transfer, stage: Fetching, target: PartTarget): Promise<string> {
  if (stage.part !== "") {
    const found = await c.parts.look(stage.part).catch(() => undefined);
    if (found) return stage.part;
    if (t.progress.doneBytes() > 0)
      throw new Fault(
        "storage/failed",
        "the unfinished download is not there any more, so it cannot go on: fetch the file again",
      );
  }
  const part = await c.parts.createPart(target);
  await change(c, { kind: "stage", group: t.group, file: t.file, stage: { ...stage, part } });
  return part;
}

interface Run {
  readonly part: string;
  readonly lacking: () => void;
}

async function fetchAll(c: FileContext, t: Transfer, run: Run): Promise<void> {
  for (let level = topLevel(t.shape); level > 1; level--)
    for (let index = 0; index < (t.shape.counts[level + 1] ?? 1); index++)
      await fetchUnder(c, t, { level, index }, run);
  for (let index = 0; index < t.parts.windows && !t.stopper.signal.aborted; index++) {
    if (topLevel(t.shape) > 0) await fetchList(c, t, index, run);
    await fetchUnder(c, t, { level: 0, index }, run);
  }
}

/** The list of level 1 at `index`, which names 8,192 chunks of data. */
async function fetchList(c: FileContext, t: Transfer, index: number, run: Run): Promise<void> {
  if (await t.parts.idsUnder(0, index)) return;
  const [window, at] = [Math.floor(index / CHUNK_LIST_MAX), index % CHUNK_LIST_MAX];
  const ids = (await t.parts.idsUnder(1, window)) ?? [];
  await fetchThese(
    c,
    t,
    new Map(ids.slice(at, at + 1).map((id) => [toHex(id), { id, place: { level: 1, index } }])),
    run,
  );
}

/** All chunks of that level that the list at `index` above names and that are not here. */
async function fetchUnder(c: FileContext, t: Transfer, { level, index }: ChunkPlace, run: Run): Promise<void> {
  const wanted = new Map<string, Wanted>();
  for (const [at, id] of ((await t.parts.idsUnder(level, index)) ?? []).entries()) {
    const place = { level, index: index * CHUNK_LIST_MAX + at };
    const isHere =
      level === 0 ? t.progress.has(place.index) : (await t.parts.idsUnder(level - 1, place.index)) !== undefined;
    if (!isHere) wanted.set(toHex(id), { id, place });
  }
  await fetchThese(c, t, wanted, run);
}

interface Wanted {
  readonly id: ChunkId;
  readonly place: ChunkPlace;
}

/** Fetches until all of these are saved, or the transfer is stopped. */
async function fetchThese(c: FileContext, t: Transfer, wanted: Map<string, Wanted>, run: Run): Promise<void> {
  const { signal } = t.stopper;
  const failing = createStopper(); // what cannot be saved ends this fetch, not the transfer
  signal.addEventListener("abort", failing.stop);
  try {
    for (let tries = 1; wanted.size > 0 && !signal.aborted; tries++) {
      const before = wanted.size;
      const { outcome, failure } = await fetchOnce(c, t, { wanted, part: run.part, failing });
      if (failure !== undefined) throw failure;
      if (wanted.size === 0 || signal.aborted) return;
      if (tries > 1 && outcome.kind === "lacking" && outcome.asked > 0) run.lacking();
      if (tries > 1) t.told.isWaiting = true;
      t.tell();
      await pauseUntilNews(c, t, tries === 1 ? CONNECTING_MS : tries > TRIES_MAX ? SELDOM_MS : undefined);
      if (wanted.size < before) tries = 1;
    }
  } finally {
    signal.removeEventListener("abort", failing.stop);
  }
}

interface Attempt {
  readonly wanted: Map<string, Wanted>;
  readonly part: string;
  readonly failing: Stopper;
}

/** Saves what comes, and takes it from `wanted`; `failure`: why something could not be saved. */
async function fetchOnce(
  c: FileContext,
  t: Transfer,
  { wanted, part, failing }: Attempt,
): Promise<{ readonly outcome: FetchOutcome; readonly failure: unknown }> {
  const { topic, topicSeed: seed } = t.keys;
  let failure: unknown;
  const arrived = async (id: ChunkId, ciphertext: Uint8Array): Promise<void> => {
    const found = wanted.get(toHex(id));
    if (!found || failure !== undefined) return;
    try {
      await save(c, t, { place: found.place, part }, ciphertext);
      wanted.delete(toHex(id));
      t.told.isWaiting = false;
      t.told.full = undefined;
    } catch (error) {
      failure = error;
      failing.stop();
    }
  };
  const outcome = await c.chunks.fetch(
    { topic, prove: proofBy(c.primitives, { topic, seed, inbox: false }) },
    [...wanted.values()].map(({ id }) => id),
    {
      arrived,
      blamed: (giver) => void tellFalseChunks(c, t, giver).catch(() => undefined),
      signal: failing.signal,
    },
  );
  return { outcome, failure };
}

/** Opens the chunk and puts its piece where it belongs. */
async function save(
  c: FileContext,
  t: Transfer,
  { place, part }: { readonly place: ChunkPlace; readonly part: string },
  ciphertext: Uint8Array,
): Promise<void> {
  const piece = t.parts.open(place, ciphertext);
  if (piece === "forged") throw new Fault("network/refused", FORGED);
  const { level, index } = place;
  if (level > 0) {
    await change(c, { kind: "list", shelf: t.shelf, level, index, hashes: Uint8Array.from(piece) });
    return;
  }
  if (piece.length > 0) await c.parts.write(part, index * CHUNK_PLAIN_BYTES, piece);
  t.through(index);
}
