/** Commands about whom one trusts: verify, devices list. */
import { mistake, textOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { renderDevices, renderVerify } from "./render-account.ts";

/** `hermes verify G MEMBER` */
export async function verify(context: CommandContext): Promise<number> {
  const { given, output } = context;
  const [confirm, withdraw] = [given.options.has("confirm"), given.options.has("withdraw")];
  if (confirm && withdraw) throw mistake("--confirm sets the mark and --withdraw takes it away; give one of them.");
  const compare = textOf(given, "compare");
  const params = {
    group: operand(context, 0),
    member: operand(context, 1),
    ...(confirm ? { mark: "verified" as const } : {}),
    ...(withdraw ? { mark: "unverified" as const } : {}),
    ...(compare === undefined ? {} : { compare }),
  };
  const verification = await withSession(context, (session) => session.call("verify", params));
  output.result(verification, renderVerify(verification));
  return 0;
}

/** `hermes devices list` */
export async function listDevices(context: CommandContext): Promise<number> {
  const { output } = context;
  const answer = await withSession(context, (session) => session.call("devices", {}));
  if (output.format === "human") output.result({}, renderDevices(answer));
  else for (const device of answer.devices) output.result({ device }, undefined);
  return 0;
}
