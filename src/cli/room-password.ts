/**
 * A room's password: from `--password-file`, from `HERMES_ROOM_PASSWORD`, or typed at a terminal without echo. Never from
 * the arguments, which other users of the machine can read.
 */
import { isFault } from "../wire/fault.ts";
import { mistake, option, textOf } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { firstLine } from "./passphrase.ts";
import { ask, type Terminal } from "./terminal.ts";

/** How often a joiner is asked: as often as the group listens. */
const ATTEMPTS = 5;

export const PASSWORD_FILE = option(
  "FILE",
  "file whose first line is the room password (HERMES_ROOM_PASSWORD holds it itself)",
);

/** Given without a question, or `undefined`. */
async function supplied({ given, surroundings }: CommandContext): Promise<string | undefined> {
  const file = textOf(given, "password-file");
  return file === undefined ? surroundings.env["HERMES_ROOM_PASSWORD"] : await firstLine(file);
}

/** A password for a room: the supplied one, else typed twice. */
export async function newRoomPassword(context: CommandContext): Promise<string> {
  const { terminal } = context.surroundings;
  const password = (await supplied(context)) ?? (terminal && (await typedTwice(terminal)));
  if (password) return password;
  throw mistake(
    "a room password is needed and there is none to be had; set HERMES_ROOM_PASSWORD, give --password-file FILE, or run the command in a terminal.",
  );
}

async function typedTwice(terminal: Terminal): Promise<string> {
  for (;;) {
    const first = await ask(terminal, "Room password: ", "hidden");
    if (first !== "" && (await ask(terminal, "The same once more: ", "hidden")) === first) return first;
    terminal.write(first === "" ? "A room password cannot be empty.\n" : "These were not the same.\n");
  }
}

/** Calls with the room password that was supplied; if none was and one is asked for, or it is wrong, asks at the terminal. */
export async function withRoomPassword<T>(
  context: CommandContext,
  call: (password: string | undefined) => Promise<T>,
): Promise<T> {
  const { terminal } = context.surroundings;
  const known = await supplied(context);
  let password = known;
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await call(password);
    } catch (error) {
      const mayAsk = terminal !== undefined && known === undefined && left > 0;
      if (!mayAsk || !isFault(error, "usage/wrong-passphrase")) throw error;
      if (password !== undefined) terminal.write(`${error.message}\n`);
      password = await ask(terminal, "Room password: ", "hidden");
    }
  }
}
