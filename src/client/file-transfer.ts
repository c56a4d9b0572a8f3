/** One file while the program runs: its parts, what of it is through, and what screens are told of that. */
import { checkedShape, type FileKeys, fileKeysOf } from "../crypto/file-chunk.ts";
import type { ChunkPlace, FileShape } from "../crypto/file-shape.ts";
import type { Primitives } from "../crypto/primitives.ts";
import type { FileStage, FileState } from "../protocol/file-state.ts";
import { type FileChange, fileShelf } from "../protocol/files.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { FILE } from "../protocol/records/file.ts";
import { idOf } from "../protocol/records/record.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { proofBy } from "./effects-performer.ts";
import type { EventHub } from "./event-hub.ts";
import { createFileParts, type FileBytes, type FileParts } from "./file-parts.ts";
import { createFileProgress, type FileProgress, loadBits } from "./file-progress.ts";
import type { ChunkHoldings, ChunkNetwork } from "./ports/chunks.ts";
import type { Clock, RandomBytes } from "./ports/clock.ts";
import type { PartStore } from "./ports/parts.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";
import { createStopper, type Stopper } from "./stopping.ts";
import type { Turn } from "./turns.ts";

/** Ms between two progress events of one file. */
const TELL_MS = 250;

/** What every part of file transfers works with. */
export interface FileContext {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly parts: PartStore;
  readonly chunks: ChunkNetwork;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly hub: EventHub;
  readonly put: (input: Input) => Promise<Answer>;
}

/** Which file. */
export interface FilePlace {
  readonly group: GroupId;
  readonly file: MessageId;
}

export interface Transfer extends FilePlace {
  readonly state: FileState;
  readonly shape: FileShape;
  readonly keys: FileKeys;
  /** Where its lists and progress are saved. */
  readonly shelf: string;
  readonly parts: FileParts;
  readonly progress: FileProgress;
  readonly stopper: Stopper;
  /** While it is its turn to move bytes. */
  turn: Turn | undefined;
  /** Called when all is through, and when the transfer is stopped. */
  readonly wakers: Set<() => void>;
  /** What people are told beside the progress; set by whoever moves the bytes. */
  readonly told: {
    isWaiting: boolean;
    reason: string | undefined;
    /** Why nothing can be saved now. */
    full: string | undefined;
    bytes: FileBytes | undefined;
  };
  /** Chunk `index` is through: counts it, saves and tells of it as often as is fit. */
  readonly through: (index: number) => void;
  /** Tells screens, at most 4 times a second. */
  readonly tell: () => void;
}

/** A transfer of that file as its record says; undefined when its manifest contradicts itself. */
export async function openTransfer(c: FileContext, place: FilePlace, state: FileState): Promise<Transfer | undefined> {
  const { primitives, store, clock } = c;
  const { manifest } = state;
  const shape = checkedShape(primitives, manifest);
  if (!shape) return undefined;
  const keys = fileKeysOf(primitives, manifest.key);
  const shelf = fileShelf(state, place.file, keys.topic);
  const parts = createFileParts({ ...c, keys, shelf, shape, root: manifest.root, nowMs: clock.nowMs });
  const told: Transfer["told"] = { isWaiting: false, reason: undefined, full: undefined, bytes: bytesOf(state.stage) };
  const progress = createFileProgress(
    {
      shape,
      beforeSave: async () => {
        if (!state.isOurs && told.bytes) await c.parts.sync(told.bytes.path);
      },
      saveBits: async (list, bits) =>
        void (await change(c, { kind: "bits", ...place, path: told.bytes?.path ?? "", list, bits })),
    },
    await loadBits(store, shelf, parts.windows),
  );
  const tell = createTelling(c, place);
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const each of [...wakers]) each();
  };
  const stopper = createStopper();
  stopper.signal.addEventListener("abort", wake);
  const through = (index: number): void => {
    if (!progress.add(index, clock.nowMs())) return;
    if (progress.isComplete()) wake();
    tell();
    progress.save(clock.nowMs(), "due").catch(() => undefined); // saved with the next one, or fetched again
  };
  return {
    ...place,
    state,
    shape,
    keys,
    shelf,
    parts,
    progress,
    stopper,
    turn: undefined,
    wakers,
    told,
    through,
    tell,
  };
}

/** Where the file's bytes are in that stage. */
export function bytesOf(stage: FileStage): FileBytes | undefined {
  switch (stage.kind) {
    case "sending":
    case "sent":
    case "here":
      return stage.saved;
    case "fetching":
      return stage.part === "" ? undefined : { path: stage.part, isSpool: false };
    default:
      return undefined;
  }
}

function createTelling({ clock, hub }: FileContext, { group, file }: FilePlace): () => void {
  let nextMs = 0;
  let isDue = false;
  const now = (): void => {
    isDue = false;
    nextMs = clock.nowMs() + TELL_MS;
    hub.tell({ kind: "file-progress", group, file });
  };
  return () => {
    if (isDue) return;
    const inMs = nextMs - clock.nowMs();
    if (inMs <= 0) return now();
    isDue = true;
    clock.after(inMs, now);
  };
}

/** Saves a change; false when it came too late. */
export async function change({ put }: Pick<FileContext, "put">, what: FileChange): Promise<boolean> {
  const answer = await put({ kind: "change-file", change: what });
  return answer.kind === "file" && answer.isChanged;
}

/** The file as it is saved now. */
export const savedFile = (store: ProfileStore, { group, file }: FilePlace): Promise<FileState | undefined> =>
  readRecord(store, FILE, idOf(group, file));

/** What others may have of it from us. `isWhole`: all data chunks are at `told.bytes`. */
export function holdingsOf(c: FileContext, t: Transfer, isWhole: boolean): ChunkHoldings {
  const { topic, topicSeed: seed } = t.keys;
  const hasAt = async (place: ChunkPlace | undefined): Promise<boolean> => {
    if (!place) return false;
    if (place.level === 0) return isWhole || t.progress.has(place.index);
    return (await t.parts.idsUnder(place.level - 1, place.index)) !== undefined;
  };
  return {
    topic,
    prove: proofBy(c.primitives, { topic, seed, inbox: false }),
    has: async (ids) => {
      const out: boolean[] = [];
      for (const place of await t.parts.find(ids)) out.push(await hasAt(place));
      return out;
    },
    read: async (id) => {
      const [place] = t.told.bytes ? await t.parts.find([id]) : [];
      if (!place || !t.told.bytes || !(await hasAt(place))) return undefined;
      return await t.parts.seal(place, id, t.told.bytes);
    },
    served: (id) => {
      if (t.state.isOurs) void t.parts.find([id]).then(([place]) => place?.level === 0 && t.through(place.index));
    },
  };
}
