/**
 * Idle clients of one relay: memory of the relay's process per client, processor time per connect, and the time until
 * all are back after the relay was stopped and started again. Clients are real networks, each reading one topic.
 *
 * The first clients make code compile and the heap take its working size, once and for all (about 20 MB): they are
 * connected before anything is measured, at the relay and at its peer.
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  type Child,
  processorUs,
  residentBytes,
  startRelay,
  startScript,
  temporaryDirectory,
} from "./child-process.ts";
import { natsServer, startNats } from "./nats-star.ts";
import { atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { median } from "./turns.ts";

/** Clients, and seconds until all are back after a restart. */
const CROWDS = [
  [100, 5],
  [1_000, 20],
  [2_000, 48],
] as const;
/** Clients that are there before. */
const WARM_UP = 50;
/** From here on only with --large. */
const LARGE = 1_000;
/** The same for one client, median of so many restarts, the relay being away for so long (ms): longer than any pause of a dialling client. */
const ONE_BACK_S = 1;
const RESTARTS = 5;
const AWAY_MS = 5_000;
/** Clients of one process: a second process uses the second core. */
const CROWD = 500;
/** Time for the relay to become quiet (ms). */
const QUIET_MS = 2_000;
/** Most memory of the relay for one idle client (kB). */
const CLIENT_KB = 130;
/** Longest wait for the crowd to come back (ms). */
const PATIENCE_MS = 120_000;

interface Cost {
  readonly kbEach: number;
  readonly msEach: number;
}

/** What `count` clients that `connect` brings cost the process. */
async function costOf(pid: number, count: number, connect: () => Promise<void>): Promise<Cost> {
  await pause(QUIET_MS);
  const [bytes, us] = [await residentBytes(pid), await processorUs(pid)];
  await connect();
  const usAfter = await processorUs(pid);
  await pause(QUIET_MS);
  return { kbEach: ((await residentBytes(pid)) - bytes) / count / 1_000, msEach: (usAfter - us) / count / 1_000 };
}

/** Starts the crowd's processes one after another: each says when it is complete. */
async function crowd(script: string, where: string, count: number): Promise<readonly Child[]> {
  const children: Child[] = [];
  for (let left = count; left > 0; left -= CROWD)
    children.push(await startScript(script, [where, String(Math.min(CROWD, left))], /^up /));
  return children;
}

async function natsCost(count: number): Promise<Cost> {
  const server = await startNats();
  let children: readonly Child[] = [];
  try {
    children = await crowd("./nats-crowd.js", String(server.port), WARM_UP);
    return await costOf(server.pid, count, async () => {
      children = [...children, ...(await crowd("./nats-crowd.js", String(server.port), count))];
    });
  } finally {
    await Promise.all(children.map(({ stop }) => stop()));
    await server.stop();
  }
}

async function hermesCost(count: number): Promise<Cost & { readonly backS: number }> {
  const directory = await temporaryDirectory();
  const relay = await startRelay(directory.path);
  let children: readonly Child[] = [];
  try {
    children = await crowd("./client-crowd.js", relay.address, WARM_UP);
    const cost = await costOf(relay.pid, count, async () => {
      children = [...children, ...(await crowd("./client-crowd.js", relay.address, count))];
    });
    await relay.stop();
    const again = await startRelay(directory.path, Number(relay.address.split("/")[4]));
    const startedMs = Date.now();
    const back = await Promise.all(children.map((child) => child.nextLine(/^back /, PATIENCE_MS)));
    await again.stop();
    const lastMs = Math.max(...back.map((line) => Number(line.slice(5))));
    return { ...cost, backS: (lastMs - startedMs) / 1_000 };
  } finally {
    await Promise.all(children.map(({ stop }) => stop("SIGKILL")));
    await relay.stop();
    await directory.remove();
  }
}

/** Seconds until a single client is back, from the relay's ready line: the median of some restarts. */
async function oneBackS(): Promise<number> {
  const directory = await temporaryDirectory();
  let relay = await startRelay(directory.path);
  const port = Number(relay.address.split("/")[4]);
  const [client] = await crowd("./client-crowd.js", relay.address, 1);
  const seconds: number[] = [];
  try {
    for (let restart = 0; restart < RESTARTS && client !== undefined; restart++) {
      await relay.stop();
      await pause(AWAY_MS);
      relay = await startRelay(directory.path, port);
      const readyMs = Date.now();
      seconds.push((Number((await client.nextLine(/^back /, PATIENCE_MS)).slice(5)) - readyMs) / 1_000);
    }
    return median(seconds);
  } finally {
    await client?.stop("SIGKILL");
    await relay.stop();
    await directory.remove();
  }
}

async function run({ isLarge, maxSize }: Extent, tell: (row: Row) => void): Promise<void> {
  const one = { bench: "clients", name: "one client back after a restart", unit: "s", ours: "", peer: "" };
  tell({ ...one, ratio: await oneBackS(), target: atMost(ONE_BACK_S) });
  for (const [count, backS] of CROWDS) {
    if (count > maxSize || (count >= LARGE && !isLarge)) continue;
    const ours = await hermesCost(count);
    const nats = natsServer() === undefined ? undefined : await natsCost(count);
    const name = (what: string): string => `${what}, ${figure(count)} clients`;
    const [kb, ms] = [`${figure(ours.kbEach)} kB`, `${figure(ours.msEach)} ms`];
    const beside = { bench: "clients", peer: "" };
    const memory = { unit: "kB", target: atMost(CLIENT_KB), ours: kb };
    tell({ ...beside, name: name("relay memory per idle client"), ratio: ours.kbEach, ...memory });
    tell({
      ...beside,
      name: name("all back after a restart"),
      ratio: ours.backS,
      unit: "s",
      target: atMost(backS),
      ours: "",
    });
    if (nats === undefined) continue;
    const [natsKb, natsMs] = [`NATS ${figure(nats.kbEach)} kB`, `NATS ${figure(nats.msEach)} ms`];
    const cost = { bench: "clients", unit: "cost" };
    tell({ ...cost, name: name("memory per client"), ratio: ours.kbEach / nats.kbEach, ours: kb, peer: natsKb });
    tell({ ...cost, name: name("CPU per connect"), ratio: ours.msEach / nats.msEach, ours: ms, peer: natsMs });
  }
}

export const CLIENTS: Benchmark = { name: "clients", about: "idle clients of a relay, and its restart", run };
