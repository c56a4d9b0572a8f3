/**
 * Heads that give something to a merge because somebody named it. Names are made up easily and looked at with each entry, so
 * that has to be cheap.
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { frontierHash } from "../crypto/epoch-secrets.ts";
import type { EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { contributionId, FORK_NODES_MAX } from "./epoch-merges.ts";
import { find } from "./log-graph.ts";
import type { LogState } from "./log-state.ts";
import { FORK } from "./records/epoch.ts";
import { CONTRIBUTION } from "./records/key-delivery.ts";
import { read, type Step } from "./step.ts";

/** Nodes of a fork tree that gives nothing to named merges any more: half of it is left for what the log itself brings. */
const NAMED_NODES_MAX = FORK_NODES_MAX / 2;

/** Heads (hex) that were looked at in this step, and whether their trees give something: reading a tree takes long. */
export type GivingHeads = Map<string, boolean>;

/** Whether all that it takes to derive the merge of these heads by name seems to be here: cheap, and seldom wrong. */
export function* hasContributions(
  work: Work,
  log: LogState,
  heads: readonly EntryHash[],
  giving: GivingHeads,
): Step<boolean> {
  if (!heads.every((head) => find(log, head))) return false;
  for (const head of heads) {
    if (yield* isGiving(work, log, head, giving)) continue;
    if (!(yield* read(work, CONTRIBUTION, contributionId(work, log.group, head, heads)))) return false;
  }
  return true;
}

function* isGiving(work: Work, log: LogState, head: EntryHash, giving: GivingHeads): Step<boolean> {
  const known = giving.get(toHex(head));
  if (known !== undefined) return known;
  const fork = yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [head])));
  const does = fork !== undefined && fork.tree.nodes.length <= NAMED_NODES_MAX;
  giving.set(toHex(head), does);
  return does;
}
