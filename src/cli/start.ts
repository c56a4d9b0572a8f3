/**
 * `npm start`: everything at once, kept in one directory. At a terminal a relay, and the web screen in a browser; with
 * `join LINK` the web screen with that link filled in; with `--chat` a chat at the terminal instead; without a terminal
 * a demonstration.
 */
import { join } from "node:path";
import type { ClientMethods, GroupName } from "../client/api.ts";
import { isFault } from "../wire/fault.ts";
import { given, mistake, textOf } from "./arguments.ts";
import { chatIn, groupsToChatIn } from "./chat.ts";
import { type CommandContext, withSession } from "./command.ts";
import { demonstrate } from "./demonstration.ts";
import { showInBrowser } from "./gui-command.ts";
import { type KeptRelay, keepHomeRelay } from "./kept-relay.ts";
import { askName } from "./profile-commands.ts";
import { renderCreated } from "./render.ts";
import { withRoomPassword } from "./room-password.ts";
import type { Session } from "./session.ts";

/** Name of the first group. */
const FIRST_GROUP = "Home";
/** How long joining is tried before people are told that it waits (ms), and how long it then waits: a day. */
const JOIN_FIRST_MS = 5_000;
const JOIN_LONG_MS = 86_400_000;

/** `hermes start [join LINK]` */
export async function start(context: CommandContext): Promise<number> {
  const [word = "", link = ""] = context.given.operands;
  if (word === "join") return await startByLink(context, link.trim());
  if (word !== "") throw mistake(`hermes start knows no ${JSON.stringify(word)}; type: npm start -- join LINK`);
  if (context.surroundings.terminal === undefined) return await demonstrate(context);
  return await startAtHome(atHome(context));
}

/** The directory that holds it all. */
function homeOf({ surroundings: { env, root } }: CommandContext): string {
  return env["HERMES_HOME"] || join(root, ".hermes");
}

const isChat = ({ given: { options } }: CommandContext): boolean => options.has("chat");

/** The same context with the profile at home unless another is named. */
function atHome(context: CommandContext): CommandContext {
  const directory = textOf(context.given, "profile") ?? join(homeOf(context), "profile");
  return { ...context, choice: { ...context.choice, directory } };
}

async function startByLink(outer: CommandContext, link: string): Promise<number> {
  if (!(await outer.surroundings.profiles.isInvite(link))) {
    throw mistake("the link is missing or cut; type: npm start -- join 'hermes://join/…' with all of it in quotes.");
  }
  const context = atHome(outer);
  context.output.note(`The profile is kept in ${context.choice.directory}`);
  if (!isChat(context)) {
    await showInBrowser(context, { invite: link });
    return 0;
  }
  await makeProfileOnce(context, []);
  await withSession(context, async (session) => {
    await chatIn(context, session, await joinPatiently(context, session, link));
  });
  return 0;
}

async function joinPatiently(context: CommandContext, session: Session, link: string): Promise<GroupName> {
  let known: string | undefined; // a room password is typed once, however often we ask
  const ask = (waitMs: number): Promise<ClientMethods["group-join"][1]> =>
    withRoomPassword(context, (typed) => {
      known = typed ?? known;
      return session.call("group-join", { link, waitMs, ...given({ password: known }) });
    });
  let joined = await ask(JOIN_FIRST_MS);
  if (joined.state === "joined") return joined.group;
  context.output.note(
    "Asked to be let in; waiting until a member of the group is online (Ctrl-C leaves, the request stays).",
  );
  while (joined.state === "pending") joined = await ask(JOIN_LONG_MS);
  return joined.group;
}

async function startAtHome(context: CommandContext): Promise<number> {
  const { surroundings, choice, output } = context;
  output.note(`Everything is kept in ${homeOf(context)}`);
  if (await surroundings.profiles.inUse(choice.directory)) {
    output.note("Hermes runs here already; this is a second window.");
    await (isChat(context) ? openChat(context) : showInBrowser(context, {}));
    return 0;
  }
  const { program, env, signal } = surroundings;
  const relay = await keepHomeRelay(homeOf(context), { program, env }, { note: output.note, signal });
  try {
    output.note(`The relay runs at ${relay.shared[0] ?? relay.addresses[0]}`);
    const relays = relay.shared.length > 0 ? relay.shared : relay.addresses;
    // all of the relay's present addresses: the machine may have got another one since the profile was made
    const here = { ...context, choice: { ...choice, relays: relay.addresses } };
    if (!isChat(context)) {
      await showInBrowser(here, { relays });
      return 0;
    }
    await makeProfileOnce(context, relays);
    await openChat(here, relay);
    return 0;
  } finally {
    await relay.end();
  }
}

/** Makes the profile, unless there is one, and shows its recovery words. */
async function makeProfileOnce(context: CommandContext, relays: readonly string[]): Promise<void> {
  const { surroundings, choice, output } = context;
  if (await surroundings.profiles.exists(choice.directory)) return;
  const name = await askName(surroundings);
  const created = await surroundings.profiles.create({ ...choice, relays }, name);
  output.note(`\n${renderCreated(created)}\n`);
}

async function openChat(context: CommandContext, relay?: KeptRelay): Promise<void> {
  await withSession(context, async (session) => {
    const [first] = await groupsToChatIn(session);
    const group = first ?? (await session.call("group-create", { name: FIRST_GROUP })).group;
    if (relay !== undefined) await showInvite(context, session, { group, relay });
    await chatIn(context, session, group);
  });
}

/** The one line with which others join; nothing where the group lets us make none. */
async function showInvite(
  { output }: CommandContext,
  session: Session,
  { group, relay }: { readonly group: GroupName; readonly relay: KeptRelay },
): Promise<void> {
  const made = await session.call("group-invite", { group: group.id }).catch((error: unknown) => {
    if (!isFault(error, "usage/not-allowed")) throw error;
  });
  if (made === undefined) return;
  const reach =
    relay.shared.length > 0
      ? "Someone else joins from another machine, in a clone of their own, with"
      : "This machine has no address that other machines can reach, so only people on this machine can join, with";
  output.note(`\n${reach}\n\n    npm start -- join '${made.link}'\n`);
}
