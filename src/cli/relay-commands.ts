/** `hermes group relays`: where a group's messages are stored. */
import type { ClientMethods } from "../client/api.ts";
import type { GroupRelayView } from "../client/group-api.ts";
import { given, secondsAsMsOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { clock, groupOf, printableLine, renderRelay } from "./render.ts";
import { renderSent } from "./render-membership.ts";

/** `hermes group relays G`: shows them, after adding and removing what is given. */
export async function groupRelays(context: CommandContext): Promise<number> {
  const { options } = context.given;
  const changes = given({ add: options.get("add"), remove: options.get("remove") });
  const waitMs = secondsAsMsOf(context.given, "wait");
  const params = { group: operand(context, 0), ...changes, ...given({ waitMs }) };
  const done = await withSession(context, (session) => session.call("group-relays", params));
  context.output.result(done, renderGroupRelays(done));
  return 0;
}

export function renderGroupRelays({ group, relays, former, ...sent }: ClientMethods["group-relays"][1]): string {
  const none = relays.length === 0 ? ["None: members reach each other only while they are online together."] : [];
  return [
    `Relays of ${groupOf(group)}${renderSent(sent)}`,
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
