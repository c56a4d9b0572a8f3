/** Histories that nobody wrote: lines as receiving many messages would have left them. */
import type { GroupState } from "../src/protocol/records/group.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { type Device, random } from "./device.ts";

/** Messages written in one commit. */
const FILL = 20_000;

/** A history of so many messages in each group, as receiving them would have left it. */
export async function writeHistory(device: Device, groups: readonly GroupState[], linesEach: number): Promise<void> {
  const together = Math.max(1, Math.floor(FILL / Math.max(1, linesEach)));
  for (let at = 0; at < groups.length; at += together) {
    const some = groups.slice(at, at + together);
    for (let from = 0; from < linesEach; from += FILL)
      await writeLines(device, some, { from, to: Math.min(linesEach, from + FILL) });
  }
}

async function writeLines(
  { store, account }: Device,
  groups: readonly GroupState[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const author = { account: toHex(account.account), device: toHex(account.device), name: "someone" };
  const lines = groups.flatMap((group) =>
    Array.from({ length: to - from }, (_, i) => ({
      ...author,
      group: toHex(group.group),
      id: toHex(random(32)),
      depth: from + i + 2,
      sentAtMs: Date.now(),
      kind: "text" as const,
      text: `old message ${from + i} with a few words in it`,
      state: "received" as const,
    })),
  );
  await store.commit({ records: new Map(), lines, removedLines: [], lineStates: [] });
}
