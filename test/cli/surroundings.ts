/** A command line without a process: what it writes is kept, its profile is a record of calls. */
import { once } from "node:events";
import { Readable } from "node:stream";
import type { Surroundings } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { ProfileChoice, Restoring, Session } from "../../src/cli/session.ts";
import type { ClientMethod, ClientMethods } from "../../src/client/api.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";
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

/** Method -> what the client answers, of several one after the other; a fault is thrown. */
export type Answers = { readonly [M in ClientMethod]?: ClientMethods[M][1] | Error | readonly ClientMethods[M][1][] };

/** One event after the other, each when what the one before caused is done. */
async function follow(events: readonly ClientEvent[], emit: (event: ClientEvent) => void, signal: AbortSignal) {
  for (const event of events) {
    await new Promise((resolve) => setImmediate(resolve));
    emit(event);
  }
  if (!signal.aborted) await once(signal, "abort");
  throw new Fault("usage/cancelled", "the command was cancelled.");
}

/** Runs `hermes ...argv`. */
export async function run(
  argv: readonly string[],
  {
    answers = {},
    followed,
    stdin = "",
    env = {},
    reading = () => ({ kind: "wrong-checksum" }),
    terminal,
    exists = true,
  }: {
    answers?: Answers;
    /** What `follow` tells before it is cancelled; it is answered as the others when left out. */
    followed?: readonly ClientEvent[];
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
  const answered = new Map<ClientMethod, number>();
  const call: Session["call"] = async (method, params, { emit, signal } = {}) => {
    calls.push({ method, params });
    if (method === "follow" && followed && emit && signal) return await follow(followed, emit, signal);
    const each = answers[method];
    const place = answered.get(method) ?? 0;
    answered.set(method, place + 1);
    const answer = Array.isArray(each) ? each[Math.min(place, each.length - 1)] : each;
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
