/**
 * A profile's passphrase: from `HERMES_PASSPHRASE`, from `--passphrase-file`, or typed at a terminal without echo.
 * Never from the arguments, which other users of the machine can read.
 */
import { open } from "node:fs/promises";
import { Fault } from "../wire/fault.ts";
import type { Passphrases } from "./session.ts";
import { ask, type Terminal } from "./terminal.ts";

/** Far more than anybody types; keeps a wrong file name from being read whole (bytes). */
const FILE_MAX_BYTES = 4_096;

/** Characters below which a new passphrase is called short: a copy of the profile can be tried offline, however slowly. */
const SHORT_CHARACTERS = 10;

/** What there is to get a passphrase from. */
export interface PassphraseOrigin {
  /** Hears what is said against a new passphrase; it is taken all the same. */
  readonly note?: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--passphrase-file`. */
  readonly file: string | undefined;
  /** `undefined` when standard input is not a terminal. */
  readonly terminal: Terminal | undefined;
}

/** The three ways as one. A file goes before the environment, that before the terminal. */
export function passphrasesFrom(origin: PassphraseOrigin): Passphrases {
  const supplied = async () => {
    if (origin.file !== undefined) return refuseEmpty(await firstLine(origin.file));
    const given = origin.env["HERMES_PASSPHRASE"];
    return given === undefined ? undefined : refuseEmpty(given);
  };
  let latest: string | undefined; // whoever has just chosen one is not asked for it again
  return {
    supplied,
    known: async () => {
      const known = (await supplied()) ?? latest ?? (await typed(origin.terminal, "Passphrase: "));
      latest = undefined;
      return refuseEmpty(known);
    },
    chosen: async () => {
      latest = (await supplied()) ?? (await typedTwice(origin.terminal));
      noteWeakness(origin, latest);
      return latest;
    },
    refused: () => origin.terminal?.write("That is not the passphrase of this profile.\n"),
  };
}

/** The passphrase that shall be the new one: from `--new-passphrase-file`, HERMES_NEW_PASSPHRASE, or typed twice. */
export async function newPassphraseFrom(origin: PassphraseOrigin): Promise<string> {
  const chosen = await givenAnew(origin);
  noteWeakness(origin, chosen);
  return chosen;
}

/** Whoever has a copy of the profile tries short ones, and those of one kind of character, first. */
function noteWeakness({ note }: PassphraseOrigin, passphrase: string): void {
  const isShort = [...passphrase].length < SHORT_CHARACTERS;
  const isPlain = /^\d+$/.test(passphrase) || new Set(passphrase).size < 4;
  if (!isShort && !isPlain) return;
  const what = isShort ? `shorter than ${SHORT_CHARACTERS} characters` : "easy to guess";
  note?.(
    `That passphrase is ${what}: whoever copies this profile may find it. Four or five unrelated words are better; hermes passphrase changes it.`,
  );
}

async function givenAnew({ env, file, terminal }: PassphraseOrigin): Promise<string> {
  if (file !== undefined) return refuseEmpty(await firstLine(file));
  const given = env["HERMES_NEW_PASSPHRASE"];
  if (given !== undefined) return refuseEmpty(given);
  if (terminal !== undefined) return await typedTwice(terminal);
  throw new Fault(
    "usage/wrong-passphrase",
    "a new passphrase is needed and there is no terminal to ask at; set HERMES_NEW_PASSPHRASE, give --new-passphrase-file FILE, or run the command in a terminal.",
  );
}

async function typed(terminal: Terminal | undefined, question: string): Promise<string> {
  if (terminal !== undefined) return await ask(terminal, question, "hidden");
  throw new Fault(
    "usage/wrong-passphrase",
    "a passphrase is needed and there is no terminal to ask at; set HERMES_PASSPHRASE, give --passphrase-file FILE, or run the command in a terminal.",
  );
}

/** Asks until both are the same and not empty. */
async function typedTwice(terminal: Terminal | undefined): Promise<string> {
  for (;;) {
    const first = await typed(terminal, "New passphrase: ");
    if (first === "") {
      terminal?.write("A passphrase cannot be empty.\n");
      continue;
    }
    if ((await typed(terminal, "The same once more: ")) === first) return first;
    terminal?.write("These were not the same.\n");
  }
}

function refuseEmpty(passphrase: string): string {
  if (passphrase !== "") return passphrase;
  throw new Fault("usage/wrong-passphrase", "the passphrase is empty, which protects nothing; give one with letters.");
}

/** The file up to its first line's end. Bytes that are not UTF-8 are refused: two files must not mean one passphrase. */
export async function firstLine(path: string): Promise<string> {
  const bytes = await readStart(path);
  if (bytes.length > FILE_MAX_BYTES) throw unreadable(path, `longer than ${FILE_MAX_BYTES} bytes`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.split(/\r?\n/, 1)[0] ?? "";
  } catch {
    throw unreadable(path, "not text in UTF-8");
  }
}

async function readStart(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const buffer = new Uint8Array(FILE_MAX_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error instanceof Error && "code" in error ? String(error.code) : "unreadable");
  }
}

function unreadable(path: string, why: string): Fault {
  return new Fault("config/unreadable", `the passphrase file ${path} cannot be used (${why}); name another file.`);
}
