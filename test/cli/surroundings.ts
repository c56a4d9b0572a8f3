/** A command line without a process: what it writes is kept, its profile is a record of calls. */
import { Readable } from "node:stream";
import type { Surroundings } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { ProfileChoice, Restoring, Session } from "../../src/cli/session.ts";
import type { ClientMethod, ClientMethods } from "../../src/client/api.ts";
import type { RecoveryReading } from "../../src/client/recovery.ts";
import { Fault } from "../../src/wire/fault.ts";

/** What a command did. */
export interface Run {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Calls of the client, in order. */
  readonly calls: readonly { readonly method: ClientMethod; readonly params: unknown }[];
  readonly choices: readonly ProfileChoice[];
  /** Passphrases that were asked for, in order. */
  readonly passphrases: readonly string[];
  /** What profiles were restored from. */
  readonly restored: readonly Restoring[];
  /** Directories of profiles that were wiped. */
  readonly erased: readonly string[];
  readonly closed: number;
}

/** Method -> what the client answers; a fault is thrown. */
export type Answers = { readonly [M in ClientMethod]?: ClientMethods[M][1] | Error };

/** Runs `hermes ...argv`. */
export async function run(
  argv: readonly string[],
  {
    answers = {},
    stdin = "",
    env = {},
    reading = () => ({ kind: "wrong-checksum" }),
    terminal,
    exists = true,
  }: {
    answers?: Answers;
    stdin?: string | Buffer;
    env?: Record<string, string>;
    reading?: (text: string) => RecoveryReading;
    terminal?: Surroundings["terminal"];
    /** Whether there is a profile. */
    exists?: boolean;
  } = {},
): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const calls: { method: ClientMethod; params: unknown }[] = [];
  const choices: ProfileChoice[] = [];
  const passphrases: string[] = [];
  const restored: Restoring[] = [];
  const erased: string[] = [];
  let closed = 0;
  const call: Session["call"] = async (method, params) => {
    calls.push({ method, params });
    const answer = answers[method];
    if (answer === undefined) throw new Error(`nobody expected ${method}`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const surroundings: Surroundings = {
    env,
    stdin: Readable.from([stdin]) as unknown as NodeJS.ReadStream,
    stdout: process.stdout,
    streams: { stdout: (text) => out.push(text), stderr: (text) => err.push(text) },
    terminal,
    files: {
      offer: async () => ({ path: "/run/offered", close: async () => undefined }),
      unpack: async (archive) => archive.replace(/\.tar$/, ""),
    },
    profiles: {
      create: async (choice, name) => {
        choices.push(choice);
        return { account: "aa", fingerprint: "1 2", device: "bb", name, recovery: "able baker" };
      },
      open: async (choice) => {
        choices.push(choice);
        return { call, owns: async () => true, close: async () => void closed++ };
      },
      exists: async () => exists,
      erase: async (directory) => void erased.push(directory),
      inUse: async () => false,
      changePassphrase: async (choice, chosen) => {
        choices.push(choice);
        passphrases.push(await choice.passphrases.known(), await chosen());
      },
      recoveryWords: async (choice) => {
        passphrases.push(await choice.passphrases.known());
        return "able baker";
      },
      restore: async (choice, given) => {
        choices.push(choice);
        restored.push(given);
        return { account: "aa", fingerprint: "1 2", device: "cc", name: given.name ?? "Ana", groups: [] };
      },
      isInvite: async () => false,
      readRecoveryWords: async (text) => reading(text),
      defaultDirectory: () => "/default",
    },
    relay: async (args) => {
      out.push(args.join(" "));
      return 7;
    },
    program: [],
    root: "/",
    signal: new AbortController().signal,
  };
  const exit = await runCommandLine(argv, surroundings);
  return { exit, stdout: out.join(""), stderr: err.join(""), calls, choices, passphrases, restored, erased, closed };
}

/** A fault as the client throws it. */
export const fault = (code: ConstructorParameters<typeof Fault>[0], message: string) => new Fault(code, message);
