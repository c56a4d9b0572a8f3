/**
 * The relay's configuration: flags before environment before file before default.
 *
 * 1. Nothing is ignored: an unknown name is an error wherever it stands, since it is most likely a typing mistake.
 * 2. An error names the setting, its value (unless secret), what it must be and where the value came from.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Fault } from "../src/wire/fault.ts";
import { nearest } from "../src/wire/near-words.ts";
import { errnoOf } from "./errno.ts";
import { type Checked, checkTexts, checkValue } from "./setting-check.ts";
import {
  environmentName,
  flagName,
  type RelayConfig,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
} from "./settings.ts";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line asks for. */
export type RelayCommand =
  | { readonly kind: "help" }
  | { readonly kind: RelayWork; readonly config: RelayConfig; readonly form: "json" | "text" };

/** What to do with the configuration; the last three with the words after `hermes relay`. */
export type RelayWork = "serve" | "status" | "identity export" | "identity import";
const WORKS: readonly RelayWork[] = ["status", "identity export", "identity import"];

const ENVIRONMENT_PREFIX = environmentName("");
/** Names the file itself, so it cannot stand in the file. */
const CONFIG_VARIABLE = environmentName("config");

/**
 * The command that `argv` (without node and script) and `env` ask for. Throws `usage/bad-argument` for a flag that
 * does not exist, `config/invalid` and `config/unreadable`.
 */
export async function readCommand(argv: readonly string[], env: Environment): Promise<RelayCommand> {
  const { values: flags, positionals } = parseWords(argv);
  const words = positionals.join(" ");
  const work = words === "" ? "serve" : WORKS.find((each) => each === words);
  if (work === undefined) throw mistake(`hermes relay ${words} is no command${meant(words, WORKS)}`);
  if (flags["help"] === true) return { kind: "help" };
  const path = textFlag(flags["config"]) ?? env[CONFIG_VARIABLE];
  const config = { ...defaults(), ...(await fromFile(path)), ...fromEnvironment(env), ...fromFlags(flags) };
  return { kind: work, config, form: flags["json"] === true ? "json" : "text" };
}

type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
type Given = Partial<RelayConfig>;

type Options = Readonly<Record<string, { type: "string" | "boolean"; short?: string; multiple?: boolean }>>;
const OPTIONS: Options = {
  ...Object.fromEntries(SETTING_NAMES.map((name) => [flagName(name), { type: "string", multiple: true }] as const)),
  config: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
};

function parseWords(argv: readonly string[]): { readonly values: Flags; readonly positionals: readonly string[] } {
  const words = { args: [...argv], options: OPTIONS, strict: false, allowPositionals: true, tokens: true } as const;
  const { values, positionals, tokens } = parseArgs(words);
  for (const token of tokens) if (token.kind === "option") checkOption(token);
  return { values, positionals };
}

function checkOption(token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined }) {
  const { name, rawName, value } = token;
  const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (known === undefined)
    throw mistake(`hermes relay has no option ${rawName}${meant(name, Object.keys(OPTIONS), "--")}`);
  if (known.type === "string" && value === undefined) throw mistake(`${rawName} needs a value.`);
  if (known.type === "boolean" && value !== undefined) throw mistake(`${rawName} takes no value.`);
}

/** The end of a sentence about a word that does not exist: what was probably meant by it, else what there is. */
function meant(word: string, words: readonly string[], dashes = ""): string {
  const near = nearest(word, words);
  if (near !== undefined) return `; did you mean ${dashes}${near}?`;
  return dashes === "" ? `; there are ${words.join(", ")}.` : ".";
}

function mistake(sentence: string): Fault {
  return new Fault("usage/bad-argument", `${sentence} See hermes relay --help.`);
}

function textFlag(value: Flags[string]): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The configuration if nothing at all is set. */
export function defaults(): RelayConfig {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].default])) as RelayConfig;
}

async function fromFile(path: string | undefined): Promise<Given> {
  if (path === undefined) return {};
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = errnoOf(cause) ?? "unknown error";
    throw new Fault("config/unreadable", `the configuration file ${path} cannot be read (${code}).`, { cause });
  }
  return parseFile(text, path);
}

/** Settings in the text of a configuration file: a JSON object, in which lines that begin with `//` are comments. */
export function parseFile(text: string, path: string): Given {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : "";
    throw new Fault("config/invalid", `${path} is not JSON with // comment lines: ${detail}.`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new Fault("config/invalid", `${path} must hold one JSON object with settings.`);
  }
  return collect(Object.entries(parsed), path, ([key, value]) => {
    const name = SETTING_NAMES.find((each) => each === key) ?? unknown(`"${key}"`, path);
    return { name, value, checked: checkValue(SETTINGS[name], value) };
  });
}

function fromEnvironment(env: Environment): Given {
  const set = Object.entries(env).filter(([key]) => key.startsWith(ENVIRONMENT_PREFIX) && key !== CONFIG_VARIABLE);
  return collect(set, "the environment", ([key, value = ""]) => {
    const name = SETTING_NAMES.find((each) => environmentName(each) === key) ?? unknown(key, "the environment");
    return { name, value, checked: checkTexts(SETTINGS[name], [value]) };
  });
}

function fromFlags(flags: Flags): Given {
  const set = SETTING_NAMES.flatMap((name) => {
    const value = flags[flagName(name)];
    return Array.isArray(value) ? [[name, value.map(String)] as const] : [];
  });
  return collect(set, "the command line", ([name, texts]) => {
    return { name, value: texts.join(" "), checked: checkTexts(SETTINGS[name], texts) };
  });
}

interface Reading {
  readonly name: SettingName;
  readonly value: unknown;
  readonly checked: Checked;
}

function collect<E>(entries: readonly E[], source: string, read: (entry: E) => Reading): Given {
  const pairs = entries.map((entry) => {
    const { name, value, checked } = read(entry);
    if (checked.kind === "wrong") throw invalid(name, value, checked.must, source);
    return [name, checked.value];
  });
  return Object.fromEntries(pairs) as Given;
}

function invalid(name: SettingName, value: unknown, must: string, source: string): Fault {
  const setting: Setting = SETTINGS[name];
  const hidden = setting.kind === "text" && setting.secrecy === "secret";
  const shown = hidden ? "not right" : JSON.stringify(value);
  return new Fault("config/invalid", `${name} is ${shown} (from ${source}); it must be ${must}.`);
}

function unknown(key: string, source: string): never {
  throw new Fault("config/invalid", `${key} (from ${source}) is no setting of the relay. See hermes relay --help.`);
}
