/**
 * Changes of a group by its members: who is out, who ranks how, settings, fresh keys.
 *
 * 1. What excludes somebody brings a fresh secret, which goes to each remaining device in its own session.
 * 2. Where the newest key cannot be had, it is renewed first; nobody has to wait for somebody who is away.
 *
 * @see PROTOCOL.md § Membership log, § Re-keying
 */
import { type Action, decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import type { DeviceKey, GroupId, Signature, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { type Authored, author, canDerive } from "./group-log.ts";
import { memberOfDevice } from "./group-view.ts";
import { welcomeLetters } from "./group-welcome.ts";
import { deliver } from "./key-delivery.ts";
import { isLinkable } from "./log-permission.ts";
import { resolve } from "./log-resolution.ts";
import { tell } from "./pairwise.ts";
import { ACCOUNT } from "./records/account.ts";
import { GROUP, type GroupState, OUT } from "./records/group.ts";
import { PEER } from "./records/pairwise.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { addSystemLines } from "./system-lines.ts";

/** What a member can change; people are added by an invite or their prekeys, devices by a request of theirs. */
export type GroupChange = Extract<
  Action,
  { kind: "unlink" | "remove" | "leave" | "role" | "revokeInvite" | "settings" | "rekey" }
>;

/** Writes a change into the log and delivers what follows from it. `usage/not-allowed` when the rules forbid it. */
export function* changeGroup(work: Work, group: GroupState, change: GroupChange): Step<GroupState> {
  yield* refuseOutsiders(work, group);
  const ready = change.kind === "role" ? yield* withNewestKey(work, group) : group;
  const authored = yield* author(work, { ...ready, rekeyAt: undefined }, change);
  yield* addOwnLines(work, authored);
  yield* deliver(work, authored);
  eraseSecrets(authored);
  return authored.group;
}

/** A fresh secret for everybody. */
export function* rekeyGroup(work: Work, group: GroupState): Step<GroupState> {
  return yield* changeGroup(work, group, { kind: "rekey" });
}

/** Ms after which a re-key is tried again that the log has no room for, or that the rules forbid. */
const REFUSED_REKEY_MS = 3_600_000;

/** A re-key that was due could not be written: later perhaps. */
export function putOffRekey(work: Work, group: GroupState): void {
  const rekeyAt = (work.nowMs + REFUSED_REKEY_MS) as TimeMs;
  work.effects.push({ kind: "wake", atMs: rekeyAt });
  write(work, GROUP, toHex(group.group), { ...group, rekeyAt });
}

/** The group in an epoch that everybody in it may read: re-keyed now if there is none. */
export function* readyToSend(work: Work, group: GroupState): Step<GroupState> {
  yield* refuseOutsiders(work, group);
  return group.sending ? group : yield* rekeyGroup(work, group);
}

/** The group with the key of its newest state, from which that of an addition follows. */
export function* withNewestKey(work: Work, group: GroupState): Step<GroupState> {
  const log = yield* existingLog(work, toHex(group.group));
  return (yield* canDerive(work, log)) ? group : yield* rekeyGroup(work, group);
}

/** `usage/not-allowed` when we are in the group no more. */
function* refuseOutsiders(work: Work, { group }: GroupState): Step<void> {
  if (!(yield* read(work, OUT, toHex(group)))) return;
  throw new Fault("usage/not-allowed", "you are not in this group any more: ask one of its admins to add you again");
}

/** A device of a member's account asks to be let in; its certificate is all it needs. Answered once. */
export function* linkDevice(work: Work, groupId: GroupId, device: DeviceKey, certificate: Signature): Step<void> {
  const group = yield* read(work, GROUP, toHex(groupId));
  const peer = yield* read(work, PEER, toHex(device));
  if (!group || !peer || (yield* read(work, OUT, toHex(groupId)))) return;
  const action = { kind: "link" as const, account: peer.account, device: { device, certificate } };
  const { view } = resolve(yield* existingLog(work, toHex(groupId)));
  const { device: self } = yield* readExisting(work, ACCOUNT);
  if (memberOfDevice(view, self) && isLinkable(work.p, view, action)) yield* writeLink(work, groupId, action);
}

export type LinkAction = Extract<Action, { kind: "link" }>;

/** Writes a link and welcomes its device. `usage/not-allowed` when the rules forbid it. */
export function* writeLink(work: Work, groupId: GroupId, action: LinkAction): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const authored = yield* author(work, yield* withNewestKey(work, group), action);
  yield* addOwnLines(work, authored);
  const to = { account: action.account, device: action.device.device };
  for (const items of yield* welcomeLetters(work, authored)) yield* tell(work, to, items);
  eraseSecrets(authored);
}

/** Our own entries make lines and events too. */
export function* addOwnLines(work: Work, { log, hash, encoded }: Authored): Step<void> {
  const encodedCore = decodeEntry(encoded)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  if (core) yield* addSystemLines(work, { log, hash, core });
}

/** Overwrites what an entry of ours was made with. */
export function eraseSecrets({ secret, random }: Authored): void {
  secret?.fill(0);
  random?.fill(0);
}
