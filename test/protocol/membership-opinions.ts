/** What the real resolver and its twin say of one membership log, in a form that compares and prints. */
import { isOpen } from "../../src/protocol/group-invites.ts";
import { resolve } from "../../src/protocol/log-resolution.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { frontierOf, headsOf } from "../../src/protocol/membership-log.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { DagEntry } from "../twin/membership-dag.ts";
import type { TwinLog } from "../twin/membership-entries.ts";
import { viewOf } from "../twin/membership-twin.ts";

/** Hashes and keys are hex. */
export interface Opinion {
  readonly allowed: readonly string[];
  readonly counting: readonly string[];
  readonly members: readonly unknown[];
  readonly name: string | undefined;
  readonly inviters: number | undefined;
  readonly invites: readonly string[];
  readonly heads: readonly string[];
  readonly frontier: readonly string[];
}

export function twinOpinion(log: TwinLog): Opinion {
  const ids = new Set(log.keys());
  const view = viewOf(log, ids);
  return {
    allowed: [...ids].sort(),
    counting: [...view.counting].sort(),
    members: view.members,
    name: view.settings.name,
    inviters: view.settings.inviters ?? 1,
    invites: [...view.invites]
      .filter(([, left]) => left > 0)
      .map(([id]) => id)
      .sort(),
    heads: view.heads,
    frontier: view.frontier,
  };
}

export function realOpinion(log: LogState): Opinion {
  const { view, counting } = resolve(log);
  const members = [...view.members.values()].map(({ account, role, name, devices }) => {
    return { account: toHex(account), rank: role, name, devices: devices.map(toHex).sort() };
  });
  const open = [...view.invites.values()].filter((each) => isOpen(view, each) && each.used < each.uses);
  return {
    allowed: log.entries.map(({ hash }) => toHex(hash)).sort(),
    counting: [...counting].map((place) => toHex(log.entries[place]?.hash ?? new Uint8Array())).sort(),
    members: members.sort((a, b) => (a.account < b.account ? -1 : 1)),
    name: view.settings.name,
    inviters: view.settings.inviters,
    invites: open.map(({ entry }) => toHex(entry)).sort(),
    heads: headsOf(log).map(toHex),
    frontier: frontierOf(log).map(toHex),
  };
}

/** Hashes of entries become their numbers in the transcript. */
export function named(opinion: Opinion, entries: readonly DagEntry[]): unknown {
  const numbers = new Map(entries.map(({ twin }, i) => [twin.id, i]));
  const short = (ids: readonly string[]) => ids.map((id) => numbers.get(id) ?? id).sort();
  const { allowed, counting, invites, heads, frontier } = opinion;
  return {
    ...opinion,
    allowed: short(allowed),
    counting: short(counting),
    invites: short(invites),
    heads: short(heads),
    frontier: short(frontier),
  };
}
