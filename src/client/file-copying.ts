/** A file that is here already is not fetched again: another place gets a copy, or nothing if it changes meanwhile. */
import type { SavedFile } from "../protocol/file-state.ts";
import { Fault } from "../wire/fault.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import { CHUNK_PLAIN_BYTES } from "../wire/limits.ts";
import { change, type FileContext, type FilePlace } from "./file-transfer.ts";
import type { PartStore, PartTarget } from "./ports/parts.ts";

/** Whether what was fetched still lies there as it was. */
export async function isUnchanged(parts: PartStore, { path, modified }: SavedFile): Promise<boolean> {
  const found = await parts.look(path).catch(() => undefined);
  return found?.kind === "file" && found.modifiedMs === modified;
}

/** Copies it piece by piece; the file counts as saved there from now on. `usage/not-allowed`: it is not as it was any more. */
export async function copyHere(
  c: Pick<FileContext, "put" | "parts">,
  place: FilePlace,
  [saved, { size }]: readonly [SavedFile, Pick<FileManifest, "size">],
  to: Omit<PartTarget, "sizeBytes">,
): Promise<void> {
  const target = { ...to, sizeBytes: size };
  const part = await c.parts.createPart(target);
  try {
    for (let at = 0; at < size; at += CHUNK_PLAIN_BYTES) {
      const piece = await c.parts.read(saved.path, at, CHUNK_PLAIN_BYTES);
      if (piece?.length !== Math.min(CHUNK_PLAIN_BYTES, size - at)) throw changed(saved);
      await c.parts.write(part, at, piece);
    }
    if (!(await isUnchanged(c.parts, saved))) throw changed(saved);
    const path = await c.parts.finish(part, target);
    const found = await c.parts.look(path);
    const modified = found.kind === "file" ? found.modifiedMs : 0;
    await change(c, { kind: "stage", ...place, stage: { kind: "here", saved: { path, isSpool: false, modified } } });
    await c.parts.remove(part);
  } catch (error) {
    await c.parts.remove(part);
    throw error;
  }
}

const changed = ({ path }: SavedFile): Fault =>
  new Fault("usage/not-allowed", `${path} changed while it was copied, so there is no copy of it: try again`);
