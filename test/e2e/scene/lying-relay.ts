/** A scene's relay in the hands of somebody who lies: same key, same data, same port, but of the chunks that it gives some are false. */

import { type ChunkFiles, openChunkFiles } from "../../../relay-node/chunk-files.ts";
import { defaults } from "../../../relay-node/config.ts";
import { startRelay } from "../../../relay-node/relay.ts";
import type { ChunkId } from "../../../src/wire/ids.ts";
import { toHex } from "../../../src/wire/text-forms.ts";
import type { Relay } from "./relay.ts";

/** What it does to a file: gives another chunk than was asked for, turns a bit, or says that it has what it does not give. */
export type Lie = "swap" | "flip" | "drop";

/** Chunks of each file that come as they are: the list, so that somebody asks for more. */
const HONEST = 1;

/** Runs in this process, once the true relay has ended; `lies`: for one file after the other, as they are asked for. */
export async function startLyingRelay(
  { directory, port }: Pick<Relay, "directory" | "port">,
  lies: readonly Lie[],
): Promise<{ readonly stop: () => Promise<void> }> {
  const config = { ...defaults(), data: directory, listen: [`/ip4/127.0.0.1/tcp/${port}`] };
  return await startRelay(
    config,
    () => undefined,
    async (options) => lying(await openChunkFiles(options), lies),
  );
}

function lying(files: ChunkFiles, lies: readonly Lie[]): ChunkFiles {
  const asked = new Map<string, { readonly lie: Lie | undefined; given: number; readonly ids: ChunkId[] }>();
  const bookOf = (topic: string) => {
    const book = asked.get(topic) ?? { lie: lies[asked.size], given: 0, ids: [] };
    asked.set(topic, book);
    return book;
  };
  return {
    ...files,
    has: async (topic, ids) => {
      bookOf(toHex(topic)).ids.push(...ids);
      return await files.has(topic, ids);
    },
    read: async (topic, id) => {
      const book = bookOf(toHex(topic));
      if (book.given++ < HONEST || book.lie === undefined) return await files.read(topic, id);
      if (book.lie === "drop") return undefined;
      const other = book.ids.findLast((each) => toHex(each) !== toHex(id)) ?? id;
      const chunk = Uint8Array.from((await files.read(topic, book.lie === "swap" ? other : id)) ?? []);
      if (book.lie === "flip") chunk[1_000] = (chunk[1_000] ?? 0) ^ 4;
      return chunk;
    },
  };
}
