/**
 * The records of files, a page at a time: others send as many as they like, each with a preview of up to 24 KiB, so all of
 * them at once are no bounded memory.
 */
import type { FileState } from "../protocol/file-state.ts";
import { FILE } from "../protocol/records/file.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { scanRecords } from "./profile-reader.ts";

/** Records that are read together: 3 MiB at most. */
export const FILES_AT_ONCE = 128;

/** Every file with its record's id (group/message), of one group (hex) or of all; what is not kept of one is free with the next page. */
export async function* savedFiles(
  store: ProfileStore,
  group?: string,
): AsyncGenerator<readonly [id: string, state: FileState]> {
  const beginning = group === undefined ? "" : `${group}/`;
  let after = group === undefined ? undefined : beginning;
  for (;;) {
    const page = await scanRecords(store, FILE, { after, limit: FILES_AT_ONCE });
    for (const each of page) {
      if (!each[0].startsWith(beginning)) return;
      yield each;
    }
    after = page.at(-1)?.[0];
    if (page.length < FILES_AT_ONCE) return;
  }
}
