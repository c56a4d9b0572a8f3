/** What a command is, and what it works with. */
import type { Arguments, OptionTable } from "./arguments.ts";
import type { FileTools } from "./compose-files.ts";
import type { Output, Streams } from "./output.ts";
import type { ProfileChoice, Profiles, Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** The process around a command. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly streams: Streams;
  /** `undefined` when standard input is not a terminal. */
  readonly terminal: Terminal | undefined;
  readonly profiles: Profiles;
  readonly files: FileTools;
  /** `hermes relay`: its arguments in, its exit code out. */
  readonly relay: (argv: readonly string[]) => Promise<number>;
  /** How to start this program again: arguments for `process.execPath`. */
  readonly program: readonly string[];
  /** Root of the installation. */
  readonly root: string;
  /** Aborts at the first signal, or when nobody reads our output any more. */
  readonly signal: AbortSignal;
}

/** One run of a command. */
export interface CommandContext {
  readonly given: Arguments;
  readonly output: Output;
  readonly choice: ProfileChoice;
  /** Relays of a new profile, from the settings. */
  readonly newProfileRelays: readonly string[];
  readonly surroundings: Surroundings;
  /** All commands, and the options that each of them has. */
  readonly table: { readonly commands: readonly Command[]; readonly common: OptionTable };
}

/** One row of the command table. */
export interface Command {
  /** As typed: "group create". */
  readonly name: string;
  readonly summary: string;
  /** What else its help says; nothing when left out. */
  readonly details?: string;
  /** Placeholders, those in brackets may be left out; "everything" passes all arguments on unread. */
  readonly operands: readonly string[] | "everything";
  readonly options: OptionTable;
  readonly examples: readonly string[];
  /** `nothing`: it helps also where the settings are broken. */
  readonly reads: "settings" | "nothing";
  /** `when-told`: a signal is the regular end (exit code 0). */
  readonly ends: "by-itself" | "when-told";
  /** Answers the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}

/** Opens the profile, does the work, closes it in any case. */
export async function withSession<T>(
  { choice, surroundings }: CommandContext,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await surroundings.profiles.open(choice, surroundings.signal);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** An operand that the table makes sure of; "" for one that may be left out and was. */
export function operand({ given }: CommandContext, index: number): string {
  return given.operands[index] ?? "";
}
