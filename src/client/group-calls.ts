/** Calls about groups as they are, making one, and adding somebody by hand. */
import { directoryKeyOf } from "../crypto/prekey-bundle.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { parseContactLink } from "../protocol/link.ts";
import { resolve } from "../protocol/log-resolution.ts";
import { frontierOf } from "../protocol/membership-log.ts";
import { ACCOUNT, LINKING } from "../protocol/records/account.ts";
import { EPOCH, LIVE } from "../protocol/records/epoch.ts";
import { type GroupState, MEMBER, OUT } from "../protocol/records/group.ts";
import { JOINING } from "../protocol/records/joining.ts";
import { idOf } from "../protocol/records/record.ts";
import { ROLE } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { AccountKey } from "../wire/ids.ts";
import { addressesOf, type ContactLink, INVITE_LINK_PREFIX } from "../wire/link.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { checkName } from "./account-setup.ts";
import type { ClientMethods } from "./api.ts";
import { catchUp, waitForOthers, waiting, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import type { ListedGroup } from "./group-api.ts";
import { allGroups, findGroup } from "./group-names.ts";
import { needRank, standingIn } from "./group-ranks.ts";
import { newestLine } from "./history-calls.ts";
import { asNamed } from "./member-names.ts";
import { protectGroup } from "./membership-calls.ts";
import { checkPassword } from "./parameters.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingLog, readExistingRecord, readRecord, scanRecords } from "./profile-reader.ts";
import { refusalBy, refusalView } from "./refused-joins.ts";
import { verifiedAccounts } from "./verification.ts";
import { groupName, isoTime, roleName, roleOf } from "./views.ts";

type Params<M extends keyof ClientMethods> = ClientMethods[M][0];
type Result<M extends keyof ClientMethods> = Promise<ClientMethods[M][1]>;

/** See `group-create` in api.ts. */
export async function createGroup(
  context: CallContext,
  { name, password }: Params<"group-create">,
): Result<"group-create"> {
  if (password !== undefined) checkPassword(password);
  const answer = await context.put({ kind: "create-group", name: checkName(name) });
  if (answer.kind !== "group") throw new Fault("internal/invariant", "a new group gave an answer of another kind");
  if (password !== undefined) await protectGroup(context, answer.group, password);
  return { group: groupName(answer.group) };
}

/** See `group-list` in api.ts. */
export async function listGroups({ store }: CallContext, { lines }: Params<"group-list">): Result<"group-list"> {
  const asked = new Set((await scanRecords(store, JOINING)).map(([id]) => id));
  const groups: ListedGroup[] = [];
  for (const group of await allGroups(store)) {
    const { id, name } = groupName(group);
    const absent = await absenceFrom(store, group);
    const last = lines === true ? await newestLine(store, group) : undefined;
    const listed = { id, name, members: group.members, unread: await store.unread(id), ...(last ? { last } : {}) };
    const again = absent && asked.has(id) ? { asked: true as const, ...(await refusalIn(store, id)) } : {};
    groups.push(absent ? { ...listed, state: absent.state, ...again } : listed);
    asked.delete(id);
  }
  for (const id of asked) {
    const told = await refusalBy(store, id);
    const state = told && told.reason !== "removed" ? ("refused" as const) : ("pending" as const);
    groups.push({ id, name: "", members: 0, unread: 0, state, ...(await refusalIn(store, id)) });
  }
  for (const [id, { name }] of await scanRecords(store, LINKING))
    if (!groups.some((each) => each.id === id)) groups.push({ id, name, members: 0, unread: 0, state: "pending" });
  return { groups };
}

async function refusalIn(store: ProfileStore, id: string): Promise<Pick<ListedGroup, "refusal">> {
  const told = await refusalBy(store, id);
  return told ? { refusal: refusalView(told) } : {};
}

/** Why this profile is not in the group any more, or `undefined`. */
async function absenceFrom(store: ProfileStore, { group }: GroupState) {
  const out = await readRecord(store, OUT, toHex(group));
  if (!out) return undefined;
  const { account } = await readExistingRecord(store, ACCOUNT);
  const by = await readRecord(store, MEMBER, idOf(group, out.by));
  const isAccountIn = resolve(await readExistingLog(store, toHex(group))).view.members.has(toHex(account));
  const isByUs = toHex(account) === toHex(out.by);
  return {
    state: isAccountIn ? ("unlinked" as const) : isByUs ? ("left" as const) : ("removed" as const),
    by: { account: toHex(out.by), name: by?.name ?? "" },
    since: isoTime(out.at),
  };
}

/** See `group-info` in api.ts. */
export async function describeGroup({ store }: CallContext, params: Params<"group-info">): Result<"group-info"> {
  const verified = await verifiedAccounts(store);
  const group = await findGroup(store, params.group);
  const log = await readExistingLog(store, toHex(group.group));
  const epoch = await shownEpoch(store, group);
  const view = await asNamed(store, group.group, resolve(log).view);
  const members = [...view.members.values()].map(({ account, name, role, devices }) => ({
    account: toHex(account),
    name,
    role: roleName(role),
    devices: devices.length,
    verified: verified.has(toHex(account)),
  }));
  const heads = frontierOf(log).length;
  const info = {
    group: groupName(group),
    members,
    epoch: { id: epoch ? toHex(epoch.epoch) : "", number: epoch?.number ?? heads },
  };
  const absent = await absenceFrom(store, group);
  return absent ? { ...info, absent } : info;
}

/** The epoch that we send in; where there is none until the next re-key, the newest one that we have. */
async function shownEpoch(store: ProfileStore, { group, sending }: GroupState) {
  const live = sending ? [] : ((await readRecord(store, LIVE, toHex(group)))?.epochs ?? []);
  const id = sending ?? live.toSorted((one, other) => other.number - one.number)[0]?.epoch;
  return id && (await readRecord(store, EPOCH, toHex(id)));
}

/** See `group-add` in api.ts. */
export async function add(
  context: CallContext,
  params: Params<"group-add">,
  options: CallOptions,
): Result<"group-add"> {
  const { store, put, network, primitives } = context;
  const group = await findGroup(store, params.group);
  const contact = contactOf(primitives, params.account);
  const id = toHex(contact.account);
  const role = roleOf(params.role ?? "member");
  const since = await catchUp(context, options);
  const at = await standingIn(store, group);
  if (at.view.members.has(id)) throw new Fault("usage/not-allowed", "this person is in the group already");
  needRank(at, Math.max(ROLE.admin, role + 1), role === ROLE.member ? "adding somebody" : "adding an admin");
  network.useRelays(contact.relays, "peer");
  network.useAddresses?.(addressesOf(contact));
  const isTried = async () =>
    network.relays().some(({ state }) => state === "connected") ||
    !network.relays().some(({ state }) => state === "connecting");
  await waitUntil(isTried, waiting(context, params.waitMs, options));
  let taken: Awaited<ReturnType<typeof network.takePrekeys>>;
  const isAnswered = async () => {
    taken = await network.takePrekeys(directoryKeyOf(primitives, contact.account));
    return taken !== undefined;
  };
  await waitForOthers(context, options, { holds: isAnswered, waitMs: params.waitMs, helper: "relay or member" });
  if (!taken)
    throw new Fault(
      "network/unreachable",
      "neither a relay nor this person's own device can be reached, so the keys to write to them cannot be fetched: check the connection, or ask them to run Hermes, and try again",
    );
  const answer = await put({ kind: "add", group: group.group, account: contact.account, taken, role });
  if (answer.kind !== "group")
    throw new Fault(
      "usage/not-found",
      "no relay knows this account yet: the person has to start Hermes once with the same relay, or to run it now on the same network, then try again",
    );
  await waitSent(context, { since, waitMs: params.waitMs }, options); // or the letters stay here when this process ends
  const after = await readExistingLog(store, toHex(group.group));
  const member = resolve(after).view.members.get(id);
  return { group: groupName(group), member: { account: id, name: member?.name ?? "", role: roleName(role) } };
}

function contactOf(primitives: Primitives, text: string): ContactLink {
  const link = parseContactLink(primitives, text);
  if (link) return link;
  const key = fromHex(text.trim());
  if (key?.length === AccountKey.lengthBytes) return { version: 1, account: AccountKey.from(key), relays: [] };
  if (text.trim().startsWith(INVITE_LINK_PREFIX))
    throw new Fault("usage/bad-link", "this is an invite link, by which one joins a group, so nobody was added", {
      next: "join-group",
    });
  throw new Fault("usage/bad-link", "this is neither a contact link nor an account id, so nobody was added", {
    next: "ask-contact",
  });
}
