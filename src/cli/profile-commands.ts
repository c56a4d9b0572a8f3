/** Commands about this profile: init, whoami, status, sync. */
import { secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, withSession } from "./command.ts";
import { renderCreated, renderStatus, renderSync, renderWhoami } from "./render.ts";
import { ask } from "./terminal.ts";

/** `hermes init` */
export async function init(context: CommandContext): Promise<number> {
  const { given, output, choice, newProfileRelays, surroundings } = context;
  const relays = given.options.get("relay") ?? newProfileRelays;
  const { terminal, env } = surroundings;
  const login = env["USER"] || env["USERNAME"] || "me";
  const answer = textOf(given, "name") ?? (terminal && (await ask(terminal, `Your name [${login}]: `, "visible")));
  const created = await surroundings.profiles.create({ ...choice, relays }, answer?.trim() || login);
  output.result(created, renderCreated(created));
  if (relays.length === 0)
    output.note("No relay was named, so this profile reaches nobody yet: see hermes init --help.");
  return 0;
}

/** `hermes whoami` */
export async function whoami(context: CommandContext): Promise<number> {
  const me = await withSession(context, (session) => session.call("whoami", {}));
  context.output.result(me, renderWhoami(me));
  return 0;
}

/** `hermes status` */
export async function status(context: CommandContext): Promise<number> {
  const now = await withSession(context, (session) => session.call("status", {}));
  context.output.result(now, renderStatus(now));
  return 0;
}

/** `hermes sync`: exit code 1 when something is still missing. */
export async function sync(context: CommandContext): Promise<number> {
  const waitMs = secondsAsMsOf(context.given, "wait");
  const params = waitMs === undefined ? {} : { waitMs };
  const done = await withSession(context, (session) => session.call("sync", params));
  context.output.result(done, renderSync(done));
  return done.complete ? 0 : 1;
}
