/** Histories that nobody wrote: records and lines as receiving many messages would have left them. */
import { type GroupState, SEEN } from "../src/protocol/records.ts";
import { encode } from "../src/wire/codec.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { type Device, random } from "./device.ts";

/** Messages written in one commit. */
const FILL = 5_000;

/** A history of so many messages, as receiving them would have left it. */
export async function writeHistory({ store, account }: Device, group: GroupState, lines: number): Promise<void> {
  const author = { account: toHex(account.account), device: toHex(account.device), name: "someone" };
  for (let at = 0; at < lines; at += FILL) {
    const ids = Array.from({ length: Math.min(FILL, lines - at) }, () => toHex(random(32)));
    await store.commit({
      records: new Map(ids.map((id, i) => [SEEN.prefix + id, encode(SEEN.codec, { depth: at + i + 2 })])),
      lines: ids.map((id, i) => ({
        ...author,
        group: toHex(group.group),
        id,
        depth: at + i + 2,
        sentAtMs: Date.now(),
        kind: "text",
        text: `old message ${at + i} with a few words in it`,
        state: "received",
      })),
      removedLines: [],
      lineStates: [],
    });
  }
}
