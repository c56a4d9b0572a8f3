/** Calls about links: making them, what became of them, closing them, and following one. */
import type { Primitives } from "../crypto/primitives.ts";
import { roomPasswordKey } from "../crypto/room-password.ts";
import type { InviteView as InviteTerms } from "../protocol/group-invites.ts";
import { memberOfAccount } from "../protocol/group-view.ts";
import { inviteLinkText, parseInviteLink } from "../protocol/link.ts";
import { GROUP, type GroupState, MEMBER } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { ROLE } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { addressesOf, CONTACT_LINK_PREFIX, type InviteLink, withAddresses } from "../wire/link.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ClientMethods } from "./api.ts";
import { catchUp, waiting, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import type { InviteView } from "./group-api.ts";
import { findGroup } from "./group-names.ts";
import { isOutOf, needRank, type Standing, standingIn } from "./group-ranks.ts";
import { beginsId } from "./meant-by.ts";
import { ownAddresses } from "./own-addresses.ts";
import { checkPassword, wholeNumber } from "./parameters.ts";
import { readRecord } from "./profile-reader.ts";
import { refusalBy, refusalFault } from "./refused-joins.ts";
import { groupName, isoTime, roleName, roleOf } from "./views.ts";

type Params<M extends keyof ClientMethods> = ClientMethods[M][0];
type Result<M extends keyof ClientMethods> = Promise<ClientMethods[M][1]>;

/** How long an invite is good unless told otherwise: 7 days, in ms. */
const INVITE_MS = 7 * 24 * 3600 * 1000;
/** Ms for which an invite that has ended is still shown: whoever wonders why nobody could join. */
const SHOWN_MS = 7 * 24 * 3600 * 1000;
/** Uses of an invite unless told otherwise, and at most. */
const INVITE_USES = 1_000;
const INVITE_USES_MAX = 10_000;

/** See `group-invite` in api.ts. */
export async function invite(
  context: CallContext,
  params: Params<"group-invite">,
  options: CallOptions,
): Result<"group-invite"> {
  const { store, put, clock, primitives } = context;
  const group = await findGroup(store, params.group);
  const uses = wholeNumber("uses", params.uses ?? INVITE_USES, INVITE_USES_MAX);
  const expiresInMs = wholeNumber("expires", params.expiresInMs ?? INVITE_MS, Number.MAX_SAFE_INTEGER / 2);
  const expiresAtMs = clock.nowMs() + expiresInMs;
  const direct = ownAddresses(context.network);
  if (group.relays.length === 0 && direct.length === 0)
    throw new Fault(
      "usage/not-allowed",
      "this group has no relay, and this program lets nobody connect to it, so nobody could follow a link",
      { next: "be-reached" },
    );
  await catchUp(context, options);
  const at = await standingIn(store, group);
  const role = roleOf(params.role ?? "member");
  needRank(at, at.view.settings.inviters, "making a link to this group");
  if (role > ROLE.member) needRank(at, role + 1, "making a link for admins");
  const answer = await put({ kind: "create-invite", group: group.group, terms: { role, uses, expiresAtMs } });
  if (answer.kind !== "link") throw new Fault("internal/invariant", "an invite gave an answer of another kind");
  return { link: inviteLinkText(primitives, withAddresses(answer.link, direct)), expires: isoTime(expiresAtMs), uses };
}

/** See `group-invites` in api.ts. */
export async function listInvites(
  { store, clock }: CallContext,
  params: Params<"group-invites">,
): Result<"group-invites"> {
  const group = await findGroup(store, params.group);
  const at = await standingIn(store, group);
  const shown = [...at.view.invites.values()].filter(({ expiresAt }) => expiresAt + SHOWN_MS > clock.nowMs());
  const sorted = shown.toSorted((one, other) => other.expiresAt - one.expiresAt);
  return {
    group: groupName(group),
    invites: await Promise.all(sorted.map((each) => inviteView({ store, clock }, group, at, each))),
  };
}

async function inviteView(
  { store, clock }: Pick<CallContext, "store" | "clock">,
  { group }: GroupState,
  { view }: Standing,
  terms: InviteTerms,
): Promise<InviteView> {
  const { entry, account, role, uses, used, expiresAt } = terms;
  const member = await readRecord(store, MEMBER, idOf(group, account));
  const isGone = terms.isRevoked || memberOfAccount(view, account) === undefined;
  const ended = expiresAt <= clock.nowMs() ? ("expired" as const) : undefined;
  return {
    id: toHex(entry),
    role: roleName(role) === "admin" ? "admin" : "member",
    uses,
    left: Math.max(0, uses - used),
    expires: isoTime(expiresAt),
    by: { account: toHex(account), name: member?.name ?? "" },
    state: isGone ? "revoked" : (ended ?? (used >= uses ? "used-up" : "open")),
  };
}

/** See `group-revoke` in api.ts. */
export async function revoke(
  context: CallContext,
  params: Params<"group-revoke">,
  options: CallOptions,
): Result<"group-revoke"> {
  const since = await catchUp(context, options);
  const group = await findGroup(context.store, params.group);
  const at = await standingIn(context.store, group);
  const terms = inviteIn(at, params.invite);
  if (terms.isRevoked) throw new Fault("usage/not-allowed", "this link is closed already, so nothing was changed");
  if (toHex(terms.account) !== toHex(at.self.account)) needRank(at, ROLE.admin, "closing somebody else's link");
  await context.put({
    kind: "change-group",
    group: group.group,
    change: { kind: "revokeInvite", invite: terms.entry },
  });
  const sent = await waitSent(context, { since, waitMs: params.waitMs }, options);
  return { group: groupName(group), invite: { id: toHex(terms.entry) }, ...sent };
}

function inviteIn({ view }: Standing, text: string): InviteTerms {
  const ids = [...view.invites.keys()].filter((each) => beginsId(each, text));
  const [id] = ids;
  const found = id === undefined || ids.length > 1 ? undefined : view.invites.get(id);
  if (found) return found;
  throw ids.length > 1
    ? new Fault("usage/ambiguous", "more than one link of this group begins like that: give more of its id")
    : new Fault("usage/not-found", "this group has no such link", { next: "see-links" });
}

/** Closes every link that is open: after the room password changed they would ask for another one. */
export async function revokeOpen({ store, put, clock }: CallContext, group: GroupState): Promise<void> {
  const { view } = await standingIn(store, group);
  for (const { entry, isRevoked, expiresAt } of view.invites.values())
    if (!isRevoked && expiresAt > clock.nowMs())
      await put({ kind: "change-group", group: group.group, change: { kind: "revokeInvite", invite: entry } });
}

/** Whether `group-join` would take this text for a link. */
export const isInviteLink = (primitives: Primitives, text: string): boolean =>
  parseInviteLink(primitives, text) !== undefined;

/** See `group-join` in api.ts. */
export async function join(
  context: CallContext,
  params: Params<"group-join">,
  options: CallOptions,
): Result<"group-join"> {
  const { store, clock, primitives } = context;
  const link = parseInviteLink(primitives, params.link);
  if (!link) throw noInvite(params.link);
  const id = toHex(link.group);
  const here = () => memberGroup(store, id);
  if (!(await here())) {
    if (link.expiresAt <= clock.nowMs()) throw refusalFault({ reason: "expired", triesLeft: 0 });
    context.network.useAddresses?.(addressesOf(link));
    await ask(context, link, params.password);
    const answered = async () => (await here()) !== undefined || (await refusalBy(store, id)) !== undefined;
    await waitUntil(answered, waiting(context, params.waitMs, options));
  }
  const group = await here();
  if (group) return { group: groupName(group), state: "joined" };
  const told = await refusalBy(store, id);
  if (told) throw refusalFault(told);
  return { group: { id, name: "" }, state: "pending" };
}

function noInvite(text: string): Fault {
  if (text.trim().startsWith(CONTACT_LINK_PREFIX))
    return new Fault("usage/bad-link", "this is a contact link, which adds somebody to a group, so nothing was done", {
      next: "add-contact",
    });
  return new Fault(
    "usage/bad-link",
    "this is not a whole invite link, so nothing was done: copy all of it, from hermes://join/ to the end",
  );
}

/** The group, if we are in it. */
async function memberGroup(store: CallContext["store"], id: string): Promise<GroupState | undefined> {
  const group = await readRecord(store, GROUP, id);
  return group && !(await isOutOf(store, group)) ? group : undefined;
}

async function ask({ put, primitives }: CallContext, link: InviteLink, password: string | undefined): Promise<void> {
  if (!link.password) return void (await put({ kind: "join", link }));
  if (password === undefined)
    throw new Fault(
      "usage/wrong-passphrase",
      "this link asks for the room password, so nothing was done: give it as well, or ask for it whoever sent the link",
    );
  await put({ kind: "join", link, passwordKey: roomPasswordKey(primitives, checkPassword(password), link.group) });
}
