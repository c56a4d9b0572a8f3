/** Files as commands need them beside the client: standard input for whoever owns the profile, and unpacking. */
import { createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unpackArchive } from "../store/directory-archive.ts";
import { createRuntimeDirectory } from "../store/runtime-directory.ts";

/** Bytes that another process takes from us. */
export interface OfferedStream {
  /** Of a socket that only this user can open. */
  readonly path: string;
  readonly close: () => Promise<void>;
}

/** What commands do with files on this machine. */
export interface FileTools {
  /** Lets whoever owns the profile read `input` once, whichever process that is. */
  readonly offer: (input: Readable) => Promise<OfferedStream>;
  /** Unpacks an archive into a new directory beside it; its path. */
  readonly unpack: (archive: string) => Promise<string>;
}

export const fileTools: FileTools = { offer, unpack };

async function offer(input: Readable): Promise<OfferedStream> {
  const { socketPath, remove } = await createRuntimeDirectory(process.env);
  const server = createServer((socket) => {
    server.close(); // one reader
    pipeline(input, socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  return {
    path: socketPath,
    close: async () => {
      await closed(server);
      await remove();
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}

async function unpack(archive: string): Promise<string> {
  const name = basename(archive);
  const directory = join(dirname(archive), name.endsWith(".tar") ? name.slice(0, -".tar".length) : `${name}.unpacked`);
  await unpackArchive(archive, directory);
  return directory;
}
