/** Other programs of a benchmark: started on loopback, ended by their handle, and what they cost the machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program that has said that it is ready. */
export interface Child {
  readonly pid: number;
  /** The line that said so. */
  readonly line: string;
  /** The next line, from now on, that matches. */
  readonly nextLine: (wanted: RegExp, patienceMs: number) => Promise<string>;
  /** Ends it and waits until it is gone. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

const running = new Set<ChildProcess>();
const directories = new Set<string>();

/** Nothing of a benchmark outlives it, also when it is interrupted. */
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** How long a program may take until it is ready, and to end (ms). */
const PATIENCE_MS = 60_000;
const STOP_MS = 10_000;

/** Starts a program; ready with the first line (of both outputs) that matches. */
export async function startChild(command: string, args: readonly string[], ready: RegExp): Promise<Child> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = new EventEmitter();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => lines.emit("line", line));
  const nextLine = (wanted: RegExp, patienceMs: number): Promise<string> =>
    lineOf(child, lines, { wanted, patienceMs });
  const line = await nextLine(ready, PATIENCE_MS);
  const ended = once(child, "exit");
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  };
  return { pid: child.pid ?? 0, line, nextLine, stop };
}

/** Lines that are kept to explain why a program did not do what it should. */
const SAID_MAX = 20;

function lineOf(
  child: ChildProcess,
  lines: EventEmitter,
  { wanted, patienceMs }: { readonly wanted: RegExp; readonly patienceMs: number },
): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const settle = (why: string | undefined, line = ""): void => {
      clearTimeout(timer);
      child.off("error", onError);
      child.off("exit", onExit);
      lines.off("line", onLine);
      if (why === undefined) resolve(line);
      else reject(new Error(`${why}: ${said.join("\n")}`));
    };
    const onError = (error: Error): void => settle(error.message);
    const onExit = (code: number | null): void => settle(`ended with ${code}`);
    const onLine = (line: string): void => {
      if (said.push(line) > SAID_MAX) said.shift();
      if (wanted.test(line)) settle(undefined, line);
    };
    const timer = setTimeout(() => settle("not ready in time"), patienceMs);
    child.on("error", onError).on("exit", onExit);
    lines.on("line", onLine);
  });
}

/** Starts a compiled script of ours; `path` is relative to the compiled benchmarks. HERMES_BENCH_PROFILES: a directory for its CPU profile. */
export function startScript(path: string, args: readonly string[], ready: RegExp): Promise<Child> {
  const profiles = process.env["HERMES_BENCH_PROFILES"];
  const node = profiles === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profiles];
  return startChild(process.execPath, [...node, fileURLToPath(new URL(path, import.meta.url)), ...args], ready);
}

/** A relay process with its store in `directory`. */
export async function startRelay(directory: string, port = 0): Promise<Child & { readonly address: string }> {
  const listen = `/ip4/127.0.0.1/tcp/${port}`;
  const args = ["--data", directory, "--listen", listen, "--log-level", "error", "--connections-per-second", "100000"];
  const child = await startScript("../relay-node/main.js", args, /"event":"ready"/);
  const { addrs } = JSON.parse(child.line) as { readonly addrs: readonly string[] };
  const [address] = addrs;
  if (address === undefined) throw new Error("the relay listens nowhere");
  return { ...child, address };
}

/** A new directory in the system's temporary one, and its removal. */
export async function temporaryDirectory(): Promise<{
  readonly path: string;
  readonly remove: () => Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), "hermes-bench-"));
  directories.add(path);
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    directories.delete(path);
  };
  return { path, remove };
}

/** Processor time that all threads of a process have used (µs). Linux only. */
export async function processorUs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    threads.map(async (thread) => {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0");
      return Number(text.split(" ")[0]) / 1_000;
    }),
  );
  return times.reduce((sum, each) => sum + each, 0);
}

/** Resident memory of a process (bytes). Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1_024;
}
