/** Commands about groups: hermes group create, list, info, add. */
import { choiceOf, given, secondsAsMsOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { printableLine, renderGroups, renderInfo } from "./render.ts";
import { newRoomPassword } from "./room-password.ts";

/** What an add may make of someone. */
const ROLES = ["member", "admin"] as const;

/** `hermes group create NAME` */
export async function createGroup(context: CommandContext): Promise<number> {
  const name = operand(context, 0);
  const { options } = context.given;
  const isProtected = options.has("password") || options.has("password-file");
  const password = isProtected ? await newRoomPassword(context) : undefined;
  const params = { name, ...given({ password }) };
  const made = await withSession(context, (session) => session.call("group-create", params));
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
