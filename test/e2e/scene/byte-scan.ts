/** Looks for secrets as bytes: in files, and in the memory of a process (Linux, by whoever may trace it). */
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of a mapping that are read at once; most of those that were never used are zero and are not searched. */
const PIECE_BYTES = 262_144;
/** More than any needle has (bytes): pieces overlap by so much. */
const NEEDLE_MAX_BYTES = 1_024;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/** One way in which a secret may be written. */
export interface Needle {
  /** What it is and how it is written: "the group's name in UTF-16". */
  readonly what: string;
  readonly bytes: Buffer;
}

/** All forms of some secret bytes: as they are, in hex, in base64 at each of the three alignments. */
export function formsOf(what: string, secret: Uint8Array): readonly Needle[] {
  const bytes = Buffer.from(secret);
  const written = new Set([bytes.toString("hex"), ...base64Of(bytes)]);
  return [
    { what, bytes },
    ...[...written].map((text) => ({
      what: `${what} as text ${text.slice(0, 6)}…`,
      bytes: Buffer.from(text, "latin1"),
    })),
  ];
}

/** The same for a text, which may also stand in UTF-16 itself. */
export function formsOfText(what: string, text: string): readonly Needle[] {
  return [
    ...formsOf(what, Buffer.from(text, "utf8")),
    { what: `${what} in UTF-16`, bytes: Buffer.from(text, "utf16le") },
  ];
}

/** What of a secret's base64 is the same wherever it stands in a longer one, in both alphabets. */
function base64Of(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    const whole = shifted.toString("base64").replace(/=+$/, "");
    // the first and the last letters depend on the neighbours
    const middle = whole.slice(shift === 0 ? 0 : shift + 1, shifted.length % 3 === 0 ? undefined : -1);
    return [middle, middle.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** Which of the needles stand in the files of a directory, subdirectories included. */
export async function scanFiles(directory: string, needles: readonly Needle[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    found.push(...seenIn(bytes, needles).map((what) => `${what} in ${entry.name}`));
  }
  return found;
}

/** Which of the needles stand in the readable memory of a process, and how many bytes that is. */
export async function scanMemory(
  pid: number,
  needles: readonly Needle[],
): Promise<{ readonly found: readonly string[]; readonly scannedBytes: number }> {
  const maps = await readFile(`/proc/${pid}/maps`, "utf8");
  const memory = await open(`/proc/${pid}/mem`, "r");
  const found = new Set<string>();
  let scannedBytes = 0;
  try {
    for (const [start, end] of readableRanges(maps)) {
      for await (const piece of pieces(memory, start, end)) {
        scannedBytes += piece.length;
        for (const what of seenIn(piece, needles)) found.add(what);
      }
    }
  } finally {
    await memory.close();
  }
  return { found: [...found], scannedBytes };
}

function seenIn(bytes: Buffer, needles: readonly Needle[]): readonly string[] {
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ what }) => what);
}

/** What can be read, without the unwritten mappings of files (programs, libraries) that everybody can read anyway. */
function readableRanges(maps: string): readonly (readonly [number, number])[] {
  return maps.split("\n").flatMap((line) => {
    const [, start, end, mode, path] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    const isKernels = path?.startsWith("[v") === true;
    const isPublic = path?.startsWith("/") === true && mode?.includes("w") === false;
    if (start === undefined || end === undefined || !mode?.startsWith("r") || isKernels || isPublic) return [];
    return [[Number.parseInt(start, 16), Number.parseInt(end, 16)] as const];
  });
}

/** A range in pieces that overlap by more than any needle; what cannot be read is passed over. */
async function* pieces(memory: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(PIECE_BYTES);
  for (let at = start; at < end; at += PIECE_BYTES - NEEDLE_MAX_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at);
    const read = await memory.read(buffer, 0, length, at).catch(() => undefined);
    const piece = buffer.subarray(0, read?.bytesRead ?? 0);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) yield piece;
    if (at + length >= end) return;
  }
}
