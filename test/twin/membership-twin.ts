/**
 * A second implementation of the membership rules: slow, with nothing remembered but what each entry's own past says.
 * @see PROTOCOL.md § Membership log
 */
import { ROLE, type Settings } from "../../src/wire/entry.ts";
import { judge } from "./membership-actions-twin.ts";
import { countingIn } from "./membership-conflicts-twin.ts";
import {
  type AllowedEntry,
  entriesIn,
  type Ids,
  newest,
  pastOf,
  type TwinEntry,
  type TwinLog,
} from "./membership-entries.ts";
import { membersOf, openInvites, settingsOf, type TwinMember } from "./membership-view-twin.ts";

/** What a device sees that has these entries. */
export interface TwinView {
  readonly counting: Ids;
  readonly members: readonly TwinMember[];
  readonly settings: Settings;
  readonly invites: ReadonlyMap<string, number>;
  readonly heads: readonly string[];
  /** F: the newest key-changing entries that count. */
  readonly frontier: readonly string[];
  readonly owners: readonly string[];
}

export const emptyLog: TwinLog = new Map();

/** The log with one entry more, or `undefined` where the entry's parents are missing or its own past does not allow it. */
export function withEntry(log: TwinLog, entry: TwinEntry): TwinLog | undefined {
  if (log.has(entry.id) || entry.parents.some((parent) => !log.has(parent))) return undefined;
  const past = pastOf(log, entry.parents);
  const allowed = judge({ log, all: past, counting: countingIn(log, past) }, entry);
  return allowed && new Map([...log, [entry.id, allowed]]);
}

/** What those see who have exactly these entries; `ids` contains the past of each of its members. */
export function viewOf(log: TwinLog, ids: Ids): TwinView {
  const counting = countingIn(log, ids);
  const at = { log, all: ids, counting };
  const members = membersOf(at);
  return {
    counting,
    members,
    settings: settingsOf(at),
    invites: openInvites(at),
    heads: idsOf(newest(entriesIn(log, counting))),
    frontier: keyHeads(log, counting),
    owners: members.filter(({ rank }) => rank === ROLE.owner).map(({ account }) => account),
  };
}

/** K(e): the newest key-changing entries that count in e's past, by that past alone. */
export function keyHeadsBefore(log: TwinLog, parents: readonly string[]): readonly string[] {
  return keyHeads(log, countingIn(log, pastOf(log, parents)));
}

function keyHeads(log: TwinLog, counting: Ids): readonly string[] {
  return idsOf(newest(entriesIn(log, counting).filter(changesKey)));
}

const changesKey = ({ action }: AllowedEntry): boolean =>
  action.kind !== "invite" && action.kind !== "revokeInvite" && action.kind !== "settings";

const idsOf = (entries: readonly AllowedEntry[]): readonly string[] => entries.map(({ id }) => id).sort();
