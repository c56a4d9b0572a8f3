/**
 * The chunks of one topic in one file of a relay's disk: one write and one sync for all that wait, where a file for each chunk
 * costs a creation, a rename and two syncs.
 *
 * ```
 * file      sections, one after the other
 * section   64 entries of 64 bytes | 64 slots of 266,240 bytes
 * entry     id 32 | bytes of the chunk u32 | SHA-256(slot's number u32 | id | bytes u32) cut to 28; anything else: a free slot
 * slot      a chunk; what is behind it was never written, or is zero
 * ```
 * 1. A chunk is on the disk, entry and all, when `append` resolves. What a failed write left is free again.
 * 2. A cut of the power may leave an entry and not its chunk: only in the last group that was written, whose hashes are
 *    looked at when the file is opened for the first time.
 * 3. What is read is checked; a slot that the disk has spoilt or cannot read is given up. Where it cannot read a section's
 *    entries, nothing is written into that section any more; the others are as they were.
 * 4. Slots are filled in order, and none twice but after a failed write, so nothing that was acknowledged is written again.
 */
import { type FileHandle, open } from "node:fs/promises";
import { ChunkId } from "../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../src/wire/limits.ts";
import { errnoOf } from "./errno.ts";
import { nodeVerifier } from "./node-verifier.ts";

const ENTRY_BYTES = 64;
/** Entries that fill a block of the disk, so that what stands for 16 MiB is read at once. */
const SECTION_SLOTS = 64;
const HEAD_BYTES = SECTION_SLOTS * ENTRY_BYTES;
/** A full chunk in whole blocks of 4 KiB. */
const SLOT_BYTES = 266_240;
const SECTION_BYTES = HEAD_BYTES + SECTION_SLOTS * SLOT_BYTES;
/** Chunks of one write, 4 MiB: what several who upload have under way. */
const GROUP_MAX = 16;
const NOTHING = new Uint8Array(SLOT_BYTES - CHUNK_MAX_BYTES);
const FREE = new Uint8Array(ENTRY_BYTES);
/** What the system calls bytes that a disk has lost. Any other failure may pass. */
const LOST_CODES: readonly unknown[] = ["EIO", "EBADMSG", "EUCLEAN"];

/** One chunk to be written. */
interface Coming {
  readonly id: ChunkId;
  readonly chunk: Uint8Array;
  readonly settle: (error?: unknown) => void;
}

interface Slot {
  readonly number: number;
  readonly bytes: number;
}

export interface ChunkPackOptions {
  readonly path: string;
  /** Not there: it is made. Unknown: another process has left it, and its last group is looked at. */
  readonly file: "none" | "unknown" | "known";
  /** A chunk of so many bytes is not here after all. */
  readonly lost: (bytes: number) => void;
}

/** An open file of chunks. */
export interface ChunkPack {
  readonly has: (id: ChunkId) => boolean;
  /** The chunk, checked; undefined: it is not here, or the disk has spoilt it. */
  readonly read: (id: ChunkId) => Promise<Uint8Array | undefined>;
  /** Durable when it resolves. The chunk, which is none that is here, must not change until then. Rejects with Node's error. */
  readonly append: (id: ChunkId, chunk: Uint8Array) => Promise<void>;
  /** Notes on the disk when it was used last (ms). */
  readonly touch: (usedAtMs: number) => Promise<void>;
  readonly chunks: () => number;
  readonly close: () => Promise<void>;
}

interface Pack extends Pick<ChunkPackOptions, "lost"> {
  readonly file: FileHandle;
  readonly slots: Map<string, Slot>;
  /** The first free slot behind all others. */
  next: number;
  readonly coming: Coming[];
  isWriting: boolean;
}

/** Opens or makes it. Rejects with Node's error. `openFile`: for tests, whose disks fail. */
export async function openChunkPack(
  { path, file: before, lost }: ChunkPackOptions,
  openFile: typeof open = open,
): Promise<ChunkPack> {
  const file = await openFile(path, before === "none" ? "wx+" : "r+", 0o600);
  try {
    const { slots, writableFrom } = await readEntries(file);
    const pack: Pack = { lost, file, slots, next: nextOf(slots, writableFrom), coming: [], isWriting: false };
    if (before === "unknown") await checkLastGroup(pack, writableFrom);
    return packOn(pack);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function packOn(pack: Pack): ChunkPack {
  return {
    has: (id) => pack.slots.has(nameOf(id)),
    read: (id) => readChecked(pack, id),
    append: (id, chunk) =>
      new Promise((resolve, reject) => {
        pack.coming.push({ id, chunk, settle: (error) => (error === undefined ? resolve() : reject(error)) });
        if (!pack.isWriting) void writeAll(pack);
      }),
    touch: (usedAtMs) => pack.file.utimes(usedAtMs / 1_000, usedAtMs / 1_000),
    chunks: () => pack.slots.size,
    close: () => pack.file.close(),
  };
}

/** Lengths of the chunks in a file of ours (bytes). */
export async function chunkLengths(path: string): Promise<readonly number[]> {
  const file = await open(path, "r");
  try {
    return [...(await readEntries(file)).slots.values()].map(({ bytes }) => bytes);
  } finally {
    await file.close();
  }
}

/** An id as the key of a map: one byte a character takes half of what hex does. */
const nameOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
const nextOf = (slots: ReadonlyMap<string, Slot>, least: number): number =>
  [...slots.values()].reduce((next, { number }) => Math.max(next, number + 1), least);

const sectionAt = (number: number): number => Math.floor(number / SECTION_SLOTS) * SECTION_BYTES;
const entryAt = (number: number): number => sectionAt(number) + (number % SECTION_SLOTS) * ENTRY_BYTES;
const slotAt = (number: number): number => sectionAt(number) + HEAD_BYTES + (number % SECTION_SLOTS) * SLOT_BYTES;

/** Whether it says that the disk has lost what was asked for. */
export const isLost = (error: unknown): boolean => LOST_CODES.includes(errnoOf(error));

/** How many bytes came; undefined: the disk has lost some of them. */
async function readAt(file: FileHandle, into: Uint8Array, at: number): Promise<number | undefined> {
  try {
    return (await file.read(into, 0, into.length, at)).bytesRead;
  } catch (error) {
    if (isLost(error)) return undefined;
    throw error;
  }
}

interface Entries {
  readonly slots: Map<string, Slot>;
  /** The first number behind the sections whose entries cannot be read. */
  readonly writableFrom: number;
}

async function readEntries(file: FileHandle): Promise<Entries> {
  const { size } = await file.stat();
  const slots = new Map<string, Slot>();
  let writableFrom = 0;
  for (let number = 0; sectionAt(number) < size; number += SECTION_SLOTS) {
    const head = new Uint8Array(HEAD_BYTES);
    if ((await readAt(file, head, sectionAt(number))) === undefined) writableFrom = number + SECTION_SLOTS;
    for (let i = 0; i < SECTION_SLOTS; i++) {
      const entry = head.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES);
      const slot = slotOf(number + i, entry);
      if (slot) slots.set(nameOf(entry.subarray(0, 32)), slot);
    }
  }
  return { slots, writableFrom };
}

function entryOf(number: number, id: Uint8Array, bytes: number): Uint8Array {
  const entry = new Uint8Array(ENTRY_BYTES);
  entry.set(id);
  entry.set(u32(bytes), 32);
  entry.set(nodeVerifier.sha256(Buffer.concat([u32(number), entry.subarray(0, 36)])).subarray(0, 28), 36);
  return entry;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** What an entry says; undefined: the slot is free. */
function slotOf(number: number, entry: Uint8Array): Slot | undefined {
  const bytes = new DataView(entry.buffer, entry.byteOffset).getUint32(32);
  if (bytes === 0 || bytes > CHUNK_MAX_BYTES) return undefined;
  const isOurs = Buffer.compare(entry, entryOf(number, entry.subarray(0, 32), bytes)) === 0;
  return isOurs ? { number, bytes } : undefined;
}

async function readChecked(pack: Pack, id: ChunkId): Promise<Uint8Array | undefined> {
  const slot = pack.slots.get(nameOf(id));
  if (!slot) return undefined;
  const chunk = new Uint8Array(Buffer.allocUnsafeSlow(slot.bytes).buffer); // not worth filling with zeros
  const bytesRead = await readAt(pack.file, chunk, slotAt(slot.number));
  if (bytesRead === slot.bytes && Buffer.compare(nodeVerifier.sha256(chunk), id) === 0) return chunk;
  if (pack.slots.get(nameOf(id)) !== slot) return undefined; // another reader has seen it, or it was handed in again
  pack.slots.delete(nameOf(id));
  pack.lost(slot.bytes);
  await writeWhole(pack.file, [FREE], entryAt(slot.number)).catch(() => undefined);
  return undefined;
}

async function checkLastGroup(pack: Pack, writableFrom: number): Promise<void> {
  const last = [...pack.slots].filter(([, { number }]) => number >= pack.next - GROUP_MAX);
  for (const [name] of last) await readChecked(pack, ChunkId.from(new Uint8Array(Buffer.from(name, "latin1"))));
  pack.next = nextOf(pack.slots, writableFrom);
}

/** Writes what waits, group by group. */
async function writeAll(pack: Pack): Promise<void> {
  pack.isWriting = true;
  while (pack.coming.length > 0) {
    const group = pack.coming.splice(0, GROUP_MAX);
    try {
      await writeGroup(pack, group);
      for (const [i, { id, chunk }] of group.entries())
        pack.slots.set(nameOf(id), { number: pack.next + i, bytes: chunk.length });
      pack.next += group.length;
      for (const { settle } of group) settle();
    } catch (error) {
      await takeBack(pack, group.length);
      for (const { settle } of group) settle(error);
    }
  }
  pack.isWriting = false;
}

async function writeGroup({ file, next }: Pack, group: readonly Coming[]): Promise<void> {
  const entries = group.map(({ id, chunk }, i) => entryOf(next + i, id, chunk.length));
  for (let from = 0; from < group.length; ) {
    const run = runOf(next + from, group.slice(from));
    await writeWhole(file, run.pieces, slotAt(next + from));
    await writeWhole(file, entries.slice(from, from + run.chunks), entryAt(next + from));
    from += run.chunks;
  }
  await file.datasync();
}

/** How many chunks, from that slot on, one write takes: up to the first that does not fill its slot, and within a section. */
function runOf(number: number, group: readonly Coming[]): { readonly pieces: Uint8Array[]; readonly chunks: number } {
  const inSection = group.slice(0, SECTION_SLOTS - (number % SECTION_SLOTS)).map(({ chunk }) => chunk);
  const short = inSection.findIndex(({ length }) => length < CHUNK_MAX_BYTES);
  const run = inSection.slice(0, short < 0 ? inSection.length : short + 1);
  return { pieces: run.flatMap((chunk, i) => (i === 0 ? [chunk] : [NOTHING, chunk])), chunks: run.length };
}

async function writeWhole(file: FileHandle, pieces: readonly Uint8Array[], at: number): Promise<void> {
  const { bytesWritten } = await file.writev([...pieces], at);
  if (bytesWritten < pieces.reduce((sum, { length }) => sum + length, 0)) throw new Error("the disk took a part only");
}

/** Frees what a failed write has filled, and gives its room back. */
async function takeBack({ file, next }: Pack, count: number): Promise<void> {
  for (let number = next; number < next + count; number++)
    if (number % SECTION_SLOTS > 0) await writeWhole(file, [FREE], entryAt(number)).catch(() => undefined);
  await file.truncate(next % SECTION_SLOTS > 0 ? slotAt(next) : sectionAt(next)).catch(() => undefined);
}
