/**
 * A plain chat, line by line: what arrives is printed above the line that is being typed. Without a terminal it reads
 * lines, sends each, and ends with its input; with --json it prints the events of `listen` and the results of `send`.
 *
 * 1. Lines are sent one after the other, in the order in which they were entered.
 * 2. What is sent from this profile elsewhere is shown too, and nothing of ours twice.
 * 3. Everything entered before the end is sent, or queued in the profile, before the chat ends.
 */
import { randomUUID } from "node:crypto";
import type { GroupName } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import type { RelayView } from "../client/relay-api.ts";
import { Fault, isFault } from "../wire/fault.ts";
import { type ChatFiles, chatFiles } from "./chat-files.ts";
import { type ChatScreen, openScreen } from "./chat-screen.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { advice } from "./next-steps.ts";
import { written } from "./output.ts";
import {
  printableLine,
  renderArrival,
  renderChange,
  renderEvent,
  renderInfo,
  renderInvite,
  renderMessage,
} from "./render.ts";
import type { Session } from "./session.ts";

/** Messages shown when a chat opens: a screen full. */
const OPENING_LINES = 20;
/** How long leaving waits for what has not reached a relay yet (ms). */
const LEAVING_MS = 5_000;

const HELP = `/who        who is in the group
/invite     a link with which others join
/file PATH  send a file, or a directory
/get FILE   fetch a file, by its name or the beginning of its id
/files      files of the group, and how far each is
/help       this
/quit       leave the chat (Ctrl-C and Ctrl-D too); the group stays
Everything else is sent; begin with // to send a line that begins with /.`;

/** `hermes chat [G]` */
export async function chat(context: CommandContext): Promise<number> {
  return await withSession(context, async (session) => {
    const group = await chosenGroup(session, operand(context, 0));
    await chatIn(context, session, group);
    return 0;
  });
}

/** The named group, else the only one. */
async function chosenGroup(session: Session, name: string): Promise<GroupName> {
  if (name !== "") return (await session.call("group-info", { group: name })).group;
  const groups = await groupsToChatIn(session);
  const [first] = groups;
  if (first !== undefined && groups.length === 1) return first;
  if (first === undefined) {
    throw new Fault(
      "usage/not-found",
      "this profile is in no group yet; make one with hermes group create NAME, or join one with hermes group join LINK.",
    );
  }
  const names = groups.map((group) => printableLine(group.name)).join(", ");
  throw new Fault("usage/ambiguous", `this profile is in several groups; name one of them: ${names}.`);
}

/** Those in which this profile is. */
export async function groupsToChatIn(session: Session): Promise<readonly GroupName[]> {
  const { groups } = await session.call("group-list", {});
  return groups.filter(({ state }) => state === undefined);
}

/** Chats in one group until the input ends, /quit or the signal. */
export async function chatIn(context: CommandContext, session: Session, group: GroupName): Promise<void> {
  const { surroundings, output } = context;
  const screen = openScreen({ ...surroundings, isHuman: output.format === "human" });
  const leaving = new AbortController();
  const window = randomUUID();
  try {
    if (output.format === "human") await openingLines(session, group, screen);
    const files = chatFiles(output, { session, group, screen, window });
    const emit = (event: ClientEvent): void => {
      showEvent(context, screen, event);
      files.happened(event);
    };
    const shown = () => written(surroundings.stdout);
    const following = session.call("listen", { group: group.id, window }, { emit, shown, signal: leaving.signal });
    await Promise.race([following, readLines(context, { session, group, screen, window, files })]);
    following.catch(() => undefined); // it ends with us
    await files.leave();
    await sendTheRest(session);
  } catch (error) {
    if (!(surroundings.signal.aborted && isFault(error, "usage/cancelled"))) throw error;
  } finally {
    leaving.abort();
    screen.close();
  }
}

/** What was entered last may be on its way; what cannot leave now stays in the outbox. */
async function sendTheRest(session: Session): Promise<void> {
  const { outbox, relays } = await session.call("status", {});
  const isHopeless = relays.every(({ state }) => state === "unreachable" || state === "refused");
  if (outbox > 0 && !isHopeless) await session.call("sync", { waitMs: LEAVING_MS });
}

async function openingLines(session: Session, group: GroupName, screen: ChatScreen): Promise<void> {
  const { messages } = await session.call("history", { group: group.id, limit: OPENING_LINES });
  screen.print(`${printableLine(group.name)}: type and press Enter; /help shows more.`);
  for (const message of messages) screen.print(renderMessage(message));
}

interface Chatting {
  readonly session: Session;
  readonly group: GroupName;
  readonly screen: ChatScreen;
  /** What is sent from here is not shown here again. */
  readonly window: string;
  readonly files: ChatFiles;
}

async function readLines(context: CommandContext, chatting: Chatting): Promise<void> {
  for await (const line of chatting.screen.lines) {
    if (line.trim() === "/quit") return;
    await obey(context, chatting, line).catch((error: unknown) => {
      if (!isFault(error) || error.code === "usage/cancelled") throw error;
      if (context.output.format === "human") chatting.screen.print(`! ${advice(error)}`);
      else context.output.result({ error: { code: error.code, message: advice(error) } }, undefined);
    });
  }
}

/** What one line asks for. */
async function obey(
  context: CommandContext,
  { session, group, screen, window, files }: Chatting,
  line: string,
): Promise<void> {
  const [word = ""] = line.trim().split(/\s/, 1);
  if (word === "") return;
  if (!word.startsWith("/") || word.startsWith("//")) {
    const text = line.startsWith("//") ? line.slice(1) : line;
    // not waiting: the next line may be typed at once, and the relay's state shows by itself
    const sent = await session.call("send", { group: group.id, text, waitMs: 0, window });
    if (context.output.format === "json") context.output.result(sent, undefined);
    return;
  }
  switch (word) {
    case "/who":
      return screen.print(renderInfo(await session.call("group-info", { group: group.id })));
    case "/invite":
      return screen.print(renderInvite(await session.call("group-invite", { group: group.id })));
    case "/file":
    case "/get":
    case "/files":
      return await files.obey(word, line.trim().slice(word.length).trim());
    case "/help":
      return screen.print(HELP);
    default:
      return screen.print(`${printableLine(word)} is no command here; /help shows those that are.`);
  }
}

function showEvent({ output }: CommandContext, screen: ChatScreen, event: ClientEvent): void {
  const text = chatLine(event);
  if (output.format === "json") output.result(event, undefined);
  else if (text !== undefined) screen.print(text);
}

/** An event inside its own chat, where the group needs no naming. */
export function chatLine(event: ClientEvent): string | undefined {
  switch (event.event) {
    case "message": {
      const { state: _, ...message } = event.message; // one of ours from another window has only just been entered there
      return renderArrival(message, event.late);
    }
    case "member":
      return `* ${renderChange(event)}`;
    case "status":
      return relayLine(event.relay);
    default:
      return renderEvent(event);
  }
}

/** Only what changes for somebody who writes: that a relay is there, and that messages have to wait. */
function relayLine({ state, reason }: RelayView): string | undefined {
  switch (state) {
    case "connecting":
      return undefined;
    case "connected":
      return "* connected to the relay";
    case "unreachable":
    case "refused":
      return `* the relay is ${state}${reason === undefined ? "" : ` (${printableLine(reason)})`}; messages wait here`;
  }
}
