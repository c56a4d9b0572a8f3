/**
 * Arguments of a command line, checked against what a command says it takes. Mistakes are `usage/bad-argument`
 * faults of one sentence that names the word and, where one is close, what was probably meant.
 */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "../wire/fault.ts";
import { nearest } from "../wire/near-words.ts";

/** One option; `value` is the placeholder in the help, `undefined` for a switch. */
export interface OptionDescription {
  readonly value: string | undefined;
  readonly repeats: boolean;
  readonly help: string;
}
/** Name without dashes -> option. */
export type OptionTable = Readonly<Record<string, OptionDescription>>;

/** What was given. */
export interface Arguments {
  readonly operands: readonly string[];
  /** Option -> its values in order; switches have the value "". */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** A switch. */
export const flag = (help: string): OptionDescription => ({ value: undefined, repeats: false, help });
/** An option with a value. */
export const option = (value: string, help: string): OptionDescription => ({ value, repeats: false, help });
/** An option that may be given several times. */
export const repeated = (value: string, help: string): OptionDescription => ({ value, repeats: true, help });

/** Short forms. */
const SHORT: Readonly<Record<string, string>> = { help: "h", version: "v" };

/** A mistake in the arguments (exit code 2). */
export function mistake(sentence: string): Fault {
  return new Fault("usage/bad-argument", sentence);
}

/** Words of `argv` that are neither options nor their values, with their places; what is unknown counts as a switch. */
export function operandPlaces(
  argv: readonly string[],
  table: OptionTable,
): readonly { readonly word: string; readonly index: number }[] {
  return tokensOf(argv, table).flatMap((token) =>
    token.kind === "positional" ? [{ word: token.value, index: token.index }] : [],
  );
}

/**
 * Reads `argv` by a command's options and operands; an operand in brackets may be left out. `subject` ends the
 * sentences ("hermes send").
 */
export function readArguments(
  argv: readonly string[],
  expected: { readonly subject: string; readonly options: OptionTable; readonly operands: readonly string[] },
): Arguments {
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokensOf(argv, expected.options)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const { value, name } = checkOption(token, expected);
    const earlier = options.get(name) ?? [];
    options.set(name, expected.options[name]?.repeats === true ? [...earlier, value] : [value]);
  }
  if (!options.has("help")) checkOperands(operands, expected);
  return { operands, options };
}

function tokensOf(argv: readonly string[], table: OptionTable) {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { value }] of Object.entries(table)) {
    const short = SHORT[name];
    const type = value === undefined ? "boolean" : "string";
    options[name] = short === undefined ? { type, multiple: true } : { type, short, multiple: true };
  }
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function checkOption(
  token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
  { options, subject }: { readonly options: OptionTable; readonly subject: string },
): { readonly name: string; readonly value: string } {
  const known = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (known === undefined) {
    const near = nearest(token.name, Object.keys(options));
    const hint = near === undefined ? "put -- before a text that begins with a dash." : `did you mean --${near}?`;
    throw mistake(`${subject} has no option ${token.rawName}; ${hint} See ${subject} --help.`);
  }
  if (known.value !== undefined && token.value === undefined) {
    throw mistake(`${token.rawName} needs a value: ${token.rawName} ${known.value}.`);
  }
  if (known.value === undefined && token.value !== undefined) throw mistake(`${token.rawName} takes no value.`);
  return { name: token.name, value: token.value ?? "" };
}

function checkOperands(
  given: readonly string[],
  { operands, subject }: { readonly operands: readonly string[]; readonly subject: string },
): void {
  const missing = operands.slice(given.length).find((each) => !each.startsWith("["));
  if (missing !== undefined) {
    throw mistake(`${missing} is missing; type: ${[subject, ...operands].join(" ")}`);
  }
  const extra = given[operands.length];
  if (extra === undefined) return;
  const quote = operands.length > 0 ? "; put quotes around a text of several words" : "";
  throw mistake(`${JSON.stringify(extra)} is one argument too many for ${subject}${quote}.`);
}

/** The last value of an option, or `undefined`. */
export function textOf({ options }: Arguments, name: string): string | undefined {
  return options.get(name)?.at(-1);
}

/** A whole number in a range, or `undefined` when the option was not given. */
export function wholeNumberOf(
  given: Arguments,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw mistake(`--${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`);
}

/** Most seconds that a command waits: a day. */
const WAIT_MAX_S = 86_400;

/** `--name` in seconds (decimals allowed) as milliseconds, or `undefined`. */
export function secondsAsMsOf(given: Arguments, name: string): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= WAIT_MAX_S) return Math.round(value * 1000);
  throw mistake(`--${name} must be a number of seconds from 0 to ${WAIT_MAX_S}, not ${JSON.stringify(text)}.`);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** `--name` as a time from now (30m, 12h, 7d, 2w, or an ISO 8601 time) in milliseconds, or `undefined`. */
export function durationMsOf(given: Arguments, name: string, nowMs: number): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  const [, count, unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) - nowMs : Number(count) * (UNIT_MS[unit] ?? 0);
  if (ms > 0) return Math.round(ms);
  throw mistake(
    `--${name} must be a time from now such as 12h, 7d or 2w, or a time to come such as 2030-01-31T18:00Z.`,
  );
}

/** One of a few words, or `undefined`. */
export function choiceOf<C extends string>(given: Arguments, name: string, choices: readonly C[]): C | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  const found = choices.find((each) => each === text);
  if (found !== undefined) return found;
  throw mistake(`--${name} must be ${choices.join(" or ")}, not ${JSON.stringify(text)}.`);
}

/** Those entries that have a value: an option that was not given is left to the client. */
export function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
