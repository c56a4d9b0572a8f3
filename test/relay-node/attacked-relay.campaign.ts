import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { askRelay } from "../../relay-node/ask-relay.ts";
import type { RelayReport } from "../../relay-node/relay-report.ts";
import type { Network } from "../../src/client/ports/network.ts";
import type { NetworkRecorder } from "../net/network-recorder.ts";
import { Cleanup, PATIENT, startClient } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

const MIB = 1_048_576;
const PEOPLE = 20;
/** Rounds in which everybody says something: some 20 s of talk. */
const ROUNDS = 20;
/** A small budget, so that it is reached. */
const HELD_MAX_BYTES = 128 * MIB;
/** What the process may grow by: the budget, as much again until it is collected, and what connections cost beside it. */
const GROWTH_MAX_BYTES = 2 * HELD_MAX_BYTES + 192 * MIB;
const ATTACKING = fileURLToPath(new URL("attacking-process.ts", import.meta.url));
const group = topicKey(1);
const cleanup = new Cleanup();

interface Person {
  readonly network: Network;
  readonly recorder: NetworkRecorder;
}

const percentile99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;

/** Everybody says something in turn; answers how long each took to reach all (ms). */
async function talk(people: readonly Person[], name: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [n, { network }] of people.entries()) {
      const text = `${name} ${round} ${n}`;
      const startedMs = performance.now();
      const [outcome] = await network.append([group.envelope(text)]);
      assert.equal(outcome?.kind, "stored", text);
      await Promise.all(people.map(({ recorder }) => recorder.until(() => recorder.received.at(-1)?.text === text)));
      times.push(performance.now() - startedMs);
    }
  }
  return times;
}

describe("a relay under attack", function () {
  this.timeout(600_000);
  let directory = "";
  let relay: RelayProcess;

  beforeEach(async function () {
    if (process.platform !== "linux") this.skip();
    directory = await temporaryDirectory();
    relay = spawnRelay([...onLoopback(directory), "--held-max-bytes", String(HELD_MAX_BYTES)]);
  });

  afterEach(async () => {
    await cleanup.run();
    relay.child.kill("SIGTERM");
    const { code, stderr } = await relay.ended;
    await rm(directory, { recursive: true });
    assert.equal(code, 0, stderr);
  });

  async function status(): Promise<RelayReport> {
    return JSON.parse(await askRelay(directory, "json"));
  }

  async function residentBytes(): Promise<number> {
    const text = await readFile(`/proc/${relay.child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) * 1_024;
  }

  it("carries every word of those who talk, stays within its memory, and is afterwards as it was", async () => {
    const [address = ""] = (await relay.ready).addrs;
    const people: Person[] = [];
    for (let n = 0; n < PEOPLE; n++) {
      const person = await startClient([address], { timing: PATIENT });
      cleanup.add(person.network);
      person.network.subscribe(group.subscription());
      await person.recorder.untilCaughtUp(group.topic);
      people.push(person);
    }
    const calm = percentile99(await talk(people, "calm"));
    const idle = await status();
    const attackers = spawn(process.execPath, ["--import", "tsx", ATTACKING, address], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let most = 0;
    const watch = setInterval(async () => (most = Math.max(most, await residentBytes())), 50);
    try {
      await once(attackers.stdout, "data");
      let attacked = await talk(people, "attacked");
      while ((await status()).held.cut === 0) attacked = [...attacked, ...(await talk(people, "still"))];
      const { held, connections, process } = await status();
      console.log(
        `      p99 ${calm.toFixed(0)} -> ${percentile99(attacked).toFixed(0)} ms, ${connections} connections, ${held.cut} cut, ` +
          `${(idle.process.memoryBytes / MIB).toFixed(0)} -> ${(most / MIB).toFixed(0)} MiB, event loop p99 ${process.eventLoopP99Ms} ms`,
      );
    } finally {
      clearInterval(watch);
      attackers.kill("SIGKILL");
      await once(attackers, "close");
    }
    let after = await status();
    while (after.connections > idle.connections) after = await status();
    const calmAgain = percentile99(await talk(people, "again"));
    after = await status();
    console.log(`      afterwards p99 ${calmAgain.toFixed(0)} ms, ${(after.process.memoryBytes / MIB).toFixed(0)} MiB`);
    assert.deepEqual([after.sessions, after.topicsRead], [idle.sessions, idle.topicsRead]);
    assert(after.held.bytes <= idle.held.bytes + MIB, `${after.held.bytes} bytes held`);
    assert(most - idle.process.memoryBytes < GROWTH_MAX_BYTES, `${most} bytes`);
    for (const { recorder } of people) {
      const texts = recorder.texts(group.topic);
      assert.equal(new Set(texts).size, texts.length, "nothing comes twice");
      assert.equal(texts.length, people[0]?.recorder.texts(group.topic).length);
    }
  });
});
