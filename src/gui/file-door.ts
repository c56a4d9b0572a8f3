/**
 * Files between browser and profile. The browser never names a path of this machine: what it sends is put into a
 * directory of ours, and what it gets are files of a group.
 *
 * 1. An upload streams to the disk, readable by this user only, and is removed once all of it is sent, or it is given up.
 *    One that is still being sent when the program ends stays, so that sending goes on at the next start.
 * 2. A file of somebody else's is given as an attachment that no browser runs; only pictures, told by their first bytes
 *    and not by what the sender says, are shown, in a page that may do nothing.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import type { ClientEvent } from "../client/api.ts";
import type { FileMethods, FileView } from "../client/file-api.ts";
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
  /** Removes uploads that are through. */
  readonly happened: (event: ClientEvent) => void;
  /** Removes uploads that no file of these groups is being sent from: what a program that was killed has left. */
  readonly tidy: (groups: readonly string[]) => Promise<void>;
}

/** How long a call waits for the relay before it answers that the message is queued (ms). */
const WAIT_MS = 2_000;

/** Pictures that browsers show without running anything, by their first bytes in hex; WebP has four bytes of length in between. */
const PICTURES: readonly (readonly [type: string, start: RegExp])[] = [
  ["image/png", /^89504e470d0a1a0a/],
  ["image/jpeg", /^ffd8ff/],
  ["image/gif", /^474946383[79]61/],
  ["image/webp", /^52494646.{8}57454250/],
];

/** A call of the client about files. */
export type FileCall = <M extends keyof FileMethods>(
  method: M,
  params: FileMethods[M][0],
) => Promise<FileMethods[M][1]>;

/** `directory`: of the profile; uploads lie in a directory of their own in it. */
export function createFileDoor(directory: string, call: FileCall): FileDoor {
  const place = join(directory, "uploads");
  /** Uploads by the id of the message that brings them. */
  const sending = new Map<string, string>();
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true }).catch(() => undefined);
  return {
    take: async ({ group, name, type, body }) => {
      const own = join(place, randomBytes(12).toString("hex"));
      await mkdir(own, { recursive: true, mode: 0o700 });
      const path = join(own, "file");
      try {
        const source = Readable.fromWeb(body as NodeStream<Uint8Array>);
        await pipeline(source, createWriteStream(path, { mode: 0o600, flags: "wx" }));
        const described = { ...(name ? { name } : {}), ...(type ? { type } : {}) };
        const sent = await call("file-send", { group, path, waitMs: WAIT_MS, ...described });
        if (isOver(sent.file)) await remove(own);
        else sending.set(sent.file.id, own);
        return { message: sent.message, file: sent.file };
      } catch (error) {
        await remove(own);
        throw error;
      }
    },
    give: async (group, file, use) => {
      const { files } = await call("file-list", { group });
      const view = files.find(({ id }) => id === file);
      return view?.path === undefined || !isReadable(view) ? undefined : await given(view, view.path, use);
    },
    happened: (event) => {
      if (event.event !== "file" || !isOver(event.file)) return;
      const own = sending.get(event.file.id) ?? uploadOf(place, event.file);
      sending.delete(event.file.id);
      if (own !== undefined) void remove(own);
    },
    tidy: async (groups) => {
      const found = await readdir(place).catch(() => []); // before asking, so that none is taken that comes meanwhile
      const lists = await Promise.all(groups.map((group) => call("file-list", { group })));
      const kept = lists.flatMap(({ files }) =>
        files.filter((file) => !isOver(file)).map((file) => uploadOf(place, file)),
      );
      for (const own of found.map((name) => join(place, name)).filter((path) => !kept.includes(path)))
        await remove(own);
    },
  };
}

/** The upload that a file of ours is sent from. */
function uploadOf(place: string, { path }: FileView): string | undefined {
  const own = path && dirname(path);
  return own && dirname(own) === place ? own : undefined;
}

const isOver = ({ state }: FileView): boolean => state === "sent" || state === "cancelled" || state === "failed";
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

async function pictureType(path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    const start = buffer.toString("hex", 0, bytesRead);
    return PICTURES.find(([, pattern]) => pattern.test(start))?.[0];
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
