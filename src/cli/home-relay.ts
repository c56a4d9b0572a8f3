/** The relay that `npm start` runs as a process of its own, with its data in the home directory. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Fault } from "../wire/fault.ts";
import { type HermesProcess, type OutputLine, type ProcessOptions, startHermes } from "./hermes-process.ts";

/** The port on which a relay listens unless it is taken. */
const FIRST_PORT = 33_001;
/** Ports tried after that. */
const PORTS_TRIED = 100;
/** Most time that a relay's start takes (ms), on a slow machine with a large database. */
const READY_MS = 30_000;
/** Addresses that fit a profile, less one for the way through loopback. */
const SHARED_MAX = 7;

const LOOPBACK = /^\/(ip4\/127\.|ip6\/::1\/)/;

/** A relay that is ready. */
export interface HomeRelay {
  readonly process: HermesProcess;
  /** All addresses, those of other machines' use first. */
  readonly addresses: readonly string[];
  /** Those that others can use: none of them is loopback. Empty on a machine without a network. */
  readonly shared: readonly string[];
}

/** Starts a relay that keeps its data in `home`/relay, on the port of the last time if that is free. */
export async function startHomeRelay(home: string, options: ProcessOptions, signal: AbortSignal): Promise<HomeRelay> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const port = await rememberedPort(home);
  const args = ["relay", "--json", "--data", join(home, "relay"), "--listen", `/ip4/0.0.0.0/tcp/${port}`];
  const child = startHermes([...args, "--log-level", "warn"], options);
  try {
    const waiting = { what: "The start of the relay", timeoutMs: READY_MS, signal };
    const addresses = await child.waitFor(readyAddresses, waiting);
    const shared = addresses.filter((address) => !LOOPBACK.test(address)).slice(0, SHARED_MAX);
    return { process: child, addresses, shared };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** The addresses in a relay's ready line. */
export function readyAddresses(line: OutputLine): readonly string[] | undefined {
  return line["event"] === "ready" && Array.isArray(line["addrs"]) ? line["addrs"].map(String) : undefined;
}

/** The port of the last start, else the first free one from 33001 on; remembered, since links name it. */
async function rememberedPort(home: string): Promise<number> {
  const note = join(home, "relay-port");
  const last = Number(await readFile(note, "utf8").catch(() => ""));
  const first = Number.isInteger(last) && last > 0 && last < 65_536 ? last : FIRST_PORT;
  for (let port = first; port < Math.min(first + PORTS_TRIED, 65_536); port++) {
    if (!(await isFree(port))) continue;
    await writeFile(note, `${port}\n`, { mode: 0o600 });
    return port;
  }
  throw new Fault(
    "network/refused",
    `no port from ${first} to ${first + PORTS_TRIED - 1} is free, so the relay cannot start; end a program that uses one.`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0" }, () => server.close(() => resolve(true)));
  });
}
