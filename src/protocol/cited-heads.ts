/**
 * Which heads of the conversation an entry of ours cites.
 * @see PROTOCOL.md § History
 */
import { equalBytes } from "../verify/transcript.ts";
import type { Action } from "../wire/entry.ts";
import type { GroupId } from "../wire/ids.ts";
import { MESSAGE_FRONTIER_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { deepest } from "./group-lines.ts";
import { recentMessages } from "./recent-messages.ts";
import { HEADS, type HeadsState, type SaidState } from "./records/conversation.ts";
import { read, type Step } from "./step.ts";

/**
 * The deepest; but of those that it removes all that there is room for: what they said and we had seen counts by this alone
 * if nobody cites it.
 */
export function* headsForEntry(work: Work, group: GroupId, action: Action): Step<HeadsState["heads"]> {
  const heads = (yield* read(work, HEADS, toHex(group)))?.heads ?? [];
  const isRemoval = action.kind === "remove" || action.kind === "unlink";
  if (!isRemoval || heads.length <= MESSAGE_FRONTIER_MAX) return deepest(heads);
  const recent = yield* recentMessages(work, group);
  const isTheirs = ({ id }: HeadsState["heads"][number]): boolean => isBy(recent.get(toHex(id))?.said, action);
  const theirs = deepest(heads.filter(isTheirs));
  const others = deepest(heads.filter((each) => !isTheirs(each)));
  return [...theirs, ...others.toReversed()].slice(0, MESSAGE_FRONTIER_MAX);
}

function isBy(said: SaidState | undefined, action: Extract<Action, { kind: "remove" | "unlink" }>): boolean {
  if (!said) return false;
  if (action.kind === "unlink") return equalBytes(action.device, said.device);
  return action.accounts.some((each) => equalBytes(each, said.account));
}
