import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import type { Sequence } from "../../src/wire/ids.ts";
import { itemOf, topicOf } from "../contract/topic-log-contract.ts";
import { temporaryStore } from "./store-directory.ts";

/** Kills with SIGKILL; each costs about half a second. */
const ROUNDS = 5;
const CHILD = fileURLToPath(new URL("./appending-process.ts", import.meta.url));

interface Acknowledged {
  readonly name: number;
  readonly sequence: number;
}

/** Lets a process append, kills it after some acknowledgements, and answers all that it had printed. */
async function appendAndKill(directory: string, first: number, kills: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, directory, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: Acknowledged[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const [name = Number.NaN, sequence = Number.NaN] = line.split(" ").map(Number);
    acknowledged.push({ name, sequence });
    if (acknowledged.length === kills) child.kill("SIGKILL");
  });
  await Promise.all([once(child, "exit"), once(lines, "close")]);
  return acknowledged;
}

describe("the relay's store, killed at any instant", () => {
  it("has every envelope that it acknowledged, and gives no number twice", async function () {
    this.timeout(60_000);
    const { directory, store, reopen, dispose } = await temporaryStore();
    await store.log.close();
    const nameOf = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const kills = 20 + Math.floor(Math.random() * 400);
      const acknowledged = await appendAndKill(directory, round * 1_000_000, kills);
      assert(acknowledged.length >= kills);
      for (const { name, sequence } of acknowledged) {
        assert.equal(nameOf.get(sequence) ?? name, name, `number ${sequence} was given twice`);
        nameOf.set(sequence, name);
      }
      const { log } = await reopen();
      const { items } = await log.read(topicOf(1), 0 as Sequence, { limit: 1e6, maxBytes: 1e9 });
      const stored = new Map(items.map(({ sequence, envelope }) => [sequence as number, envelope]));
      for (const [sequence, name] of nameOf) {
        const { envelope } = itemOf(topicOf(1), name, { size: 2_000 });
        assert(Buffer.from(envelope).equals(stored.get(sequence) ?? new Uint8Array()), `number ${sequence} is lost`);
      }
      await log.close();
    }
    await dispose();
  });
});
