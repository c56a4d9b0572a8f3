/**
 * `hermes relay`: reads the configuration, runs a relay until it is told to stop, and says how it ended.
 *
 * Standard output carries one ready line (and, with --json, one line for a failure); the log goes to standard error.
 * Exit codes: 0 stopped as asked, 1 failed, 2 an argument or a setting was wrong.
 */
import { pathToFileURL } from "node:url";
import { exitCodeOf, Fault, isFault } from "../src/wire/fault.ts";
import { askRelay } from "./ask-relay.ts";
import { type Environment, type RelayCommand, readCommand } from "./config.ts";
import { defaultDataDirectory, prepareDataDirectory } from "./data-directory.ts";
import { helpText } from "./help.ts";
import { exportIdentity, importIdentity } from "./identity.ts";
import { type Relay, startRelay } from "./relay.ts";
import { createRelayLog, type RelayLog } from "./relay-log.ts";
import type { RelayConfig } from "./settings.ts";

/** Most time that stopping may take (ms): within what service managers grant before they kill. */
const STOP_TIMEOUT_MS = 4_500;
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Where output goes. */
export interface RelayIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** All of standard input; default the process's. */
  readonly stdin?: () => Promise<string>;
}

/**
 * Runs `hermes relay` with the arguments after that word; resolves with the exit code when the relay has ended.
 * SIGTERM and SIGINT of this process end it; the second one ends the process at once.
 */
export async function runRelay(argv: readonly string[], env: Environment, io: RelayIo): Promise<number> {
  try {
    const command = await readCommand(argv, env);
    if (command.kind === "serve") return await serve(withDirectory(command.config, env), io);
    io.stdout(command.kind === "help" ? helpText() : await answer(command, env, io));
    return 0;
  } catch (error) {
    return report(error, argv.includes("--json"), io);
  }
}

type Question = Exclude<RelayCommand, { readonly kind: "help" }>;

/** What the commands beside serving print. */
async function answer({ kind, config, form }: Question, env: Environment, io: RelayIo): Promise<string> {
  const { data } = withDirectory(config, env);
  switch (kind) {
    case "status":
      return askRelay(data, form);
    case "identity export":
      return exportIdentity(data);
    case "identity import": {
      const directory = await prepareDataDirectory(data);
      const done = await importIdentity(directory, await (io.stdin ?? standardInput)());
      io.stderr(
        done === "kept"
          ? `hermes relay: ${directory} has that key already, so nothing was changed\n`
          : `hermes relay: the relay in ${directory} has that key from now on\n`,
      );
      return "";
    }
    case "serve":
      return "";
  }
}

function withDirectory(config: RelayConfig, env: Environment): RelayConfig {
  return config.data === "" ? { ...config, data: defaultDataDirectory(env, process.platform) } : config;
}

async function serve(config: RelayConfig, io: RelayIo): Promise<number> {
  const log = createRelayLog({ level: config.logLevel, name: config.name, write: io.stderr });
  const signals = listenForSignals();
  try {
    log("info", "starting", { data: config.data, listen: config.listen });
    const relay = await startRelay(config, log);
    const { peerId, addresses, metrics } = relay;
    io.stdout(`${JSON.stringify({ event: "ready", peerId, addrs: addresses, metrics })}\n`);
    log("info", "ready", { addresses });
    const end = await Promise.race([signals.first, relay.broken]);
    await stop(relay, log, typeof end === "string" ? end : end.code);
    if (typeof end !== "string") throw end;
    return 0;
  } finally {
    signals.forget();
  }
}

async function stop(relay: Relay, log: RelayLog, reason: string): Promise<void> {
  log("info", "stopping", { reason });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, STOP_TIMEOUT_MS, "late");
  });
  const outcome = await Promise.race([relay.stop(), late]);
  clearTimeout(timer);
  // what is not acknowledged yet may be lost, what is acknowledged is on disk already
  log(outcome === "late" ? "warn" : "info", outcome === "late" ? "stopped-late" : "stopped");
}

interface Signals {
  /** Name of the first signal to stop. */
  readonly first: Promise<string>;
  readonly forget: () => void;
}

function listenForSignals(): Signals {
  let seen = 0;
  let listener: (signal: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    listener = (signal) => {
      seen += 1;
      if (seen > 1) process.exit(1);
      resolve(signal);
    };
  });
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return {
    first,
    forget: () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    },
  };
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function report(error: unknown, asJson: boolean, io: RelayIo): number {
  const fault = isFault(error) ? error : new Fault("internal/invariant", unexpected(error), { cause: error });
  const { code, message } = fault;
  if (asJson) io.stdout(`${JSON.stringify({ error: { code, message } })}\n`);
  else io.stderr(`hermes relay: ${message}\n`);
  return exitCodeOf(code);
}

function unexpected(error: unknown): string {
  return `the relay met an unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const ignore = (): void => undefined; // whoever read our output may have gone: that is no reason to end
  process.stdout.on("error", ignore);
  process.stderr.on("error", ignore);
  const io: RelayIo = {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  };
  runRelay(process.argv.slice(2), process.env, io).then((code) => process.exit(code));
}
