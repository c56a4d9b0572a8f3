/**
 * Contributions to merges of heads that a newcomer cannot derive, as whoever added it sends them.
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { frontierHash } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, EntryHash, GroupId } from "../wire/ids.ts";
import { MERGED_HEADS_MAX } from "../wire/limits.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import { EARLY_CONTRIBUTIONS_PER_SENDER_MAX, EARLY_MAX, hasRoomFor, noteEarly } from "./early-room.ts";
import type { Work } from "./effects.ts";
import { contributionId, enterHeads } from "./epoch-merges.ts";
import { enterEpochs } from "./epochs.ts";
import { hasContributions } from "./giving-heads.ts";
import { isEntered, wanting } from "./group-standing.ts";
import { find, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { areApart } from "./named-merges.ts";
import { ACCOUNT } from "./records/account.ts";
import { FORK } from "./records/epoch.ts";
import { GROUP, type GroupState } from "./records/group.ts";
import { CONTRIBUTION, EARLY, EARLY_AT } from "./records/key-delivery.ts";
import { newDevices } from "./roster.ts";
import { readLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Contributions of one group whose merge is not complete: they may overtake the entries that they are for. */
const CONTRIBUTIONS_MAX = 1_024;

type ContributionItem = Extract<PayloadItem, { kind: "contribution" }>;

/** c(head, F) from whoever added us, for a head that we cannot derive. */
export function* receiveContribution(work: Work, from: DeviceKey, item: ContributionItem): Step<void> {
  const group = yield* read(work, GROUP, toHex(item.group));
  const log = group && (yield* readLog(work, toHex(item.group)));
  if (!group) return yield* keepEarlyContribution(work, from, item);
  const account = yield* readExisting(work, ACCOUNT);
  const isOurs = (entry: LogEntry) => newDevices(entry).some((each) => equalBytes(each.device, account.device));
  const adders = log?.entries.filter(isOurs).map(({ author }) => author) ?? [];
  if (!group || !log || !adders.some((each) => equalBytes(each, from))) return;
  const id = contributionId(work, item.group, item.head, item.frontier);
  if (item.frontier.length > MERGED_HEADS_MAX) return;
  const isMerged = yield* read(work, FORK, toHex(frontierHash(work.p, item.group, item.frontier)));
  if (isMerged || !item.frontier.some((head) => equalBytes(head, item.head))) return;
  if ((yield* read(work, CONTRIBUTION, id)) || (yield* isEntered(work, { group: item.group, entry: item.head })))
    return;
  const others = yield* scan(work, CONTRIBUTION, `${toHex(item.group)}/`, CONTRIBUTIONS_MAX);
  if (others.length >= CONTRIBUTIONS_MAX) return;
  write(work, CONTRIBUTION, id, { value: item.value });
  const isFrontier = item.frontier.every((head) => find(log, head)) && areApart(log, item.frontier);
  if (isFrontier && (yield* hasContributions(work, log, item.frontier, new Map())))
    write(work, GROUP, toHex(item.group), yield* enterLate(work, group, log, item.frontier));
}

/** Enters the merge of these heads, and the epochs of what was written on it: we may have gone on to a later one without them. */
function* enterLate(work: Work, group: GroupState, log: LogState, heads: readonly EntryHash[]): Step<GroupState> {
  const merged = yield* enterHeads(work, group, log, heads);
  const isOn = ({ keyParents }: LogEntry): boolean =>
    keyParents.length === heads.length && keyParents.every((each) => heads.some((head) => equalBytes(head, each)));
  const following = log.entries.filter(isOn).flatMap(({ hash }) => sinceThen(log, hash));
  if (following.length === 0) return merged;
  const hashes = following.filter(({ action }) => isKeyAction(action.kind)).map(({ hash }) => hash);
  return yield* enterEpochs(work, yield* wanting(work, log, merged, hashes), log);
}

function* keepEarlyContribution(work: Work, from: DeviceKey, item: ContributionItem): Step<void> {
  const { head, frontier, value } = item;
  const others = yield* scan(work, EARLY, "", EARLY_MAX);
  if (!hasRoomFor(from, others, EARLY_CONTRIBUTIONS_PER_SENDER_MAX)) return;
  const id = contributionId(work, item.group, head, frontier);
  write(work, EARLY, id, { from, head, frontier, value });
  noteEarly(work, id);
}

/** Our welcome is here: what came before it is looked at now. */
export function* takeEarlyContributions(work: Work, group: GroupId): Step<void> {
  if (!(yield* read(work, GROUP, toHex(group)))) return;
  for (const [id, { from, head, frontier, value }] of yield* scan(work, EARLY, `${toHex(group)}/`, EARLY_MAX)) {
    write(work, EARLY, id, null);
    write(work, EARLY_AT, id, null);
    yield* receiveContribution(work, from, { kind: "contribution", group, head, frontier, value });
  }
}
