/**
 * Where a local socket lives: a directory of its own, readable by nobody else, with a short path.
 *
 * 1. The path of a socket is under 100 bytes on every system (the kernel's limit is 104 or 108).
 * 2. Directories that a killed owner left are removed by the next one, never those of a living owner: a socket that
 *    still accepts connections, a young directory and anything that is not exactly ours stay.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rmdir, stat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../wire/fault.ts";
import { errorCode } from "./storage-fault.ts";

const MAX_SOCKET_PATH_BYTES = 99;
const DIRECTORY_NAME = /^hermes-run-[A-Za-z0-9]{6}$/;
const SOCKET_NAME = "socket";
/** Between making a directory and listening in it lie milliseconds; a younger one may be just starting. */
const YOUNG_MS = 60_000;
/** Leftovers looked at per start, so that a full temporary directory cannot slow a start down. */
const MAX_LEFTOVERS = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/** A place for one socket. */
export interface RuntimeDirectory {
  readonly socketPath: string;
  /** Removes the directory; the socket in it is gone when its server is closed. */
  readonly remove: () => Promise<void>;
}

/** Makes one under XDG_RUNTIME_DIR or the temporary directory. On Windows a pipe name needs none. */
export async function createRuntimeDirectory(env: Environment): Promise<RuntimeDirectory> {
  if (process.platform === "win32") {
    return { socketPath: `\\\\.\\pipe\\hermes-${randomBytes(16).toString("hex")}`, remove: async () => {} };
  }
  for (const base of bases(env)) {
    const directory = await mkdtemp(join(base, "hermes-run-")).catch(() => undefined);
    if (directory === undefined) continue;
    await removeLeftovers(base);
    return { socketPath: join(directory, SOCKET_NAME), remove: () => removeDirectory(directory) };
  }
  throw new Fault(
    "storage/failed",
    "no directory for the local socket could be made, so other commands cannot reach this one; set XDG_RUNTIME_DIR to a short path that you can write.",
  );
}

/** Candidates short enough, best first. */
function bases(env: Environment): string[] {
  const tail = Buffer.byteLength(`/hermes-run-XXXXXX/${SOCKET_NAME}`);
  return [env["XDG_RUNTIME_DIR"] ?? "", tmpdir(), "/tmp"].filter(
    (base) => base.startsWith("/") && Buffer.byteLength(base) + tail <= MAX_SOCKET_PATH_BYTES,
  );
}

async function removeLeftovers(base: string): Promise<void> {
  const names = await readdir(base).catch(() => []);
  for (const name of names.filter((each) => DIRECTORY_NAME.test(each)).slice(0, MAX_LEFTOVERS)) {
    const directory = join(base, name);
    if (await isAbandoned(directory)) await removeDirectory(directory);
  }
}

async function isAbandoned(directory: string): Promise<boolean> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined || !found.isDirectory() || found.uid !== process.getuid?.()) return false;
  if (Date.now() - found.mtimeMs < YOUNG_MS) return false;
  const names = await readdir(directory).catch(() => undefined);
  if (names === undefined || names.some((name) => name !== SOCKET_NAME)) return false;
  return names.length === 0 || (await isDead(join(directory, SOCKET_NAME)));
}

/** True only when the kernel says that nobody listens. */
function isDead(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error) => resolve(errorCode(error) === "ECONNREFUSED"));
  });
}

/** Never recursive: what we did not put there stops it. */
async function removeDirectory(directory: string): Promise<void> {
  await unlink(join(directory, SOCKET_NAME)).catch(() => undefined);
  await rmdir(directory).catch(() => undefined);
}
