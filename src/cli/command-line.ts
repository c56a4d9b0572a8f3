/**
 * One command line from words to exit code. Knows no process: everything around it is given.
 *
 * Errors end here: a fault becomes a sentence (or an object with --json) and an exit code.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isFault } from "../wire/fault.ts";
import { nearest } from "../wire/near-words.ts";
import { type Arguments, mistake, operandPlaces, readArguments, textOf } from "./arguments.ts";
import { type ClientSettings, readClientSettings } from "./client-settings.ts";
import type { Command, CommandContext, Surroundings } from "./command.ts";
import { COMMANDS, COMMON_OPTIONS } from "./command-table.ts";
import { commandHelp } from "./help.ts";
import { failureOf, outputTo, reportFailure } from "./output.ts";
import { passphrasesFrom } from "./passphrase.ts";
import type { ProfileChoice } from "./session.ts";
import { Interrupted } from "./terminal.ts";

/** Exit code of what Ctrl-C ended before it was done. */
const INTERRUPTED = 130;

/** Runs `argv` (without node and script); answers the exit code, `undefined` when a signal ended a command that ends by itself. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number | undefined> {
  const format = argv.includes("--json") ? "json" : "human";
  const { streams, env } = surroundings;
  try {
    if (argv.length === 0) throw mistake("name a command; hermes --help lists them.");
    return await runCommand(findCommand(argv), surroundings, format);
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED;
    const failure = failureOf(error, Boolean(env["HERMES_DEBUG"]));
    reportFailure(streams, failure, format);
    return failure.exit;
  }
}

interface Found {
  readonly command: Command;
  /** What follows, and what stood before, the command's words. */
  readonly rest: readonly string[];
}

/** The command that `argv` names. */
function findCommand(argv: readonly string[]): Found {
  if (argv[0] === "--version") return findCommand(["version", ...argv.slice(1)]);
  const places = operandPlaces(argv, COMMON_OPTIONS);
  const [first, second] = places;
  if (first === undefined) {
    const { options } = readArguments(argv, { subject: "hermes", options: COMMON_OPTIONS, operands: [] });
    const help = COMMANDS.find(({ name }) => name === "help");
    if (options.has("help") && help !== undefined) {
      return { command: help, rest: argv.filter((word) => word !== "--help" && word !== "-h") };
    }
    throw mistake("name a command; hermes --help lists them.");
  }
  const two = second && COMMANDS.find(({ name }) => name === `${first.word} ${second.word}`);
  const command = two ?? COMMANDS.find(({ name }) => name === first.word);
  if (command === undefined) throw unknownCommand(first.word, second?.word);
  const taken = two === undefined ? [first.index] : [first.index, second?.index];
  return { command, rest: argv.filter((_, index) => !taken.includes(index)) };
}

function unknownCommand(first: string, second: string | undefined) {
  const words = COMMANDS.map(({ name }) => name);
  const family = words.filter((name) => name.startsWith(`${first} `));
  if (family.length > 0) {
    const last = family.map((name) => name.slice(first.length + 1));
    const near = second === undefined ? undefined : nearest(second, last);
    const hint = near === undefined ? `there are ${last.join(", ")}.` : `did you mean hermes ${first} ${near}?`;
    return mistake(`hermes ${[first, second].filter(Boolean).join(" ")} is no command; ${hint}`);
  }
  const near = nearest(first, words) ?? nearest(`${first} ${second ?? ""}`, words);
  const hint = near === undefined ? "hermes --help lists them." : `did you mean hermes ${near}?`;
  return mistake(`there is no command ${JSON.stringify(first)}; ${hint}`);
}

async function runCommand({ command, rest }: Found, surroundings: Surroundings, format: "json" | "human") {
  const output = outputTo(surroundings.streams, format);
  const given = argumentsOf(command, rest);
  if (command.operands !== "everything" && given.options.has("help")) {
    surroundings.streams.stdout(`${commandHelp(command, COMMON_OPTIONS)}\n`);
    return 0;
  }
  const settings = await settingsFor(command, given, surroundings);
  const choice: ProfileChoice = {
    directory: textOf(given, "profile") ?? (settings.profile || surroundings.profiles.defaultDirectory()),
    passphrases: passphrasesFrom({
      env: surroundings.env,
      file: textOf(given, "passphrase-file"),
      terminal: surroundings.terminal,
      note: output.note,
    }),
    relays: [],
    noRelay: settings.noRelay || given.options.has("no-relay"),
    members: {
      listen: settings.noListen || given.options.has("no-listen") ? [] : settings.listen,
      addresses: settings.peers,
      discover: !(settings.noMdns || given.options.has("no-mdns")),
    },
    accessToken: settings.accessToken,
    files: {
      downloads: settings.downloads === "" ? defaultDownloads() : resolve(settings.downloads),
      automaticBytes: settings.automaticDownloadBytes,
    },
    kdf: { memoryKiB: settings.kdfMemoryKiB, passes: settings.kdfPasses },
  };
  const table = { commands: COMMANDS, common: COMMON_OPTIONS };
  const context: CommandContext = { given, output, choice, newProfileRelays: settings.relays, surroundings, table };
  return await runToItsEnd(command, context);
}

const defaultDownloads = (): string => join(homedir(), "Downloads", "Hermes");

async function settingsFor({ reads }: Command, given: Arguments, { env }: Surroundings): Promise<ClientSettings> {
  return reads === "nothing" ? await readClientSettings({}) : await readClientSettings(env, textOf(given, "config"));
}

/** A signal is the regular end of a command that ends when told, and the end before time of every other. */
async function runToItsEnd(command: Command, context: CommandContext): Promise<number | undefined> {
  const { signal } = context.surroundings;
  try {
    const exit = await command.run(context);
    if (!signal.aborted) return exit;
  } catch (error) {
    if (!(signal.aborted && isFault(error, "usage/cancelled"))) throw error;
  }
  return command.ends === "when-told" ? 0 : undefined;
}

function argumentsOf({ name, operands, options }: Command, rest: readonly string[]): Arguments {
  if (operands === "everything") return { operands: rest, options: new Map() };
  return readArguments(rest, { subject: `hermes ${name}`, options: { ...options, ...COMMON_OPTIONS }, operands });
}
