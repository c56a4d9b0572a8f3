/** Commands about groups: hermes group create, list, info, invite, join, add. */
import { choiceOf, durationMsOf, secondsAsMsOf, wholeNumberOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { printableLine, renderGroups, renderInfo, renderInvite, renderJoin } from "./render.ts";

/** Most people that one invite lets in. */
const USES_MAX = 10_000;
/** Whom an invite or an add may make of someone. */
const ROLES = ["member", "admin"] as const;

/** Those entries that have a value: an option that was not given is left to the client. */
function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** `hermes group create NAME` */
export async function createGroup(context: CommandContext): Promise<number> {
  const name = operand(context, 0);
  const made = await withSession(context, (session) => session.call("group-create", { name }));
  context.output.result(made, `Made ${printableLine(made.group.name)}  ${made.group.id}`);
  return 0;
}

/** `hermes group list` */
export async function listGroups(context: CommandContext): Promise<number> {
  const { output } = context;
  const { groups } = await withSession(context, (session) => session.call("group-list", {}));
  if (output.format === "human") output.result({}, renderGroups(groups));
  else for (const group of groups) output.result({ group }, undefined);
  return 0;
}

/** `hermes group info G` */
export async function groupInfo(context: CommandContext): Promise<number> {
  const group = operand(context, 0);
  const info = await withSession(context, (session) => session.call("group-info", { group }));
  context.output.result(info, renderInfo(info));
  return 0;
}

/** `hermes group invite G` */
export async function invite(context: CommandContext): Promise<number> {
  const terms = given({
    uses: wholeNumberOf(context.given, "uses", [1, USES_MAX]),
    expiresInMs: durationMsOf(context.given, "expires", Date.now()),
    role: choiceOf(context.given, "role", ROLES),
  });
  const group = operand(context, 0);
  const made = await withSession(context, (session) => session.call("group-invite", { group, ...terms }));
  context.output.result(made, renderInvite(made));
  return 0;
}

/** `hermes group join LINK` */
export async function joinGroup(context: CommandContext): Promise<number> {
  const waiting = given({ waitMs: secondsAsMsOf(context.given, "wait") });
  const link = operand(context, 0);
  const joined = await withSession(context, (session) => session.call("group-join", { link, ...waiting }));
  context.output.result(joined, renderJoin(joined));
  return 0;
}

/** `hermes group add G ACCOUNT` */
export async function addMember(context: CommandContext): Promise<number> {
  const options = given({
    role: choiceOf(context.given, "role", ROLES),
    waitMs: secondsAsMsOf(context.given, "wait"),
  });
  const [group, account] = [operand(context, 0), operand(context, 1)];
  const added = await withSession(context, (session) => session.call("group-add", { group, account, ...options }));
  const name = printableLine(added.member.name) || added.member.account;
  context.output.result(added, `Added ${name} to ${printableLine(added.group.name)}.`);
  return 0;
}
