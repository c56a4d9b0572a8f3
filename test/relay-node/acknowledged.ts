/** What a process said that it stored, and whether a store has it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RelayStore } from "../../relay-node/relay-store.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { itemOf, topicOf } from "../contract/topic-log-contract.ts";

/** Rounds of a campaign; a test without one does few. */
export const CAMPAIGN_ROUNDS = Number(process.env["HERMES_CAMPAIGN_ROUNDS"] ?? 0);

/** A process that appends to a store until it is ended. */
export interface Appender {
  readonly child: ChildProcess;
  /** Number to name, as acknowledged so far. */
  readonly acknowledged: ReadonlyMap<number, number>;
  /** Resolves when so many have been acknowledged, or the process has ended. */
  readonly until: (count: number) => Promise<void>;
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<unknown>;
}

/** @param first name of the first envelope, or number of the first chunk */
export function startAppending(
  directory: string,
  first: number,
  script: "appending-process.ts" | "putting-process.ts" = "appending-process.ts",
): Appender {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, directory, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged = new Map<number, number>();
  const lines = createInterface({ input: child.stdout });
  let look: () => void = () => undefined;
  lines.on("line", (line) => {
    const [name = Number.NaN, sequence = Number.NaN] = line.split(" ").map(Number);
    assert(!acknowledged.has(sequence), `number ${sequence} was given twice by one process`);
    acknowledged.set(sequence, name);
    look();
  });
  const ended = Promise.all([once(child, "exit"), once(lines, "close")]);
  return {
    child,
    acknowledged,
    ended,
    until: (count) => {
      const enough = new Promise<void>((resolve) => {
        look = () => acknowledged.size >= count && resolve();
        look();
      });
      return Promise.race([enough, ended.then(() => undefined)]);
    },
  };
}

/** Adds what was acknowledged to what is known; fails when a number now means another envelope. */
export function remember(known: Map<number, number>, acknowledged: ReadonlyMap<number, number>): void {
  for (const [sequence, name] of acknowledged) {
    assert.equal(known.get(sequence) ?? name, name, `number ${sequence} was given twice`);
    known.set(sequence, name);
  }
}

/** Fails when the store misses an acknowledged envelope or holds one twice. */
export async function assertHolds({ log }: RelayStore, known: ReadonlyMap<number, number>): Promise<void> {
  const { items } = await log.read(topicOf(1), 0 as Sequence, { limit: 1e6, maxBytes: 1e9 });
  const stored = new Map(items.map(({ sequence, envelope }) => [sequence as number, envelope]));
  for (const [sequence, name] of known) {
    const { envelope } = itemOf(topicOf(1), name, { size: 2_000 });
    assert(Buffer.from(envelope).equals(stored.get(sequence) ?? new Uint8Array()), `number ${sequence} is lost`);
  }
  const different = new Set(items.map(({ envelope }) => Buffer.from(envelope.subarray(0, 4)).toString("hex")));
  assert.equal(different.size, items.length, "an envelope is there twice");
}
