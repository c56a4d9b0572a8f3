/** The disk for files: what is sent is read where it lies, what is fetched is written beside its place. A port of the client. */
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PartStore } from "../client/ports/parts.ts";
import { lookAt, readRange, streamOf } from "./file-source.ts";
import { createPartFile, finishPartFile, syncFile, writeAt } from "./part-file.ts";
import { makePreview } from "./picture-preview.ts";
import { storageFault } from "./storage-fault.ts";

/** `directory`: that of the profile; sealed chunks of what can be read only once lie in `files` there. */
export function createPartStore(directory: string): PartStore {
  const files = join(directory, "files");
  return {
    look: lookAt,
    read: readRange,
    stream: streamOf,
    spoolPath: async (id) => {
      await mkdir(files, { recursive: true, mode: 0o700 });
      const path = join(files, id);
      await (await open(path, "wx", 0o600)).close();
      return path;
    },
    spools: async () => (await readdir(files).catch(() => [])).map((name) => join(files, name)),
    createPart: createPartFile,
    write: writeAt,
    sync: syncFile,
    finish: finishPartFile,
    remove: async (path) => {
      await rm(path, { force: true }).catch((error: unknown) => {
        throw storageFault(error, path);
      });
    },
    preview: makePreview,
  };
}
