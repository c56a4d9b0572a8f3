/** A disk for files, in memory: paths to bytes, with room for so many of them. */
import type { PartStore } from "../../src/client/ports/parts.ts";
import { Fault } from "../../src/wire/fault.ts";

export interface MemoryDisk {
  readonly files: Map<string, Uint8Array>;
  /** Read once, in these pieces. */
  readonly streams: Map<string, readonly Uint8Array[]>;
  readonly directories: Set<string>;
  /** Bytes that fit; more is a full disk. */
  room: number;
  /** Grows with every change of a file, as its time would. */
  changes: number;
  /** Called when a download has its last name. */
  onNamed: () => void;
  /** Second names of temporary files. */
  readonly named: Map<string, string>;
  /** Paths that were synced, in order. */
  readonly synced: string[];
  /** How long that takes. */
  syncing: () => Promise<void>;
}

export const memoryDisk = (): MemoryDisk => ({
  files: new Map(),
  streams: new Map(),
  directories: new Set(["/downloads", "/elsewhere"]),
  room: Number.POSITIVE_INFINITY,
  changes: 0,
  onNamed: () => undefined,
  named: new Map(),
  synced: [],
  syncing: async () => undefined,
});

const full = (): Fault => new Fault("storage/full", "the disk is full");

export function memoryParts(disk: MemoryDisk): PartStore {
  const { files, streams, directories } = disk;
  let made = 0;
  const used = (): number => [...new Set(files.values())].reduce((sum, each) => sum + each.length, 0);
  const put = (path: string, bytes: Uint8Array): void => {
    if (used() - (files.get(path)?.length ?? 0) + bytes.length > disk.room) throw full();
    files.set(path, bytes);
  };
  return {
    look: async (path) => {
      const name = path.split("/").at(-1) ?? "";
      const bytes = files.get(path);
      if (bytes) return { kind: "file", name, sizeBytes: bytes.length, modifiedMs: disk.changes };
      if (directories.has(path)) return { kind: "directory", name };
      if (streams.has(path)) return { kind: "stream", name };
      throw new Fault("usage/not-found", `there is no file ${path}`);
    },
    read: async (path, offset, length) => files.get(path)?.slice(offset, offset + length),
    stream: async function* (path, leaveOut) {
      if (directories.has(path)) leaveOut?.("latest"); // each has a link of that name
      yield* streams.get(path) ?? [];
    },
    spoolPath: async (id) => {
      files.set(`/profile/${id}`, new Uint8Array());
      return `/profile/${id}`;
    },
    spools: async () => [...files.keys()].filter((path) => path.startsWith("/profile/")),
    createPart: async ({ directory, sizeBytes }) => {
      if (used() + sizeBytes > disk.room) throw full();
      const path = `${directory}/.part-${made++}-${disk.files.size}`;
      files.set(path, new Uint8Array());
      return path;
    },
    write: async (path, offset, bytes) => {
      const before = files.get(path) ?? new Uint8Array();
      const after = new Uint8Array(Math.max(before.length, offset + bytes.length));
      after.set(before);
      after.set(bytes, offset);
      put(path, after);
    },
    sync: async (path) => {
      await disk.syncing();
      disk.synced.push(path);
    },
    finish: async (part, { directory, name, sizeBytes, isExact }) => {
      const before = disk.named.get(part);
      if (before) return before;
      let path = `${directory}/${name}`;
      for (let number = 2; files.has(path); number++) {
        if (isExact) throw new Fault("usage/not-allowed", "something is there already");
        path = `${directory}/${name} (${number})`;
      }
      const bytes = new Uint8Array(sizeBytes);
      bytes.set((files.get(part) ?? new Uint8Array()).subarray(0, sizeBytes));
      files.set(part, bytes);
      files.set(path, bytes); // another name of the same file
      disk.named.set(part, path);
      disk.onNamed();
      return path;
    },
    remove: async (path) => void files.delete(path),
    preview: async () => undefined,
  };
}
