/** Other programs of a benchmark: started on loopback, ended by their handle, and what they cost the machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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
  /** Ends it and waits until it is gone. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** How long a program may take until it is ready, and to end (ms). */
const PATIENCE_MS = 20_000;

/** Starts a program; ready with the first line (of both outputs) that matches. */
export async function startChild(command: string, args: readonly string[], ready: RegExp): Promise<Child> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const line = await readyLine(child, ready);
  const ended = once(child, "exit");
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  };
  return { pid: child.pid ?? 0, line, stop };
}

async function readyLine(child: ChildProcess, ready: RegExp): Promise<string> {
  const said: string[] = [];
  return await new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}: ${said.join("\n")}`));
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`ended with ${code}`));
    const timer = setTimeout(() => fail("not ready in time"), PATIENCE_MS);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        if (!ready.test(line)) return;
        clearTimeout(timer);
        resolve(line);
      });
    }
  });
}

/** Starts a compiled script of ours; `path` is relative to the compiled benchmarks. */
export function startScript(path: string, args: readonly string[], ready: RegExp): Promise<Child> {
  return startChild(process.execPath, [fileURLToPath(new URL(path, import.meta.url)), ...args], ready);
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
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
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
