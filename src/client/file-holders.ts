/**
 * What members tell each other about who has a file: that one got it, and that one misses it. Both are messages that nobody
 * sees as lines, so they are few and spread over time.
 * @see PROTOCOL.md § Files
 */
import { GROUP } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { toHex } from "../wire/text-forms.ts";
import { type FileContext, type FilePlace, savedFile } from "./file-transfer.ts";
import { membersOf } from "./member-names.ts";
import { readRecord } from "./profile-reader.ts";

/** Ms between two requests to bring the same file back, and between two answers: a request is small, an answer all of the file. */
export const ASK_AGAIN_MS = 600_000;
/** Ms for each member of a group over which devices that got a file say so, and at most; 3 who have it are enough. */
const TELL_PER_MEMBER_MS = 200;
const TELL_MOST_MS = 60_000;
const HOLDERS_ENOUGH = 3;

export interface TellingContext extends FileContext {
  /** When each file was last asked for (ms). */
  readonly asked: Map<string, number>;
  /** When each was last brought back (ms). */
  readonly brought: Map<string, number>;
  /** What still waits to be done. */
  readonly timers: Set<() => void>;
}

/** After a random time, longer in larger groups: tells that we could bring the file back. */
export async function tellHeldSoon(c: TellingContext, place: FilePlace): Promise<void> {
  later(c, () => tellHeld(c, place), await spreadMs(c, place));
}

async function spreadMs(c: TellingContext, { group }: FilePlace): Promise<number> {
  const state = await readRecord(c.store, GROUP, toHex(group));
  const members = state ? (await membersOf(c.store, state)).length : 0;
  return Math.min(TELL_MOST_MS, members * TELL_PER_MEMBER_MS);
}

/** Does that after a random part of `withinMs`, unless the program ends first. */
export function later(c: TellingContext, work: () => Promise<void>, withinMs: number): void {
  const random = c.random(2);
  const part = ((random[0] ?? 0) * 256 + (random[1] ?? 0)) / 65_536;
  const cancel = c.clock.after(Math.floor(part * withinMs), () => {
    c.timers.delete(cancel);
    work().catch(() => undefined); // others may do it, or we after the next request
  });
  c.timers.add(cancel);
}

/** Tells the group that we could bring the file back, unless enough have said so. In a group of two nobody asks. */
async function tellHeld(c: TellingContext, place: FilePlace): Promise<void> {
  const state = await savedFile(c.store, place);
  const group = await readRecord(c.store, GROUP, toHex(place.group));
  if (state?.stage.kind !== "here" || state.holders.length >= HOLDERS_ENOUGH || !group) return;
  if ((await membersOf(c.store, group)).length <= 2) return;
  await c.put({ kind: "tell-of-file", group: place.group, content: { kind: "fileHeld", file: place.file } });
}

/** Asks the group to bring the file back; seldom, since each answer is an upload. */
export async function askFor(c: TellingContext, place: FilePlace): Promise<void> {
  const nowMs = c.clock.nowMs();
  const lastMs = c.asked.get(idOf(place.group, place.file)) ?? Number.NEGATIVE_INFINITY;
  if (nowMs - lastMs < ASK_AGAIN_MS) return;
  c.asked.set(idOf(place.group, place.file), nowMs);
  await c.put({ kind: "tell-of-file", group: place.group, content: { kind: "fileWanted", file: place.file } });
}
