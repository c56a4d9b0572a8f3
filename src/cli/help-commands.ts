/** Commands about the program itself: help, completion. */
import { nearest } from "../wire/near-words.ts";
import { mistake } from "./arguments.ts";
import { type Command, type CommandContext, operand } from "./command.ts";
import { commandHelp, familyHelp, overview } from "./help.ts";
import { TOPICS } from "./help-topics.ts";
import { completionScript, SHELLS, type Typeable } from "./shell-completion.ts";

/** `hermes help [COMMAND or TOPIC]` */
export async function help(context: CommandContext): Promise<number> {
  const { output, table, surroundings } = context;
  const words = context.given.operands.join(" ");
  const command = table.commands.find(({ name }) => name === words);
  if (command?.operands === "everything") return await surroundings.relay(["--help"]);
  const topic = command && Object.hasOwn(TOPICS, words) ? [TOPICS[words]] : []; // what there is to know, then how to type it
  const text =
    command === undefined ? textAbout(words, context) : [...topic, commandHelp(command, table.common)].join("\n\n");
  output.result({ help: text }, text);
  return 0;
}

function textAbout(words: string, { table: { commands, common } }: CommandContext): string {
  if (words === "") return overview(commands, common, Object.keys(TOPICS));
  const topic = Object.hasOwn(TOPICS, words) ? TOPICS[words] : undefined;
  const family = commands.filter(({ name }) => name.startsWith(`${words} `));
  if (topic !== undefined) return topic;
  if (family.length > 0) return familyHelp(words, family);
  const near = nearest(words, [...commands.map(({ name }) => name), ...Object.keys(TOPICS)]);
  const hint = near === undefined ? "hermes help lists what there is." : `did you mean hermes help ${near}?`;
  throw mistake(`there is no help about ${JSON.stringify(words)}; ${hint}`);
}

/** `hermes completion SHELL` */
export async function completion(context: CommandContext): Promise<number> {
  const word = operand(context, 0);
  const shell = SHELLS.find((each) => each === word);
  if (shell === undefined)
    throw mistake(`there is completion for ${SHELLS.join(", ")}, not for ${JSON.stringify(word)}.`);
  const script = completionScript(shell, typeable(context.table));
  context.output.result({ completion: script }, script.trimEnd());
  return 0;
}

/** All that may be typed in place of a command. */
export function typeable({ commands, common }: CommandContext["table"]): Typeable {
  const first = commands.map(({ name }: Command) => name.split(" ")[0] ?? name);
  const following = { start: ["join"], completion: SHELLS, help: [...new Set(first), ...Object.keys(TOPICS)] };
  return { commands, common, following };
}
