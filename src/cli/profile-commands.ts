/** Commands about this profile: init, whoami, status, sync. */
import { given, secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, type Surroundings, withSession } from "./command.ts";
import { printableLine, renderCreated, renderStatus, renderWhoami } from "./render.ts";
import { renderSync } from "./render-sync.ts";
import { ask } from "./terminal.ts";

/** `hermes init` */
export async function init(context: CommandContext): Promise<number> {
  const { given, output, choice, newProfileRelays, surroundings } = context;
  const relays = given.options.get("relay") ?? newProfileRelays;
  const name = textOf(given, "name") ?? (await askName(surroundings));
  const created = await surroundings.profiles.create({ ...choice, relays }, name);
  output.result(created, renderCreated(created));
  if (relays.length === 0)
    output.note(
      "No relay was named: this profile reaches people who run Hermes at the same time, on the same network or at the addresses in a link. See hermes init --help.",
    );
  return 0;
}

/** The name to show to others: asked for at a terminal, else the login name. */
export async function askName({ terminal, env }: Surroundings): Promise<string> {
  const login = env["USER"] || env["USERNAME"] || "me";
  const answer = terminal && (await ask(terminal, `Your name, as others see it [${login}]: `, "visible"));
  return answer?.trim() || login;
}

/** `hermes whoami` */
export async function whoami(context: CommandContext): Promise<number> {
  const me = await withSession(context, (session) => session.call("whoami", {}));
  context.output.result(me, renderWhoami(me));
  return 0;
}

/** `hermes name NEW` */
export async function changeName(context: CommandContext): Promise<number> {
  const [name = ""] = context.given.operands;
  const params = { name, ...given({ waitMs: secondsAsMsOf(context.given, "wait") }) };
  const changed = await withSession(context, (session) => session.call("name-change", params));
  const told = changed.state === "queued" ? "; the others learn of it as soon as there is a connection" : "";
  context.output.result(changed, `You are now called ${printableLine(changed.name)}${told}.`);
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
