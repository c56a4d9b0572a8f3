/**
 * Who was verified: marks on account keys that were compared in person, and warnings when something about a verified
 * person is new: another device, or somebody else of the same name.
 *
 * 1. A mark belongs to an account key, never to a name; the account's devices share the marks.
 * 2. A device of a verified account is told of once; those that were known when the mark was set are not.
 * 3. A namesake under another key is told of once in each group for each name that it takes, by a warning and by a line of
 *    the conversation; so is who takes a name that somebody verified had before, and also one who is verified itself, if it took that name later.
 *
 * @see PROTOCOL.md § Verification
 */
import { equalBytes } from "../verify/transcript.ts";
import type { AccountValue } from "../wire/account-snapshot.ts";
import { AccountKey, type DeviceKey, GroupId, type TimeMs } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { share } from "./account-topic.ts";
import { announce, type Work } from "./effects.ts";
import { ACCOUNT, FORMER_NAMES, SHARED, TOLD_KEY } from "./records/account.ts";
import { EPOCH } from "./records/epoch.ts";
import { GROUP, MEMBER, NAMED } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { ROSTER } from "./records/roster.ts";
import { readRoster } from "./saved-roster.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** People that one person has compared fingerprints with. */
const MARKS_MAX = 10_000;

type Mark = Extract<AccountValue, { readonly kind: "verified" }>;

/** Sets or takes away the mark of an account. */
export function* markVerified(work: Work, { account, name, isVerified }: Omit<Mark, "kind">): Step<void> {
  yield* share(work, [{ kind: "verified", account, name, isVerified }]);
  if (!isVerified) return write(work, FORMER_NAMES, toHex(account), null);
  for (const [, { sending }] of yield* scan(work, GROUP))
    for (const device of sending ? yield* devicesOf(work, toHex(sending), account) : [])
      write(work, TOLD_KEY, idOf(account, device), { at: work.nowMs as TimeMs });
}

function* devicesOf(work: Work, epoch: string, account: AccountKey): Step<readonly DeviceKey[]> {
  const roster = (yield* readRoster(work, epoch)) ?? [];
  return roster.filter((each) => equalBytes(each.account, account)).map(({ device }) => device);
}

/** After any step: whether it brought devices or namesakes of verified people. */
export function* warnOfKeys(work: Work): Step<void> {
  const [epochs, members]: [string[], string[]] = [[], []];
  for (const [key, value] of work.written) {
    if (value === null) continue;
    if (key.startsWith(ROSTER.prefix)) epochs.push(key.slice(ROSTER.prefix.length));
    else if (key.startsWith(MEMBER.prefix)) members.push(key.slice(MEMBER.prefix.length));
  }
  if (epochs.length + members.length === 0) return;
  const marks: Mark[] = [];
  for (const [, { value }] of yield* scan(work, SHARED, "verified/", MARKS_MAX))
    if (value.kind === "verified" && value.isVerified) marks.push(value);
  if (marks.length === 0) return;
  for (const epoch of epochs) for (const mark of marks) yield* warnOfDevices(work, epoch, mark.account);
  for (const id of members) yield* warnOfNamesake(work, id, marks);
}

function* warnOfDevices(work: Work, epoch: string, account: AccountKey): Step<void> {
  const group = (yield* read(work, EPOCH, epoch))?.group;
  const isFirst = (yield* scan(work, TOLD_KEY, `${toHex(account)}/`, 1)).length === 0;
  for (const device of yield* devicesOf(work, epoch, account)) {
    const id = idOf(account, device);
    if (yield* read(work, TOLD_KEY, id)) continue;
    write(work, TOLD_KEY, id, { at: work.nowMs as TimeMs });
    // marks that came from the account's other devices know no devices yet
    if (!isFirst && group) announce(work, { kind: "warning", code: "verified-new-device", group, account, device });
  }
}

function* warnOfNamesake(work: Work, id: string, marks: readonly Mark[]): Step<void> {
  const [groupId = "", accountId = ""] = id.split("/");
  const member = yield* read(work, MEMBER, id);
  const own = yield* readExisting(work, ACCOUNT);
  if (!member || toHex(own.account) === accountId || (yield* read(work, TOLD_KEY, id))) return;
  const others = marks.filter((mark) => toHex(mark.account) !== accountId);
  const namesake = yield* namesakeOf(work, member.name, others);
  const isMarked = others.length < marks.length;
  if (!namesake || (isMarked && !(yield* read(work, NAMED, id)))) return; // two who were verified as what they were called
  write(work, TOLD_KEY, id, { at: work.nowMs as TimeMs });
  const account = AccountKey.from(fromHex(accountId) ?? new Uint8Array());
  const group = GroupId.from(fromHex(groupId) ?? new Uint8Array());
  announce(work, { kind: "warning", code: "verified-name-other-key", group, account });
  const sending = (yield* read(work, GROUP, groupId))?.sending;
  work.lines.push({
    group: groupId,
    // one for each of those whose name it takes
    id: accountId.slice(32) + toHex(namesake.account).slice(32),
    depth: sending ? ((yield* read(work, EPOCH, toHex(sending)))?.depth ?? 0) : 0,
    sentAtMs: work.nowMs,
    account: accountId,
    device: toHex(own.device),
    name: member.name,
    kind: "system",
    text: warningOf(member.name, namesake.name),
    state: "received",
  });
}

/** Whoever of these is called so, or was. */
function* namesakeOf(work: Work, name: string, marks: readonly Mark[]): Step<Mark | undefined> {
  const now = marks.find((mark) => plain(mark.name) === plain(name));
  if (now) return now;
  for (const mark of marks) {
    const { names = [] } = (yield* read(work, FORMER_NAMES, toHex(mark.account))) ?? {};
    if (names.some((each) => plain(each) === plain(name))) return mark;
  }
  return undefined;
}

function warningOf(name: string, verified: string): string {
  const whose =
    plain(name) === plain(verified)
      ? `this ${name} is not the ${verified} whom you verified. The name is the same`
      : `this ${name} is not ${verified}, whom you verified and who had that name before. The name is the same`;
  return `WARNING: ${whose}, the account key is another: compare fingerprints before you trust it`;
}

/** Letters that take no place on a screen, and what turns the writing direction. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu;

/** Names that people would take for the same. */
function plain(name: string): string {
  return name.normalize("NFKC").replace(UNSEEN, "").trim().toLowerCase();
}
