/** Calls that change who is in a group, who ranks how, and its settings. Each is one entry of its membership log, or two. */
import { roomPasswordKey } from "../crypto/room-password.ts";
import type { GroupSettings } from "../protocol/group-view.ts";
import type { Input } from "../protocol/machine.ts";
import { EPOCH } from "../protocol/records/epoch.ts";
import { GROUP, type GroupState } from "../protocol/records/group.ts";
import { JOINING } from "../protocol/records/joining.ts";
import { ROLE, type Settings } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { GroupId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { checkName } from "./account-setup.ts";
import type { ClientMethods } from "./api.ts";
import { catchUp, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { SettingsView } from "./group-api.ts";
import { findGroup } from "./group-names.ts";
import { needRank, type Standing, standingIn } from "./group-ranks.ts";
import { revokeOpen } from "./invite-calls.ts";
import { meantBy } from "./meant-by.ts";
import { findAmong, type NamedMember } from "./member-names.ts";
import { checkPassword, wholeNumber } from "./parameters.ts";
import { readExistingRecord, readRecord, scanRecords } from "./profile-reader.ts";
import { groupName, roleName } from "./views.ts";

type Params<M extends keyof ClientMethods> = ClientMethods[M][0];
type Result<M extends keyof ClientMethods> = Promise<ClientMethods[M][1]>;
type Change = Extract<Input, { kind: "change-group" }>["change"];

/** Most days and messages between two scheduled re-keys: what is longer protects nobody. */
const REKEY_DAYS_MAX = 365;
const REKEY_MESSAGES_MAX = 1_000_000;
const DAY_MS = 24 * 3600 * 1000;

/** A group and our place in it, as new as it can be had. */
async function begin(context: CallContext, text: string, options: CallOptions) {
  const since = await catchUp(context, options);
  const group = await findGroup(context.store, text);
  return { group, since, ...(await standingIn(context.store, group)) };
}

/** Writes one change; the answer is the group after it. */
export async function change(
  { put }: Pick<CallContext, "put">,
  group: GroupState,
  action: Change,
): Promise<GroupState> {
  const answer = await put({ kind: "change-group", group: group.group, change: action });
  if (answer.kind !== "group") throw new Fault("internal/invariant", "a change gave an answer of another kind");
  return answer.group;
}

function memberIn({ view }: Standing, text: string) {
  const { account } = findAmong([...view.members.values()], text);
  const member = view.members.get(toHex(account));
  if (!member) throw new Fault("internal/invariant", "a member was found and is none");
  return member;
}

const personOf = ({ account, name }: NamedMember) => ({ account: toHex(account), name });

/** See `group-remove` in api.ts. */
export async function removeMember(
  context: CallContext,
  params: Params<"group-remove">,
  options: CallOptions,
): Result<"group-remove"> {
  const at = await begin(context, params.group, options);
  const member = memberIn(at, params.member);
  if (member === at.self)
    throw new Fault("usage/bad-argument", "that is yourself, so nobody was removed", { next: "leave" });
  const what = ["removing a member", "removing an admin", "removing the owner"][member.role] ?? "that";
  needRank(at, member.role + 1, what);
  await change(context, at.group, { kind: "remove", accounts: [member.account] });
  const sent = await waitSent(context, { since: at.since, waitMs: params.waitMs }, options);
  return { group: groupName(at.group), member: personOf(member), ...sent };
}

/** See `group-role` in api.ts. */
export async function setRole(
  context: CallContext,
  params: Params<"group-role">,
  options: CallOptions,
): Result<"group-role"> {
  const at = await begin(context, params.group, options);
  const member = memberIn(at, params.member);
  const role = ROLE[params.role];
  if (member.role === role)
    throw new Fault("usage/not-allowed", `this member is ${article(params.role)} already, so nothing was changed`);
  if (member === at.self && at.self.role === ROLE.owner)
    throw new Fault(
      "usage/not-allowed",
      "a group has to have an owner: make somebody else the owner, and you are an admin",
    );
  if (member === at.self) needRank(at, role + 1, "ranking oneself higher");
  else if (role === ROLE.owner) needRank(at, ROLE.owner, "handing the group over");
  else needRank(at, Math.max(member.role, role) + 1, `making this member ${article(params.role)}`);
  await change(context, at.group, { kind: "role", account: member.account, role });
  const sent = await waitSent(context, { since: at.since, waitMs: params.waitMs }, options);
  return { group: groupName(at.group), member: { ...personOf(member), role: params.role }, ...sent };
}

const article = (role: Params<"group-role">["role"]): string =>
  role === "owner" ? "the owner" : `${role === "admin" ? "an" : "a"} ${role}`;

/** See `group-leave` in api.ts. */
export async function leave(
  context: CallContext,
  params: Params<"group-leave">,
  options: CallOptions,
): Result<"group-leave"> {
  const at = await begin(context, params.group, options);
  if (at.self.role === ROLE.owner && at.view.members.size > 1) {
    if (params.handOver === undefined)
      throw new Fault(
        "usage/not-allowed",
        "you own this group and others are in it, so somebody has to take it over first: name them with --hand-over MEMBER",
      );
    const heir = memberIn(at, params.handOver);
    if (heir === at.self) throw new Fault("usage/bad-argument", "that is yourself: name somebody else for --hand-over");
    await change(context, at.group, { kind: "role", account: heir.account, role: ROLE.owner });
  }
  const before = await readExistingRecord(context.store, GROUP, toHex(at.group.group));
  await change(context, before, { kind: "leave" });
  return {
    group: groupName(at.group),
    ...(await waitSent(context, { since: at.since, waitMs: params.waitMs }, options)),
  };
}

/** See `group-cancel` in api.ts. */
export async function cancelJoin(
  { store, put }: CallContext,
  { group: text }: Params<"group-cancel">,
): Result<"group-cancel"> {
  const asked = (await scanRecords(store, JOINING)).map(([id]) => ({ id, name: "" }));
  const [found, ...others] = meantBy(asked, text, (each) => each);
  if (!found) throw new Fault("usage/not-found", "no such group is waited for", { next: "see-groups" });
  if (others.length > 0) throw new Fault("usage/ambiguous", "more than one id begins like that; type more of it");
  await put({ kind: "cancel-join", group: GroupId.from(fromHex(found.id) ?? new Uint8Array()) });
  return { group: found };
}

/** See `group-rekey` in api.ts. */
export async function rekey(
  context: CallContext,
  params: Params<"group-rekey">,
  options: CallOptions,
): Result<"group-rekey"> {
  const { group, since } = await begin(context, params.group, options);
  const { sending } = await change(context, group, { kind: "rekey" });
  const epoch = sending && (await readRecord(context.store, EPOCH, toHex(sending)));
  const sent = await waitSent(context, { since, waitMs: params.waitMs }, options);
  return { group: groupName(group), epoch: { id: sending ? toHex(sending) : "", number: epoch?.number ?? 0 }, ...sent };
}

/** A change of nothing, to which one adds what changes. */
export const NO_SETTINGS: Settings = {
  name: undefined,
  password: undefined,
  inviters: undefined,
  rekey: undefined,
  relays: undefined,
};

/** See `group-rename` in api.ts. */
export async function rename(
  context: CallContext,
  params: Params<"group-rename">,
  options: CallOptions,
): Result<"group-rename"> {
  const name = checkName(params.name);
  const at = await begin(context, params.group, options);
  needRank(at, ROLE.admin, "renaming the group");
  await change(context, at.group, { kind: "settings", ...NO_SETTINGS, name });
  const sent = await waitSent(context, { since: at.since, waitMs: params.waitMs }, options);
  return { group: { id: toHex(at.group.group), name }, ...sent };
}

/** See `group-settings` in api.ts. */
export async function changeSettings(
  context: CallContext,
  params: Params<"group-settings">,
  options: CallOptions,
): Result<"group-settings"> {
  const at = await begin(context, params.group, options);
  const wanted = settingsFrom(context, at.group, at.view.settings, params);
  if (Object.values(wanted).every((each) => each === undefined))
    return { group: groupName(at.group), settings: settingsView(at.view.settings) };
  needRank(at, Math.max(ROLE.admin, wanted.inviters ?? 0), "changing the settings");
  const after = await change(context, at.group, { kind: "settings", ...wanted });
  if (wanted.password) await revokeOpen(context, after);
  const { view } = await standingIn(context.store, at.group);
  const sent = await waitSent(context, { since: at.since, waitMs: params.waitMs }, options);
  return { group: groupName(at.group), settings: settingsView(view.settings), ...sent };
}

function settingsFrom(
  context: CallContext,
  { group }: GroupState,
  before: GroupSettings,
  { password, inviters, rekeyDays, rekeyMessages }: Params<"group-settings">,
): Settings {
  const rekey = {
    everyMs:
      rekeyDays === undefined ? before.rekey.everyMs : DAY_MS * wholeNumber("rekey-days", rekeyDays, REKEY_DAYS_MAX),
    everyMessages: wholeNumber("rekey-messages", rekeyMessages ?? before.rekey.everyMessages, REKEY_MESSAGES_MAX),
  };
  const isScheduled = rekeyDays !== undefined || rekeyMessages !== undefined;
  return {
    ...NO_SETTINGS,
    inviters: inviters && ROLE[inviters],
    rekey: isScheduled ? rekey : undefined,
    password: password === undefined ? undefined : passwordSetting(context, group, password),
  };
}

/** The setting for this room password; `null` for none. */
function passwordSetting(
  { primitives }: Pick<CallContext, "primitives">,
  group: GroupState["group"],
  password: string | null,
): NonNullable<Settings["password"]> {
  if (password === null) return { kind: "none" };
  return { kind: "key", key: roomPasswordKey(primitives, checkPassword(password), group) };
}

/** A new group's password, before anybody is in it. */
export async function protectGroup(context: CallContext, group: GroupState, password: string): Promise<void> {
  await change(context, group, {
    kind: "settings",
    ...NO_SETTINGS,
    password: passwordSetting(context, group.group, password),
  });
}

function settingsView({ name, password, inviters, rekey }: GroupSettings): SettingsView {
  return {
    name,
    password: password.kind === "key",
    inviters: roleName(inviters),
    rekey: { days: Math.round(rekey.everyMs / DAY_MS), messages: rekey.everyMessages },
  };
}

/** Who would take over a group of ours: the highest rank, and among those the first by name. `undefined`: nobody else is in it. */
export function heirIn({ view, self }: Standing): (NamedMember & { readonly role: number }) | undefined {
  const others = [...view.members.values()].filter((each) => each !== self);
  return others.sort((one, other) => other.role - one.role || (one.name < other.name ? -1 : 1))[0];
}
