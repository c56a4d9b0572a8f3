/**
 * Durable appends of 1 KiB envelopes: the relay's store, one batch after another, beside a raw file with one write and
 * one fdatasync per batch in the same directory. Wall time, since waiting for the disk is the point; taking turns.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openRelayStore } from "../relay-node/relay-store.ts";
import type { LogItem, TopicLog } from "../src/net/topic-log.ts";
import { ENVELOPE_KIND } from "../src/wire/envelope.ts";
import { EnvelopeId, Topic } from "../src/wire/ids.ts";
import { temporaryDirectory } from "./child-process.ts";
import { atLeast, atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { median } from "./turns.ts";

const BATCHES = [
  [1, 0.85],
  [16, 0.6],
  [128, 0.33],
] as const;
const ENVELOPE_BYTES = 1_024;
const TOPICS = 50;
/** One turn (ms), and how many each has. */
const TURN_MS = 250;
const TURNS = 5;
/** Records that make the large store, and how many are stored at once while filling. */
const MILLION = 1_000_000;
const FILL_BATCH = 2_000;

/** No limit is reached. */
const ROOMY = {
  maxPages: 0,
  topicMaxBytes: 1e12,
  inboxMaxBytes: 1e12,
  totalMaxBytes: 1e12,
  queueMaxBytes: 1e9,
  directoryMaxBytes: 1e9,
  retentionMs: 30 * 86_400_000,
  directoryRetentionMs: 180 * 86_400_000,
} as const;

const topics = Array.from({ length: TOPICS }, () => Topic.from(new Uint8Array(randomBytes(32))));

function items(count: number): readonly LogItem[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: topics[i % TOPICS] as Topic,
    id: EnvelopeId.from(new Uint8Array(randomBytes(32))),
    kind: ENVELOPE_KIND.message,
    envelope: new Uint8Array(randomBytes(ENVELOPE_BYTES)),
  }));
}

/** Records a second while `append` is called for one turn; what is appended is made before the clock starts. */
async function rate(batch: number, append: (items: readonly LogItem[]) => Promise<void>): Promise<number> {
  const ready = Array.from({ length: Math.ceil(512 / batch) }, () => items(batch));
  let [elapsedMs, records] = [0, 0];
  for (let i = 0; elapsedMs < TURN_MS; i++) {
    const some = ready[i] ?? items(batch);
    const started = performance.now();
    await append(some);
    elapsedMs += performance.now() - started;
    records += batch;
  }
  return (records / elapsedMs) * 1_000;
}

const storeAppend = (log: TopicLog) => async (some: readonly LogItem[]) => {
  const bad = (await log.append(some)).find(({ kind }) => kind === "error");
  if (bad !== undefined) throw new Error(`not stored: ${JSON.stringify(bad)}`);
};

const rawAppend = (file: number) => async (some: readonly LogItem[]) => {
  writeSync(file, Buffer.concat(some.map(({ envelope }) => envelope)));
  fdatasyncSync(file);
};

async function measure(log: TopicLog, file: number, batch: number) {
  const [ours, raw]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    ours.push(await rate(batch, storeAppend(log)));
    raw.push(await rate(batch, rawAppend(file)));
  }
  return { ours: median(ours), raw: median(raw) };
}

async function fill(log: TopicLog, records: number): Promise<void> {
  for (let at = 0; at < records; at += FILL_BATCH) await storeAppend(log)(items(FILL_BATCH));
}

const perSecond = (value: number): string => `${figure(value)}/s`;

async function run({ isLarge }: Extent, tell: (row: Row) => void): Promise<void> {
  const directory = await temporaryDirectory();
  const { log } = await openRelayStore({ ...ROOMY, directory: directory.path });
  const file = openSync(join(directory.path, "raw"), "w");
  const empty = new Map<number, number>();
  try {
    for (const records of isLarge ? [0, MILLION] : [0]) {
      await fill(log, records);
      for (const [batch, target] of BATCHES) {
        const { ours, raw } = await measure(log, file, batch);
        const name = `batch ${batch}, ${records === 0 ? "empty" : figure(records)}`;
        const beside = { ours: perSecond(ours), peer: `raw append + fdatasync ${perSecond(raw)}` };
        tell({ bench: "appends", name, ratio: ours / raw, unit: "speed", target: atLeast(target), ...beside });
        const before = empty.get(batch);
        empty.set(batch, before ?? ours);
        if (before === undefined) continue;
        const grown = { ours: perSecond(ours), peer: `the same store, empty ${perSecond(before)}` };
        const target16 = atMost(1.6);
        tell({
          bench: "appends",
          name: `${name}, slowdown`,
          ratio: before / ours,
          unit: "cost",
          target: target16,
          ...grown,
        });
      }
    }
  } finally {
    closeSync(file);
    await log.close();
    await directory.remove();
  }
}

export const APPENDS: Benchmark = { name: "appends", about: "the relay's store, against a raw file", run };
