/**
 * Files between browser and profile. The browser never names a path of this machine: what it sends is put into a
 * directory of ours, and what it gets are files of a group.
 *
 * 1. An upload streams to the disk, readable by this user only, and lies there for as long as the client takes to seal it:
 *    what is kept of it, to be sent and given again, is encrypted. What a killed program has left goes at the next start.
 * 2. A file of somebody else's is given as an attachment that no browser runs; only pictures, told by their first bytes
 *    and not by what the sender says, are shown, in a page that may do nothing.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import type { FileTools } from "../cli/compose-files.ts";
import type { FileMethods, FileView } from "../client/file-api.ts";
import { PICTURE_START_BYTES, shownPictureType } from "../client/shown-picture.ts";
import type { Failure } from "../client/view/screen-methods.ts";

/** A file on its way in. `name` and `type` are what the browser says; the client cleans both. */
export interface Upload {
  readonly group: string;
  readonly name: string;
  readonly type: string;
  readonly body: ReadableStream<Uint8Array>;
}

/** A file on its way out. */
export interface GivenFile {
  readonly body: ReadableStream;
  readonly headers: Readonly<Record<string, string>>;
}

export interface FileDoor {
  /** Resolves once the message is on its way; rejects with a fault. */
  readonly take: (upload: Upload) => Promise<{ readonly message: { readonly id: string }; readonly file: FileView }>;
  /** `undefined` for what is not here, and for what may not be shown. */
  readonly give: (group: string, file: string, use: "save" | "show") => Promise<GivenFile | undefined>;
  /** Removes what a program that was killed has left; before the first upload. */
  readonly tidy: () => Promise<void>;
}

/** How long a call waits for the relay before it answers that the message is queued (ms). */
const WAIT_MS = 2_000;

/** A call of the client about files. */
export type FileCall = <M extends keyof FileMethods>(
  method: M,
  params: FileMethods[M][0],
) => Promise<FileMethods[M][1]>;

/** What the door works with. */
export interface FileDoorParts {
  /** Of the profile; uploads lie in a directory of their own in it. */
  readonly directory: string;
  readonly call: FileCall;
  /** Gives a stream to the process that has the profile open. */
  readonly offer: FileTools["offer"];
}

export function createFileDoor({ directory, call, offer }: FileDoorParts): FileDoor {
  const place = join(directory, "uploads");
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true }).catch(() => undefined);
  return {
    take: async ({ group, name, type, body }) => {
      const own = join(place, `${process.pid}-${randomBytes(12).toString("hex")}`);
      await mkdir(own, { recursive: true, mode: 0o700 });
      const path = join(own, "file");
      try {
        const source = Readable.fromWeb(body as NodeStream<Uint8Array>);
        await pipeline(source, createWriteStream(path, { mode: 0o600, flags: "wx" }));
        const stored = createReadStream(path);
        const offered = await offer(stored);
        const described = { ...(name ? { name } : {}), ...(type ? { type } : {}) };
        const asked = { group, path: offered.path, picture: path, waitMs: WAIT_MS, ...described };
        const { message, file } = await call("file-send", asked).finally(() => {
          stored.destroy();
          return offered.close();
        });
        return { message, file };
      } finally {
        await remove(own);
      }
    },
    give: async (group, file, use) => {
      const { files } = await call("file-list", { group, file });
      const view = files.find(({ id }) => id === file);
      return view?.path === undefined || !isReadable(view) ? undefined : await given(view, view.path, use);
    },
    tidy: async () => {
      const found = await readdir(place).catch(() => []);
      for (const name of found)
        if (!isAnothers(name) || (await isOld(join(place, name)))) await remove(join(place, name));
    },
  };
}

/** Ms that no upload takes within one machine: whoever has that process number now is another one. */
const UPLOAD_MAX_MS = 86_400_000;

async function isOld(own: string): Promise<boolean> {
  const found = await stat(own).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > UPLOAD_MAX_MS;
}

/** The directory of an upload that another program is taking at this moment. */
function isAnothers(name: string): boolean {
  const pid = Number(name.split("-")[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const isReadable = ({ state }: FileView): boolean => state === "here" || state === "sending" || state === "sent";

async function given(view: FileView, path: string, use: "save" | "show"): Promise<GivenFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const picture = use === "show" ? await pictureType(path) : undefined;
  if (use === "show" && picture === undefined) return undefined;
  const name = encodeURIComponent(view.name).replace(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
  const disposition = `${picture ? "inline" : "attachment"}; filename*=UTF-8''${name}`;
  return {
    body: Readable.toWeb(createReadStream(path)) as ReadableStream,
    headers: {
      "content-type": picture ?? "application/octet-stream",
      "content-length": String(found.size),
      "content-disposition": disposition,
      "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    },
  };
}

/** Of the picture there; undefined: none, or none to be drawn. */
async function pictureType(path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PICTURE_START_BYTES), 0, PICTURE_START_BYTES, 0);
    return shownPictureType(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** The HTTP status of a failure; the page reads the code. */
export function failureStatus({ code }: Failure): 400 | 404 | 409 | 500 | 507 {
  if (code === "usage/not-found") return 404;
  if (code === "usage/not-allowed") return 409;
  if (code === "storage/full") return 507;
  return code.startsWith("usage/") ? 400 : 500;
}
