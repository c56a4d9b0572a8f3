/** Commands about messages: send, history, listen. */
import type { MessageView } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import { isFault } from "../wire/fault.ts";
import { mistake, secondsAsMsOf, textOf, wholeNumberOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { type Output, written } from "./output.ts";
import { renderEvent, renderMessage, renderState } from "./render.ts";
import { readText } from "./standard-input.ts";

/** Most lines of one history. */
const LINES_MAX = 10_000;
/** Lines of a page unless told otherwise, as the client has it. */
const PAGE_LINES = 50;

/** `hermes send G [TEXT]` */
export async function send(context: CommandContext): Promise<number> {
  const { given, output, surroundings } = context;
  const waitMs = given.options.has("no-wait") ? 0 : secondsAsMsOf(given, "wait");
  const group = operand(context, 0);
  if (given.operands.length < 2 && surroundings.terminal !== undefined) {
    output.note("Type the message; Ctrl-D on an empty line sends it.");
  }
  const text = given.operands[1] ?? (await readText(surroundings.stdin));
  if (text === "") throw mistake("the message is empty, so nothing was sent; give a text.");
  const params = waitMs === undefined ? { group, text } : { group, text, waitMs };
  const sent = await withSession(context, (session) => session.call("send", params));
  output.result(sent, renderState(sent.state, sent.reason));
  return 0;
}

/** `hermes history G`: where there may be more, people are told how to see it. */
export async function history(context: CommandContext): Promise<number> {
  const { given, output } = context;
  const limit = wholeNumberOf(given, "limit", [1, LINES_MAX]);
  const before = textOf(given, "before");
  const search = textOf(given, "search");
  if (search?.trim() === "") throw mistake("--search has no words; give one or several, or leave it out.");
  const params = {
    group: operand(context, 0),
    ...(limit === undefined ? {} : { limit }),
    ...(before === undefined ? {} : { before }),
    ...(search === undefined ? {} : { search }),
  };
  const { messages } = await withSession(context, (session) => session.call("history", params));
  const id = ({ id }: MessageView) => (given.options.has("ids") ? `${id}  ` : "");
  for (const message of messages) output.result({ message }, `${id(message)}${renderMessage(message)}`);
  const [first] = messages;
  if (output.format === "human" && first === undefined) output.note(nothingFound(before, search));
  if (output.format === "human" && first !== undefined && messages.length >= (limit ?? PAGE_LINES)) {
    output.note(`Older ones: the same command with --before ${first.id}`);
  }
  return 0;
}

function nothingFound(before: string | undefined, search: string | undefined): string {
  const older = before === undefined ? "" : " older";
  return search === undefined ? `There are no${older} messages here.` : `No${older} message has all of these words.`;
}

/** `hermes listen [G]`: follows until it is told to stop. */
export async function listen(context: CommandContext): Promise<number> {
  const [group] = context.given.operands;
  const { signal, stdout } = context.surroundings;
  const shown = () => written(stdout);
  await withSession(context, async (session) => {
    const params = group === undefined ? {} : { group };
    const emit = (event: ClientEvent) => showEvent(context.output, event);
    await session.call("listen", params, { emit, shown }).catch((error: unknown) => {
      if (!(signal.aborted && isFault(error, "usage/cancelled"))) throw error;
    });
  });
  return 0;
}

/** Messages and members are results; how the relays are is a remark for people. */
function showEvent(output: Output, event: ClientEvent): void {
  const text = renderEvent(event);
  if (output.format === "json" || event.event === "message" || event.event === "member") output.result(event, text);
  else if (text !== undefined) output.note(text);
}
