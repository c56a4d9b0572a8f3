/**
 * Files: directly from a member, onto a relay and from it, each end a process of its own, beside a bare socket; what a MiB
 * costs beside sealing and hashing it; and how long a short message takes while a file moves through the same relay.
 */
import { randomBytes } from "node:crypto";
import { CHUNK_PLAIN_BYTES } from "../src/wire/limits.ts";
import { type Child, processorUs, startRelay, startScript, temporaryDirectory } from "./child-process.ts";
import { talkThrough, waysOf } from "./relay-talk.ts";
import { atLeast, atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { WORMHOLE_PACKAGES, wormholeRates } from "./wormhole.ts";

const MIB = 1_048_576;
/** Of one file: 256 MiB. */
const CHUNKS = 1_024;
const FILE_MIB = (CHUNKS * CHUNK_PLAIN_BYTES) / MIB;
const PATIENCE_MS = 300_000;
/** Of the file that each end moves first, 64 MiB. */
const WARM_CHUNKS = 256;
/** The same where processor time is looked at, 512 MiB: V8 compiles for so long, which is a tenth of what the first 256 MiB cost. */
const LONG_WARM_CHUNKS = 2_048;

/** What one end says at its end. */
interface Moved {
  readonly ms: number;
  readonly us: number;
  /** Of sealing and hashing the same, measured right before and right after. */
  readonly sealedUs: number;
}

function movedOf(line: string, beforeUs: number): Moved {
  const [, ms, us, afterUs, outcome] = line.split(" ");
  if (!/complete|stored|""/.test(outcome ?? "")) throw new Error(`not moved: ${line}`);
  return { ms: Number(ms), us: Number(us), sealedUs: (beforeUs + Number(afterUs)) / 2 };
}

interface Mover extends Child {
  readonly end: Promise<Moved>;
  readonly where: string;
}

interface Move {
  readonly where?: string;
  readonly chunks?: number;
  readonly warm?: number;
}

async function mover(
  key: string,
  what: string,
  { where = "", chunks = CHUNKS, warm = WARM_CHUNKS }: Move = {},
): Promise<Mover> {
  const given = [key, String(chunks), what, where, String(warm)];
  const child = await startScript("./chunk-mover.js", given, /^(ready|done) /);
  const [first = "", place = "", sealedUs = "0"] = child.line.split(" ");
  const end = first === "done" ? Promise.resolve(child.line) : child.nextLine(/^done /, PATIENCE_MS);
  const moved = end.then((line) => movedOf(line, Number(sealedUs)));
  moved.catch(() => undefined); // who waits for it hears of it
  return { ...child, end: moved, where: place };
}

const rateOf = ({ ms }: Moved): number => (FILE_MIB / ms) * 1_000;
const key = (): string => randomBytes(32).toString("hex");

async function bareSocket(): Promise<Moved> {
  const giver = await mover("00", "tcp-give");
  const taker = await mover("00", "tcp-get", { where: giver.where });
  const moved = await taker.end;
  await giver.stop();
  return moved;
}

type Tell = (row: Row) => void;
const BENCH = { bench: "files" } as const;

/** Whom we are compared with, in words. */
interface Peers {
  readonly direct: string;
  readonly relayed: string;
}

async function measurePeers(): Promise<Peers> {
  const bare = `TCP ${figure(rateOf(await bareSocket()))}`;
  const rates = await wormholeRates();
  const missing = `${bare} MiB/s; magic-wormhole is not installed (${WORMHOLE_PACKAGES})`;
  const beside = (rate: number): string => `${bare}, magic-wormhole ${figure(rate)} MiB/s`;
  return rates
    ? { direct: beside(rates.direct), relayed: beside(rates.relayed) }
    : { direct: missing, relayed: missing };
}

function tellRate(tell: Tell, name: string, [moved, target, peer]: readonly [Moved, number, string]): void {
  const ours = `${figure(moved.us / 1_000 / FILE_MIB)} ms of CPU a MiB here`;
  tell({ ...BENCH, name, ratio: rateOf(moved), unit: "MiB/s", target: atLeast(target), ours, peer });
}

/** Processor time of one end beside that of sealing and hashing the same. */
function tellCost(tell: Tell, name: string, [us, sealedUs]: readonly [number, number]): void {
  const ours = `${figure(us / 1_000 / FILE_MIB)} ms a MiB`;
  const peer = `seal + hash ${figure(sealedUs / 1_000 / FILE_MIB)} ms a MiB`;
  tell({ ...BENCH, name, ratio: us / sealedUs, unit: "cost", target: atMost(2), ours, peer });
}

async function direct(tell: Tell, { direct: peer }: Peers): Promise<void> {
  const file = key();
  const giver = await mover(file, "give", { warm: LONG_WARM_CHUNKS });
  const taker = await mover(file, "meet", { where: giver.where, warm: LONG_WARM_CHUNKS });
  const taken = await taker.end;
  await giver.stop();
  const given = await giver.end;
  tellRate(tell, `${FILE_MIB} MiB from a member, directly`, [taken, 150, peer]);
  tellCost(tell, "what giving costs, directly", [given.us, given.sealedUs]);
  tellCost(tell, "what taking costs, directly", [taken.us, taken.sealedUs]);
}

/**
 * A relay has stored and given a file before it counts: it runs for months. That file is released, so that the next one is written
 * into memory that the system has: what a virtual machine must first get of its host takes a millisecond a MiB and more,
 * whoever writes.
 */
async function warmUp(where: string): Promise<void> {
  const warm = key();
  for (const what of ["put", "get", "release"])
    await (await mover(warm, what, { where, chunks: LONG_WARM_CHUNKS })).end;
}

async function throughRelay(
  tell: Tell,
  { relayed: peer }: Peers,
  relay: Child & { readonly address: string },
): Promise<string> {
  const file = key();
  const cost = async (what: "put" | "get"): Promise<{ readonly end: Moved; readonly relayUs: number }> => {
    const { end } = await mover(file, what, { where: relay.address });
    const before = await processorUs(relay.pid);
    return { end: await end, relayUs: (await processorUs(relay.pid)) - before };
  };
  await warmUp(relay.address);
  const [put, got] = [await cost("put"), await cost("get")];
  tellRate(tell, `${FILE_MIB} MiB onto a relay's disk`, [put.end, 50, peer]);
  tellRate(tell, `${FILE_MIB} MiB from a relay`, [got.end, 50, peer]);
  tellCost(tell, "what a relay's storing costs", [put.relayUs, put.end.sealedUs]);
  tellCost(tell, "what a relay's giving costs", [got.relayUs, got.end.sealedUs]);
  return file;
}

/** Messages that a p99 is of, at least: of fewer it would be the slowest one or two. */
const MESSAGES = 300;

/** Short messages while somebody puts a file there and somebody else fetches one, pair after pair. */
async function chat(tell: Tell, relay: Child & { readonly address: string }, stored: string): Promise<void> {
  const talk = await talkThrough(relay.address);
  try {
    await talk.measure(100); // warms up
    const idle = waysOf(await talk.measure(MESSAGES));
    const during: number[] = [];
    while (during.length < MESSAGES) {
      const movers = await Promise.all([
        mover(key(), "put", { where: relay.address }),
        mover(stored, "get", { where: relay.address }),
      ]);
      during.push(...(await talk.measureUntil(Promise.all(movers.map(({ end }) => end)))));
    }
    const busy = waysOf(during);
    const ours = `p50 ${figure(busy.p50)}, p99 ${figure(busy.p99)} ms of ${during.length} messages`;
    const peer = `idle: p50 ${figure(idle.p50)}, p99 ${figure(idle.p99)} ms`;
    const name = `a message's way while ${FILE_MIB} MiB go up and down, p99`;
    tell({ ...BENCH, name, ratio: busy.p99 / idle.p99, unit: "cost", target: atMost(3), ours, peer });
  } finally {
    await talk.stop();
  }
}

async function run(_: Extent, tell: Tell): Promise<void> {
  const directory = await temporaryDirectory();
  const relay = await startRelay(directory.path);
  try {
    const peers = await measurePeers();
    await direct(tell, peers);
    const stored = await throughRelay(tell, peers, relay);
    await chat(tell, relay, stored);
  } finally {
    await relay.stop();
    await directory.remove();
  }
}

export const FILES: Benchmark = {
  name: "files",
  about: "files from a member and over a relay, and chat meanwhile",
  run,
};
