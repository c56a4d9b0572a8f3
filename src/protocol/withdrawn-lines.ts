/**
 * Lines that do not count (any more) and lines that count again. A withdrawn line stays saved with the state
 * `withdrawn`, which no query finds, so that it can come back.
 * @see PROTOCOL.md § History, Messages that do not count
 */
import { equalBytes } from "../verify/transcript.ts";
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { deepestHeads, noteGaps } from "./conversation.ts";
import { announce, type Work } from "./effects.ts";
import { NO_HEADS, type Recent } from "./recent-messages.ts";
import { ACCOUNT } from "./records/account.ts";
import { HEADS, type HeadsState, type SaidState } from "./records/conversation.ts";
import { type LineState, read, readExisting, type Step, write } from "./step.ts";

const isCounting = ({ said }: Recent): boolean => counts(said);

const counts = ({ isHeld, isVoid }: SaidState): boolean => !isHeld && !isVoid;

/** Writes what became of messages; their lines go or come with it, and the heads of the conversation follow. */
export function* restate(
  work: Work,
  group: GroupId,
  recent: Map<string, Recent>,
  changes: readonly Recent[],
): Step<void> {
  const turned: SaidState[] = [];
  for (const changed of changes) {
    const before = recent.get(toHex(changed.said.id));
    recent.set(toHex(changed.said.id), changed);
    write(work, changed.record, changed.place, changed.said);
    if (before && isCounting(before) !== isCounting(changed)) turned.push(changed.said);
  }
  if (turned.length === 0) return;
  const { device } = yield* readExisting(work, ACCOUNT);
  for (const said of turned) {
    if (counts(said)) yield* noteGaps(work, group, said);
    const shown = equalBytes(device, said.device) ? "on-relay" : "received";
    const state: LineState = counts(said) ? shown : "withdrawn";
    const line = { group: toHex(group), id: toHex(said.id), state };
    work.lineStates.push(line);
    announce(work, { kind: "line-state", ...line });
  }
  const heads = (yield* read(work, HEADS, toHex(group))) ?? NO_HEADS;
  write(work, HEADS, toHex(group), { ...heads, heads: headsAfter(heads.heads, recent, turned) });
}

/** What is withdrawn is cited no more: what it cited itself stands in its place. What comes back is a head unless it is cited. */
function headsAfter(
  heads: HeadsState["heads"],
  recent: ReadonlyMap<string, Recent>,
  turned: readonly SaidState[],
): HeadsState["heads"] {
  const followed = new Set<string>();
  for (const each of recent.values()) if (isCounting(each)) for (const id of each.said.cites) followed.add(toHex(id));
  const candidates = new Map(heads.map((head) => [toHex(head.id), head]));
  for (const said of turned)
    for (const id of counts(said) ? [said.id] : said.cites) {
      const found = recent.get(toHex(id));
      if (found) candidates.set(toHex(id), { id, depth: found.said.depth });
    }
  const isHead = (id: string): boolean => {
    const found = recent.get(id);
    return !followed.has(id) && (found === undefined || isCounting(found));
  };
  return deepestHeads([...candidates].filter(([id]) => isHead(id)).map(([, head]) => head));
}
