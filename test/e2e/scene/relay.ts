/** A relay process that can be killed and brought back with its data and its port. */
import { createServer } from "node:net";
import type { Ended, HermesProcess } from "./hermes-process.ts";
import type { Place, Scene } from "./scene.ts";

/** Below the range from which the system chooses: a client that dials a dead relay's port cannot meet itself there. */
const PORTS = { first: 20_000, count: 12_000 } as const;

/** The one line that a relay writes when it is ready. */
export interface ReadyLine {
  readonly event: "ready";
  readonly peerId: string;
  readonly addrs: readonly string[];
}

export interface Relay {
  /** Where the key and the database lie. */
  readonly directory: string;
  readonly port: number;
  readonly peerId: string;
  /** With its PeerId, as clients take it. */
  readonly address: string;
  /** The process of now. */
  readonly process: () => HermesProcess;
  /** kill -9; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** The regular end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>;
  /** The same relay again; resolves with its ready line. */
  readonly restart: () => Promise<ReadyLine>;
}

/** Starts a relay on loopback and waits until it is ready. */
export async function createRelay(
  start: Scene["start"],
  { directory, shellPrefix, args }: Required<Place> & { readonly args: readonly string[] },
): Promise<Relay> {
  const port = await freePort();
  const launch = (): HermesProcess => {
    const all = ["relay", "--data", directory, "--listen", `/ip4/127.0.0.1/tcp/${port}`, ...args];
    return start({ args: all, shellPrefix: shellPrefix() });
  };
  let current = launch();
  const { peerId, addrs } = await readyLine(current);
  const stop = async (signal: NodeJS.Signals): Promise<Ended> => {
    current.signal(signal);
    return await current.ended;
  };
  return {
    directory,
    port,
    peerId,
    address: addrs[0] ?? "",
    process: () => current,
    kill: async () => {
      await stop("SIGKILL");
    },
    stop: (signal = "SIGTERM") => stop(signal),
    restart: () => {
      current = launch();
      return readyLine(current);
    },
  };
}

/** Waits for the ready line of a relay process. */
export function readyLine(relay: HermesProcess): Promise<ReadyLine> {
  return relay.until("the ready line", (objects) => (objects as readonly ReadyLine[]).find((o) => o.event === "ready"));
}

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
