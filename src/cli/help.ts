/** Help texts, made from the command table. */
import type { OptionTable } from "./arguments.ts";
import type { Command } from "./command.ts";

const NAME_WIDTH = 22;

/** Help about all commands; `topics` have help of their own. */
export function overview(commands: readonly Command[], common: OptionTable, topics: readonly string[]): string {
  return [
    "Usage: hermes COMMAND [OPTION]…",
    "",
    "End-to-end encrypted group chat that you host yourself.",
    "",
    ...commands.map((command) => row([command.name, ...shownOperands(command)].join(" "), command.summary)),
    "",
    "Options of every command:",
    ...optionRows(common),
    "",
    "Exit codes: 0 done, 1 failed while running, 2 an argument or a setting was wrong. hermes COMMAND --help shows more.",
    `More: hermes help TOPIC, about ${topics.join(", ")}.`,
  ].join("\n");
}

/** Help about the commands that begin with one word. */
export function familyHelp(word: string, family: readonly Command[]): string {
  return [
    `Usage: hermes ${word} COMMAND [OPTION]…`,
    "",
    ...family.map((command) => row([command.name, ...shownOperands(command)].join(" "), command.summary)),
  ].join("\n");
}

/** Help about one command. */
export function commandHelp(command: Command, common: OptionTable): string {
  const own = optionRows(command.options);
  return [
    `Usage: ${["hermes", command.name, ...shownOperands(command), "[OPTION]…"].join(" ")}`,
    "",
    `${command.summary[0]?.toUpperCase() ?? ""}${command.summary.slice(1)}.`,
    ...(command.details === undefined ? [] : ["", command.details]),
    "",
    command.examples.length > 1 ? "Examples:" : "Example:",
    ...command.examples.map((example) => `  ${example}`),
    "",
    ...(own.length > 0 ? ["Options:", ...own, ""] : []),
    "Options of every command:",
    ...optionRows(common),
  ].join("\n");
}

function shownOperands({ operands }: Command): readonly string[] {
  return operands === "everything" ? [] : operands;
}

function optionRows(options: OptionTable): string[] {
  return Object.entries(options).map(([name, { value, repeats, help }]) =>
    row(`--${name}${value === undefined ? "" : ` ${value}`}${repeats ? "…" : ""}`, help),
  );
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(NAME_WIDTH)}  ${text}`;
}
