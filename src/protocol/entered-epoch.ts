/**
 * An epoch whose secret S(F) is here: what is kept of it, and its topic.
 *
 * 1. S(F) lives only inside one step; what is saved are its keys and its punctured trees.
 * 2. An epoch is entered once, also when it was erased since: whoever still has its secret cannot set our chain back to its
 *    beginning, so that our next message would say that we sent nothing there.
 *
 * @see PROTOCOL.md § Group key schedule
 */
import { type EpochSecret, epochKeys, frontierHash } from "../crypto/epoch-secrets.ts";
import { openChain, ownChainOf } from "../crypto/sender-chain.ts";
import { compareBytes } from "../verify/transcript.ts";
import type { EntryHash, EpochId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { depthOfEntries } from "./group-lines.ts";
import type { LogState } from "./log-state.ts";
import { ACCOUNT } from "./records/account.ts";
import { EPOCH, ERASED_EPOCH, FORK, LIVE, LIVE_EPOCHS_MAX, OWN_CHAIN, SENDERS } from "./records/epoch.ts";
import { type GroupState, UNCLOSED_EPOCHS_MAX } from "./records/group.ts";
import { TOPIC } from "./records/topic.ts";
import { devicesIn, indexIn } from "./roster.ts";
import { saveRoster } from "./saved-roster.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** The heads of an epoch, its secret, and its number by the longest path. */
export interface Entering {
  readonly heads: readonly EntryHash[];
  readonly secret: EpochSecret;
  readonly number: number;
}

/** The epoch is here, or was and its time is over. */
export function* wasEntered(work: Work, epoch: EpochId): Step<boolean> {
  const id = toHex(epoch);
  return (yield* read(work, EPOCH, id)) !== undefined || (yield* read(work, ERASED_EPOCH, id)) !== undefined;
}

/** Saves all that follows from S(F), erases S(F), and reads the epoch's topic from now on. */
export function* enter(
  work: Work,
  group: GroupState,
  log: LogState,
  { heads, secret, number }: Entering,
): Step<GroupState> {
  const phi = frontierHash(work.p, group.group, heads);
  const keys = epochKeys(work.p, secret, phi);
  secret.fill(0);
  const account = yield* readExisting(work, ACCOUNT);
  const devices = devicesIn(log, heads);
  const ownIndex = indexIn(devices, account.device);
  if (ownIndex < 0) return group;
  const { epochId: epoch, topic, topicSeed, headerKey, logKey } = keys;
  const id = toHex(epoch);
  if (yield* wasEntered(work, epoch)) return group; // its secret was given again, and what was used up stays so
  write(work, EPOCH, id, {
    epoch,
    group: group.group,
    frontier: [...heads].sort(compareBytes),
    number,
    depth: yield* depthOfEntries(work, group.group, heads),
    topicSeed,
    topic,
    headerKey,
    logKey,
    ownIndex,
  });
  write(work, FORK, toHex(phi), { tree: keys.forkTree, createdAt: work.nowMs as TimeMs });
  const opened = openChain(work.p, keys.senderTree, { epochId: epoch, device: account.device, index: ownIndex });
  if (opened) write(work, OWN_CHAIN, id, { chain: ownChainOf(opened.chainKey) });
  write(work, SENDERS, id, { tree: opened?.tree ?? keys.senderTree });
  write(work, TOPIC, toHex(topic), { topic, seed: topicSeed, use: { kind: "epoch", group: group.group, epoch } });
  work.effects.push({ kind: "subscribe", topic, seed: topicSeed, inbox: false });
  const live = (yield* read(work, LIVE, toHex(group.group)))?.epochs ?? [];
  yield* saveRoster(work, { group: group.group, epoch }, devices, live.at(-1)?.epoch);
  const added = { epoch, topic, frontier: phi, number, supersededAt: undefined };
  write(work, LIVE, toHex(group.group), { epochs: [...live, added].slice(-LIVE_EPOCHS_MAX) });
  return { ...group, unclosed: [...group.unclosed, epoch].slice(-UNCLOSED_EPOCHS_MAX) };
}
