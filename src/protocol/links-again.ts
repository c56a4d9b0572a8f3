/**
 * Links that do not count: whoever wrote one did not know yet that an admin had removed its author, or its account and added
 * it again. The device that was linked takes itself for a member then and hears nothing of the others.
 *
 * 1. Other devices of its account write such a link again. They may: the account's certificate stands in the first one.
 * 2. A device that finds itself out while its account is in asks to be linked again.
 * 3. Neither is done for a device that was unlinked.
 *
 * @see PROTOCOL.md § Linking
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore, type EntryCore } from "../wire/entry.ts";
import type { DeviceKey, GroupId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { isUnlinked } from "./account-topic.ts";
import { wantLinks } from "./account-topic-link.ts";
import { attempt } from "./attempt.ts";
import type { Work } from "./effects.ts";
import { type LinkAction, writeLink } from "./group-change.ts";
import { memberOfDevice, unlinkedName } from "./group-view.ts";
import { isLinkable } from "./log-permission.ts";
import { resolve } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { ACCOUNT, LINKING, SHARED } from "./records/account.ts";
import { GROUP } from "./records/group.ts";
import { ENTRY, LINK_AGAIN } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms until links are looked at, and a random part of as much again: entries come in a row, and one device is enough. */
const AGAIN_MS = 2_000;

/** An entry is new: links of our account are looked at a moment later if it can be that one does not count any more, or that we are out. */
export function* noteLinks(work: Work, log: LogState, { action }: Pick<EntryCore, "action">): Step<void> {
  if (action.kind !== "link" && action.kind !== "add" && action.kind !== "remove") return;
  const { account } = yield* readExisting(work, ACCOUNT);
  const isOurs = (entry: LogEntry): boolean =>
    entry.action.kind === "link" && equalBytes(entry.action.account, account);
  const { view } = resolve(log);
  if (!view.members.has(toHex(account)) || !log.entries.some(isOurs)) return;
  const id = toHex(log.group);
  if (yield* read(work, LINK_AGAIN, id)) return;
  const [dice = 0] = work.random(1);
  const dueAt = Math.ceil(work.nowMs + AGAIN_MS * (1 + dice / 256)) as TimeMs;
  write(work, LINK_AGAIN, id, { dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
}

/** Looks at the links of groups whose time has come. */
export function* linkAgainDue(work: Work): Step<void> {
  for (const [id, { dueAt }] of yield* scan(work, LINK_AGAIN)) {
    if (dueAt > work.nowMs) continue;
    write(work, LINK_AGAIN, id, null);
    const { group } = yield* readExisting(work, GROUP, id);
    yield* linkAgain(work, group);
  }
}

function* linkAgain(work: Work, group: GroupId): Step<void> {
  const id = toHex(group);
  const account = yield* readExisting(work, ACCOUNT);
  const log = yield* existingLog(work, id);
  const { view } = resolve(log);
  if (!view.members.has(toHex(account.account)) || (yield* isUnlinked(work, account))) return;
  if (!memberOfDevice(view, account.device)) {
    const shared = yield* read(work, SHARED, `group/${id}`);
    const isOver = view.unlinked.has(unlinkedName(account.account, account.device));
    if (shared && !isOver && !(yield* read(work, LINKING, id))) yield* wantLinks(work, [shared]);
    return;
  }
  for (const action of yield* linksOf(work, log)) {
    const now = resolve(yield* existingLog(work, id)).view;
    if (!isLinkable(work.p, now, action) || (yield* isRetired(work, action.device.device))) continue;
    yield* attempt(work, (part) => writeLink(part, group, action));
  }
}

/** Links of our account's other devices that are not in the group, each once. */
function* linksOf(work: Work, log: LogState): Step<readonly LinkAction[]> {
  const { account } = yield* readExisting(work, ACCOUNT);
  const { view } = resolve(log);
  const found = new Map<string, LinkAction>();
  for (const { action, hash } of log.entries) {
    if (action.kind !== "link" || !equalBytes(action.account, account)) continue;
    if (memberOfDevice(view, action.device)) continue;
    const core = decodeEntry((yield* readExisting(work, ENTRY, idOf(log.group, hash))).encoded)?.core;
    const written = core && decodeEntryCore(core)?.action;
    if (written?.kind === "link") found.set(toHex(action.device), written);
  }
  return [...found.values()];
}

/** Another device of the account has put it out. */
function* isRetired(work: Work, device: DeviceKey): Step<boolean> {
  return yield* isUnlinked(work, { device });
}

/** At a start: links that are looked at at some time. */
export function* wakeForLinks(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, LINK_AGAIN)) work.effects.push({ kind: "wake", atMs: dueAt });
}
