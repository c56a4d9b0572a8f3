/**
 * Names that people take after they were added to a group. The log states how somebody was called on that day; a message
 * by the account itself says how it is called now.
 *
 * 1. Only an account names itself: the name is in a message, signed as any other.
 * 2. Of several names the one furthest on in the conversation counts, in whatever order they come.
 * 3. Who was added later than that reads nothing of before: so a device says its name again before its first message of
 *    an epoch, and before any message where the group calls it otherwise.
 *
 * @see PROTOCOL.md § Names
 */
import type { AccountKey, DeviceKey, GroupId, MessageId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { noteShared } from "./account-topic.ts";
import { announce, type Work } from "./effects.ts";
import { type AccountState, FORMER_NAMES, FORMER_NAMES_MAX, SHARED, TOLD_KEY } from "./records/account.ts";
import { MEMBER, NAMED } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { read, type Step, write } from "./step.ts";

/** A name as a message told it. */
export interface ToldName {
  readonly id: MessageId;
  readonly account: AccountKey;
  readonly device: DeviceKey;
  readonly name: string;
  readonly depth: number;
  readonly sentAt: TimeMs;
}

/** Somebody, or this account, is called otherwise from now on: a line says so. */
export function* hearName(work: Work, group: GroupId, told: ToldName): Step<void> {
  const { account, name, depth, sentAt } = told;
  const id = idOf(group, account);
  const before = yield* read(work, NAMED, id);
  if (name.trim() === "" || (before && !isLater(told, before))) return;
  write(work, NAMED, id, { name, depth, sentAt });
  const member = yield* read(work, MEMBER, id);
  if (!member || member.name === name) return;
  write(work, MEMBER, id, { ...member, name });
  write(work, TOLD_KEY, id, null); // whether it is a verified person's is asked of each name
  yield* renameMark(work, account, { from: member.name, to: name });
  announce(work, { kind: "member", group, change: "named", by: account, detail: name });
  work.lines.push({
    group: toHex(group),
    id: toHex(told.id),
    depth,
    sentAtMs: sentAt,
    account: toHex(account),
    device: toHex(told.device),
    name,
    kind: "system",
    text: `${member.name} is now called ${name}`,
    state: "received",
  });
}

type Placed = Pick<ToldName, "name" | "depth" | "sentAt">;

function isLater(one: Placed, other: Placed): boolean {
  return (one.depth - other.depth || one.sentAt - other.sentAt || (one.name > other.name ? 1 : -1)) > 0;
}

/**
 * A mark of verification is on the key; it follows the name, so that a namesake of today is warned of. The names of
 * before are remembered: people still know the verified person by them.
 */
function* renameMark(work: Work, account: AccountKey, { from, to }: { from: string; to: string }): Step<void> {
  const mark = (yield* read(work, SHARED, `verified/${toHex(account)}`))?.value;
  if (mark?.kind !== "verified" || !mark.isVerified) return;
  yield* noteShared(work, { ...mark, name: to });
  const before = (yield* read(work, FORMER_NAMES, toHex(account)))?.names ?? [];
  const names = new Set([from, mark.name, ...before]);
  names.delete(to);
  write(work, FORMER_NAMES, toHex(account), { names: [...names].slice(0, FORMER_NAMES_MAX) });
}

/** Whether our name has to be said before the next message, of which `sent` were sent in its epoch. */
export function* hasToTellName(
  work: Work,
  group: GroupId,
  { account, name }: Pick<AccountState, "account" | "name">,
  sent: number,
): Step<boolean> {
  const id = idOf(group, account);
  const member = yield* read(work, MEMBER, id);
  if (member !== undefined && member.name !== name) return true;
  return sent === 0 && (yield* read(work, NAMED, id)) !== undefined;
}

/** Somebody is added by an entry at this depth under this name: what a member is called then. */
export function* nameWhenAdded(
  work: Work,
  group: GroupId,
  { account, name }: Pick<ToldName, "account" | "name">,
  depth: number,
): Step<string> {
  const id = idOf(group, account);
  const told = yield* read(work, NAMED, id);
  if (told && told.depth > depth) return told.name;
  if (told) write(work, NAMED, id, null);
  return name;
}
