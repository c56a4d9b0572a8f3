/** Commands about links: hermes group invite, invites, revoke, join. */
import { choiceOf, durationMsOf, given, secondsAsMsOf, wholeNumberOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { renderInvite, renderJoin } from "./render.ts";
import { renderInvites, renderSent } from "./render-membership.ts";
import { withRoomPassword } from "./room-password.ts";

/** Most people that one invite lets in. */
const USES_MAX = 10_000;

/** `hermes group invite G` */
export async function invite(context: CommandContext): Promise<number> {
  const terms = given({
    uses: wholeNumberOf(context.given, "uses", [1, USES_MAX]),
    expiresInMs: durationMsOf(context.given, "expires", Date.now()),
    role: choiceOf(context.given, "role", ["member", "admin"]),
  });
  const group = operand(context, 0);
  const made = await withSession(context, (session) => session.call("group-invite", { group, ...terms }));
  context.output.result(made, renderInvite(made));
  return 0;
}

/** `hermes group invites G` */
export async function listInvites(context: CommandContext): Promise<number> {
  const { output } = context;
  const group = operand(context, 0);
  const { invites } = await withSession(context, (session) => session.call("group-invites", { group }));
  if (output.format === "human") output.result({}, renderInvites(invites));
  else for (const invite of invites) output.result({ invite }, undefined);
  return 0;
}

/** `hermes group revoke G INVITE` */
export async function revokeInvite(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), invite: operand(context, 1) };
  const waiting = given({ waitMs: secondsAsMsOf(context.given, "wait") });
  const closed = await withSession(context, (session) => session.call("group-revoke", { ...params, ...waiting }));
  context.output.result(closed, `The link ${closed.invite.id.slice(0, 12)} is closed${renderSent(closed)}`);
  return 0;
}

/** `hermes group join LINK` */
export async function joinGroup(context: CommandContext): Promise<number> {
  const waiting = given({ waitMs: secondsAsMsOf(context.given, "wait") });
  const link = operand(context, 0);
  const joined = await withSession(context, (session) =>
    withRoomPassword(context, (password) => session.call("group-join", { link, ...given({ password }), ...waiting })),
  );
  context.output.result(joined, renderJoin(joined));
  return 0;
}
