/** `hermes relays` and `hermes group relays`: where mail for us and a group's messages are stored. */
import type { ClientMethods } from "../client/api.ts";
import type { GroupRelayView } from "../client/group-api.ts";
import { given, secondsAsMsOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { clock, groupOf, printableLine, renderRelay } from "./render.ts";
import { renderSent } from "./render-membership.ts";

/** `hermes group relays G`: shows them, after adding and removing what is given. */
export async function groupRelays(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), ...changesIn(context) };
  const done = await withSession(context, (session) => session.call("group-relays", params));
  context.output.result(done, renderGroupRelays(done));
  return 0;
}

/** `hermes relays`: shows our account's, after adding and removing what is given. */
export async function ownRelays(context: CommandContext): Promise<number> {
  const done = await withSession(context, (session) => session.call("relays", changesIn(context)));
  context.output.result(done, renderRelays(`Relays of your account${renderSent(done)}`, done));
  return 0;
}

function changesIn(context: CommandContext) {
  const { options } = context.given;
  const waitMs = secondsAsMsOf(context.given, "wait");
  return given({ add: options.get("add"), remove: options.get("remove"), waitMs });
}

function renderGroupRelays({ group, relays, former, ...sent }: ClientMethods["group-relays"][1]): string {
  return renderRelays(`Relays of ${groupOf(group)}${renderSent(sent)}`, { relays, former });
}

function renderRelays(
  title: string,
  { relays, former }: Pick<ClientMethods["relays"][1], "relays" | "former">,
): string {
  const none = relays.length === 0 ? ["None: people reach each other only while they are online together."] : [];
  return [
    title,
    ...none,
    ...relays.map(renderOne),
    ...former.map(
      ({ address, until }) => `left ${printableLine(address)}: used until ${clock(until)}, for those who were away`,
    ),
  ].join("\n");
}

function renderOne({ address, state, since, reason }: GroupRelayView): string {
  if (state === undefined || since === undefined) return `relay ${printableLine(address)}: not connected to`;
  return renderRelay({ address, state, since, ...given({ reason }) });
}
