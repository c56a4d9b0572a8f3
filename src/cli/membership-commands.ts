/** Commands that change a group: hermes group remove, role, leave, rekey, rename, settings. */
import { isFault } from "../wire/fault.ts";
import { choiceOf, given, mistake, secondsAsMsOf, textOf, wholeNumberOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { confirm } from "./confirmation.ts";
import { groupOf, nameOf, ROLES } from "./render.ts";
import { renderSent, renderSettings } from "./render-membership.ts";
import { newRoomPassword } from "./room-password.ts";
import type { Session } from "./session.ts";

const RANKS = ["member", "admin", "owner"] as const;
/** Bounds of the re-key schedule, as the client has them. */
const REKEY_DAYS_MAX = 365;
const REKEY_MESSAGES_MAX = 1_000_000;

const waitingOf = (context: CommandContext) => given({ waitMs: secondsAsMsOf(context.given, "wait") });

/** `hermes group remove G MEMBER` */
export async function removeMember(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), member: operand(context, 1), ...waitingOf(context) };
  const done = await withSession(context, (session) => session.call("group-remove", params));
  context.output.result(done, `${nameOf(done.member)} is out of ${groupOf(done.group)}${renderSent(done)}`);
  return 0;
}

/** `hermes group role G MEMBER ROLE`: handing over is asked about at a terminal. */
export async function setRole(context: CommandContext): Promise<number> {
  const role = RANKS.find((each) => each === operand(context, 2));
  if (role === undefined)
    throw mistake(`ROLE must be member, admin or owner, not ${JSON.stringify(operand(context, 2))}.`);
  const params = { group: operand(context, 0), member: operand(context, 1), role, ...waitingOf(context) };
  const done = await withSession(context, async (session) => {
    if (role === "owner") await confirmHandOver(context);
    return await session.call("group-role", params);
  });
  const text = `${nameOf(done.member)} is ${ROLES[role]} of ${groupOf(done.group)} now${renderSent(done)}`;
  context.output.result(done, text);
  return 0;
}

async function confirmHandOver(context: CommandContext): Promise<void> {
  const { terminal } = context.surroundings;
  if (context.given.options.has("yes")) return;
  if (terminal === undefined)
    throw mistake("only the new owner could undo this, and there is no terminal to ask at; give --yes if it is meant.");
  const [group, member] = [operand(context, 0), operand(context, 1)];
  await confirm(
    terminal,
    `You hand ${group} over to ${member} and become an admin; only ${member} can undo that.`,
    "yes",
  );
}

/** `hermes group leave G`: also a group that one waits for to be let in. */
export async function leaveGroup(context: CommandContext): Promise<number> {
  const handOver = textOf(context.given, "hand-over");
  const params = { group: operand(context, 0), ...given({ handOver }), ...waitingOf(context) };
  const done = await withSession(context, (session) =>
    session.call("group-leave", params).catch(async (error: unknown) => {
      const cancelled = await cancelJoin(session, params.group);
      if (cancelled) return { group: cancelled, state: "cancelled" as const };
      if (handOver === undefined && isFault(error, "usage/not-allowed")) await suggestHeir(context, session);
      throw error;
    }),
  );
  const text =
    done.state === "cancelled"
      ? "You wait for that group no more."
      : `You left ${groupOf(done.group)}${renderSent(done)}`;
  context.output.result(done, text);
  return 0;
}

/** The group that is waited for no more, if one was. */
async function cancelJoin(session: Session, group: string) {
  const done = await session.call("group-cancel", { group }).catch((error: unknown) => {
    if (!isFault(error, "usage/not-found")) throw error;
  });
  return done?.group;
}

/** One word of a POSIX shell. Names are what others typed, and whoever copies the line must run nothing of theirs. */
const quoted = (text: string): string => (/^\w[\w.-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Who could take the group over: an admin if there is one. */
async function suggestHeir(context: CommandContext, session: Session): Promise<void> {
  const { account } = await session.call("whoami", {});
  const { members, absent } = await session.call("group-info", { group: operand(context, 0) });
  const others = members.filter((each) => each.account !== account);
  const heir = others.find(({ role }) => role === "admin") ?? others[0];
  if (heir === undefined || absent) return;
  context.output.note(
    `For example: hermes group leave ${quoted(operand(context, 0))} --hand-over ${quoted(nameOf(heir))}`,
  );
}

/** `hermes group rekey G` */
export async function rekeyGroup(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), ...waitingOf(context) };
  const done = await withSession(context, (session) => session.call("group-rekey", params));
  context.output.result(done, `${groupOf(done.group)} has a fresh key${renderSent(done)}`);
  return 0;
}

/** `hermes group rename G NAME` */
export async function renameGroup(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), name: operand(context, 1), ...waitingOf(context) };
  const done = await withSession(context, (session) => session.call("group-rename", params));
  context.output.result(done, `The group is called ${groupOf(done.group)} now${renderSent(done)}`);
  return 0;
}

/** `hermes group settings G`: shows them, after changing what is given. */
export async function groupSettings(context: CommandContext): Promise<number> {
  const options = given({
    inviters: choiceOf(context.given, "inviters", RANKS),
    rekeyDays: wholeNumberOf(context.given, "rekey-days", [1, REKEY_DAYS_MAX]),
    rekeyMessages: wholeNumberOf(context.given, "rekey-messages", [1, REKEY_MESSAGES_MAX]),
    password: await passwordChange(context),
  });
  const params = { group: operand(context, 0), ...options, ...waitingOf(context) };
  const done = await withSession(context, (session) => session.call("group-settings", params));
  context.output.result(done, renderSettings(done));
  return 0;
}

/** The new room password, `null` for none, or `undefined` when it stays. */
async function passwordChange(context: CommandContext): Promise<string | null | undefined> {
  const { options } = context.given;
  const isSet = options.has("password") || options.has("password-file");
  if (isSet && options.has("no-password"))
    throw mistake("--password sets one and --no-password takes it away; give one.");
  if (options.has("no-password")) return null;
  return isSet ? await newRoomPassword(context) : undefined;
}
