/**
 * The real `hermes` command as a child process. Tests wait on what it writes, never on time: every wait has a deadline
 * that fails with what the process said so far.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../dist/program/hermes.js", import.meta.url));

/** How long a process may say nothing while something is waited for, unless the test says otherwise (ms): who goes on is no hang. */
export const PATIENCE_MS = 30_000;

/** How a process ended. */
export interface Ended {
  /** Exit code, `null` after a signal that nobody handled. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of standard output that are JSON. */
  readonly objects: readonly unknown[];
}

/** What to start. */
export interface Launch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Standard input: a text that ends, `open` for {@link HermesProcess.type}; nothing when left out. */
  readonly input?: string | "open" | undefined;
  /** Runs `sh -c 'PREFIX exec "$@"'` around the command, such as `ulimit -f 100;`. */
  readonly shellPrefix?: string | undefined;
}

/** One running command. */
export interface HermesProcess {
  readonly pid: number;
  /** JSON objects written so far. */
  readonly objects: readonly unknown[];
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until `find`, asked now and after each line, answers something. */
  readonly until: <T>(what: string, find: (objects: readonly unknown[]) => T | undefined, ms?: number) => Promise<T>;
  /** Writes to its standard input (`input: "open"`). */
  readonly type: (text: string) => void;
  readonly endInput: () => void;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

/** Starts a command. `launch.env` is its whole environment but for PATH. */
export function startHermes(launch: Launch): HermesProcess {
  const child = spawnChild(launch);
  const said = { stdout: "", stderr: "", objects: [] as unknown[] };
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
    wake();
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      const object = parsed(line);
      if (object !== undefined) said.objects.push(object);
      wake();
    });
  }
  let isOver = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      isOver = true;
      resolve({ code, signal, ...said });
      wake();
    });
  });
  child.stdin?.on("error", () => undefined); // whoever ended does not read on
  if (launch.input !== undefined && launch.input !== "open") child.stdin?.end(launch.input);
  return {
    pid: child.pid ?? -1,
    objects: said.objects,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    until: (what, find, ms) =>
      waitFor({
        find: () => find(said.objects),
        watchers,
        isOver: () => isOver,
        ms: ms ?? PATIENCE_MS,
        isFirm: ms !== undefined,
        describe: (why) => `${why} for ${what} from: hermes ${launch.args.join(" ")}\n${lastWords(said)}`,
      }),
    type: (text) => child.stdin?.write(text),
    endInput: () => child.stdin?.end(),
    signal: (name) => child.kill(name),
    ended,
  };
}

function spawnChild({ args, env, input, shellPrefix }: Launch): ChildProcess {
  const node = [MAIN, ...args];
  const shell = ["-c", `${shellPrefix} exec "$@"`, "sh", process.execPath, ...node];
  return spawn(shellPrefix === undefined ? process.execPath : "sh", shellPrefix === undefined ? node : shell, {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
}

function parsed(line: string): unknown {
  try {
    return line.startsWith("{") ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

/** Enough of what was said to see why; the beginning of a long output says little. */
function lastWords({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return `--- stdout (end)\n${stdout.slice(-1_500)}\n--- stderr (end)\n${stderr.slice(-1_500)}`;
}

interface Wait<T> {
  readonly find: () => T | undefined;
  readonly watchers: Set<() => void>;
  readonly isOver: () => boolean;
  readonly ms: number;
  /** Counted from the beginning, whatever is said meanwhile. */
  readonly isFirm: boolean;
  readonly describe: (why: string) => string;
}

function waitFor<T>({ find, watchers, isOver, ms, isFirm, describe }: Wait<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      watchers.delete(look);
      settle();
    };
    const look = (): void => {
      const found = find();
      if (!isFirm) timer.refresh();
      if (found !== undefined) finish(() => resolve(found));
      else if (isOver()) finish(() => reject(new Error(describe("the process ended while a test waited"))));
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error(describe(`waited ${ms} ms ${isFirm ? "in vain" : "without a word"}`)))),
      ms,
    );
    watchers.add(look);
    look();
  });
}
