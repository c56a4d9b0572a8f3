/** Commands about whom one trusts: verify, devices list, devices unlink. */
import { mistake, secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { renderDevices, renderUnlinked, renderVerify } from "./render-account.ts";

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
  const done = { isCompared: compare !== undefined, mark: params.mark };
  output.result(verification, renderVerify(verification, done));
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

/** `hermes devices unlink DEVICE`: exit code 1 when some group could not be changed. */
export async function unlinkDevice(context: CommandContext): Promise<number> {
  const waitMs = secondsAsMsOf(context.given, "wait");
  const params = { device: operand(context, 0), ...(waitMs === undefined ? {} : { waitMs }) };
  const done = await withSession(context, (session) => session.call("device-unlink", params));
  context.output.result(done, renderUnlinked(done));
  return done.refused.length === 0 ? 0 : 1;
}
