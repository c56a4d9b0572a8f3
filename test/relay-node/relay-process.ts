/** Real relays, as they are built, as child processes on loopback ports that the system chooses. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/program/relay.js", import.meta.url));

/** How a relay process ended. */
export interface Ended {
  /** Exit code, null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A relay process. */
export interface RelayProcess {
  readonly child: ChildProcess;
  /** The first line of standard output, as JSON; rejects with standard error when the process ends without one. */
  readonly ready: Promise<{ readonly event: string; readonly peerId: string; readonly addrs: readonly string[] }>;
  readonly ended: Promise<Ended>;
}

/** Starts the built relay with these arguments and no HERMES_ variables but those in `env`. */
export function spawnRelay(args: readonly string[], env: Readonly<Record<string, string>> = {}): RelayProcess {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("HERMES_"));
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...Object.fromEntries(clean), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code, ...output }));
  const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => JSON.parse(text));
  const early = ended.then((end) => Promise.reject(new Error(`the relay ended with ${end.code}: ${end.stderr}`)));
  const ready = Promise.race([line, early]);
  ready.catch(() => undefined); // those who expect a failure do not wait for it
  return { child, ready, ended };
}

/** Arguments for a relay on loopback. */
export function onLoopback(directory: string, port = 0): readonly string[] {
  return ["--data", directory, "--listen", `/ip4/127.0.0.1/tcp/${port}`];
}
