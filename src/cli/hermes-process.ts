/**
 * Another process of this program, whose output is JSON lines.
 *
 * 1. It ends with us, however we end: it watches the channel between us.
 * 2. A signal from the terminal reaches only us; we end it in order.
 * 3. Only what we started is ever signalled, by its handle.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Fault } from "../wire/fault.ts";

/** How long an ordered end may take (ms): a relay grants itself 4.5 s. */
const END_MS = 6_000;
/** Characters of its last words on standard error that are kept. */
const LAST_WORDS = 2_000;

/** One line of output. */
export type OutputLine = Readonly<Record<string, unknown>>;

/** A running child. */
export interface HermesProcess {
  /** The first line, of those that came and those to come, for which `find` answers something. */
  readonly waitFor: <T>(find: (line: OutputLine) => T | undefined, waiting: Waiting) => Promise<T>;
  readonly write: (line: string) => void;
  /** Exit code; 128 and more for a signal. Resolves when it has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end, insists after some seconds; answers its exit code. */
  readonly end: () => Promise<number>;
  /** As a power cut would. */
  readonly kill: () => Promise<number>;
}

/** How long, and for what: `what` completes the sentence "… did not happen". */
export interface Waiting {
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How to start one. */
export interface ProcessOptions {
  /** Arguments for `process.execPath` up to our own. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Starts `hermes ...args`. */
export function startHermes(args: readonly string[], { program, env }: ProcessOptions): HermesProcess {
  const child = spawn(process.execPath, [...program, ...args], {
    env,
    detached: true, // its own process group: Ctrl-C at the terminal is for us
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    windowsHide: true,
  });
  const lines = lineBook(child);
  const words = lastWords(child);
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (code) => resolve(code ?? 128));
  });
  child.stdin?.on("error", () => undefined); // it ended first; `ended` tells
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    return await ended.finally(() => clearTimeout(timer));
  };
  return {
    waitFor: (find, waiting) => Promise.race([lines.waitFor(find, waiting), rejectAtEnd(ended, words, waiting)]),
    write: (line) => child.stdin?.write(`${line}\n`),
    ended,
    end: () => stop("SIGTERM"),
    kill: () => stop("SIGKILL"),
  };
}

async function rejectAtEnd(ended: Promise<number>, words: () => string, { what }: Waiting): Promise<never> {
  const code = await ended;
  throw new Fault("network/closed", `${what} did not happen: the process ended with code ${code}. ${words()}`.trim());
}

function lastWords(child: ChildProcess): () => string {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-LAST_WORDS);
  });
  return () => words.trim();
}

/** Lines as they come; whoever waits is asked about each. */
function lineBook(child: ChildProcess): Pick<HermesProcess, "waitFor"> {
  const seen: OutputLine[] = [];
  const watchers = new Set<(line: OutputLine) => void>();
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = parseLine(text);
      if (line === undefined) return;
      seen.push(line);
      for (const watch of [...watchers]) watch(line);
    });
  }
  return {
    waitFor: <T>(find: (line: OutputLine) => T | undefined, { what, timeoutMs, signal }: Waiting) =>
      new Promise<T>((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          watchers.delete(watch);
          signal.removeEventListener("abort", cancel);
          settle();
        };
        const watch = (line: OutputLine) => {
          const found = find(line);
          if (found !== undefined) finish(() => resolve(found));
        };
        const cancel = () => finish(() => reject(new Fault("usage/cancelled", "the command was cancelled.")));
        const late = () =>
          finish(() => reject(new Fault("network/timeout", `${what} did not happen within ${timeoutMs / 1000} s.`)));
        const timer = setTimeout(late, timeoutMs);
        signal.addEventListener("abort", cancel, { once: true });
        watchers.add(watch);
        if (signal.aborted) cancel();
        for (const line of seen) watch(line);
      }),
  };
}

function parseLine(text: string): OutputLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as OutputLine) : undefined;
  } catch {
    return undefined;
  }
}
