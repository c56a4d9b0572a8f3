/** Files, directories and streams to be sent, as the disk has them. Nothing here holds more than one piece in memory. */
import { constants, createReadStream, openSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { connect, Socket } from "node:net";
import { basename } from "node:path";
import type { FileSource } from "../client/ports/parts.ts";
import { Fault } from "../wire/fault.ts";
import { archiveOf } from "./directory-archive.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

const GONE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "EISDIR"]);

/** See `PartStore.look`. */
export async function lookAt(path: string): Promise<FileSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const name = basename(path);
  if (found.isFile()) return { kind: "file", name, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) };
  if (found.isDirectory()) return { kind: "directory", name };
  if (found.isSocket() || found.isFIFO()) return { kind: "stream", name };
  throw new Fault("usage/bad-argument", `${path} is neither a file nor a directory, so it cannot be sent`);
}

function unreadable(path: string, error: unknown): Fault {
  const code = errorCode(error);
  if (GONE.has(code)) return new Fault("usage/not-found", `there is no file ${path}: check the path`);
  if (code === "EACCES" || code === "EPERM")
    return new Fault("usage/not-allowed", `${path} cannot be read (${code}): give your user read access and try again`);
  return storageFault(error, path);
}

/** See `PartStore.read`. */
export async function readRange(
  path: string,
  offset: number,
  length: number,
  into?: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const out = into?.subarray(0, length) ?? new Uint8Array(length);
      let at = 0;
      while (at < length) {
        const { bytesRead } = await file.read(out, at, length - at, offset + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return at === length ? out : out.subarray(0, at);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (GONE.has(errorCode(error))) return undefined;
    throw unreadable(path, error);
  }
}

/** See `PartStore.stream`. */
export async function* streamOf(path: string, leaveOut?: (inside: string) => void): AsyncIterable<Uint8Array> {
  const source = await lookAt(path);
  const found = await stat(path);
  if (source.kind === "directory") yield* archiveOf(path, leaveOut);
  else if (found.isSocket()) yield* connect(path);
  else if (found.isFIFO()) yield* pipeAt(path);
  else yield* createReadStream(path);
}

/**
 * A named pipe, opened without waiting for somebody who writes: a thread that waits in open(2) cannot be stopped, so that
 * the process could not end, and four of them would hold up every other file.
 */
function pipeAt(path: string): Socket {
  try {
    return new Socket({
      fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      readable: true,
      writable: false,
    });
  } catch (error) {
    throw unreadable(path, error);
  }
}
