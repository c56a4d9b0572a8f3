/**
 * The program `hermes`: puts process, store, network and client together, and turns signals into an ordered end.
 *
 * 1. The first SIGINT, SIGTERM or SIGHUP lets the command close its profile; the second ends the process at once.
 * 2. A reader of our output that has gone ends the command quietly.
 * 3. A relay or a listener that another Hermes process started ends with that process.
 */
import { constants } from "node:os";
import type { Surroundings } from "./command.ts";
import { runCommandLine } from "./command-line.ts";
import { fileTools } from "./compose-files.ts";
import { profiles } from "./compose-profiles.ts";
import { installationRoot } from "./installation.ts";
import { failureOf, reportFailure, type Streams, written } from "./output.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const EXIT_BY_SIGNAL = 128;

const streams: Streams = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
};

/** Why the command is to end. */
const stop = new AbortController();
let signalled = 0;

function onSignal(name: (typeof SIGNALS)[number]): void {
  const exit = EXIT_BY_SIGNAL + constants.signals[name];
  if (signalled !== 0) leave(exit);
  signalled = exit;
  stop.abort();
}

/** Ends at once; a terminal in raw mode would stay so. */
function leave(exit: number): never {
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.exit(exit);
}

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") stop.abort();
  else {
    streams.stderr(`hermes: the output cannot be written (${error.code ?? "unknown error"})\n`);
    leave(1);
  }
}

function onUnexpected(error: unknown): void {
  reportFailure(streams, failureOf(error, Boolean(process.env["HERMES_DEBUG"])), "human");
  leave(1);
}

async function relay(argv: readonly string[]): Promise<number> {
  for (const name of SIGNALS) process.off(name, onSignal); // it has its own
  const { runRelay } = await import("../../relay-node/main.ts");
  return await runRelay(argv, process.env, streams);
}

function surroundings(): Surroundings {
  const { stdin, stdout, env } = process;
  return {
    env,
    stdin,
    stdout,
    streams,
    terminal: stdin.isTTY ? { input: stdin, write: streams.stderr } : undefined,
    profiles,
    files: fileTools,
    relay,
    program: [...process.execArgv, process.argv[1] ?? ""],
    root: installationRoot(import.meta.url),
    signal: stop.signal,
  };
}

for (const name of SIGNALS) process.on(name, onSignal);
process.stdout.on("error", onOutputError);
process.stderr.on("error", onOutputError);
process.on("uncaughtException", onUnexpected);
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));

const exit = await runCommandLine(process.argv.slice(2), surroundings());
// what is written to a pipe may still be on its way
await Promise.all([written(process.stdout), written(process.stderr)]);
process.exit(exit ?? signalled);
