import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Cleanup, startClient } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

const group = topicKey(1);
const cleanup = new Cleanup();

async function client(address: string, accessToken = "") {
  const started = await startClient([address], { accessToken });
  cleanup.add(started.network);
  return started;
}

describe("a relay process and its clients", function () {
  this.timeout(30_000);
  let directory = "";
  const running: RelayProcess[] = [];

  async function relay(port: number, ...flags: readonly string[]) {
    const one = spawnRelay([...onLoopback(directory, port), ...flags]);
    running.push(one);
    const [address = ""] = (await one.ready).addrs;
    return { ...one, address, port: Number(/tcp\/(\d+)/.exec(address)?.[1]) };
  }

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    await cleanup.run();
    for (const { child, ended } of running.splice(0)) {
      child.kill("SIGKILL");
      await ended;
    }
    await rm(directory, { recursive: true });
  });

  it("are given everything acknowledged, in its order, by a relay that was killed and started again", async () => {
    const first = await relay(0);
    const alice = await client(first.address);
    alice.network.subscribe(group.subscription());
    await alice.recorder.untilCaughtUp(group.topic);
    const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    const appended = texts.map((text) => alice.network.append([group.envelope(text)]));
    const outcomes = (await Promise.all(appended)).flat();
    first.child.kill("SIGKILL");
    await first.ended;
    assert(outcomes.every(({ kind }) => kind === "stored"));

    const again = await relay(first.port);
    const bob = await client(again.address);
    bob.network.subscribe(group.subscription());
    await bob.recorder.untilReceived(100);
    assert.deepEqual(bob.recorder.texts(group.topic), texts);
    await alice.recorder.untilState("connected");
    const [more] = await alice.network.append([group.envelope("after")]);
    await bob.recorder.untilReceived(101);
    assert(more?.kind === "stored" && more.sequence === 101);
  });

  it("are served up to the end: what is acknowledged while it stops is there afterwards", async () => {
    const first = await relay(0);
    const alice = await client(first.address);
    alice.network.subscribe(group.subscription());
    await alice.recorder.untilCaughtUp(group.topic);
    const appends = Array.from({ length: 60 }, (_, i) => alice.network.append([group.envelope(`${i}`)]));
    await appends[0];
    first.child.kill("SIGTERM");
    assert.equal((await first.ended).code, 0);
    const again = await relay(first.port);
    const bob = await client(again.address);
    bob.network.subscribe(group.subscription());
    await bob.recorder.untilCaughtUp(group.topic);
    const acknowledged = (await Promise.all(appends)).flatMap(([outcome], i) =>
      outcome?.kind === "stored" ? [`${i}`] : [],
    );
    const stored = new Set(bob.recorder.texts(group.topic));
    assert.deepEqual(
      acknowledged.filter((text) => !stored.has(text)),
      [],
    );
  });

  it("are turned away without the access token, which stays out of the log", async () => {
    const { address, child, ended } = await relay(0, "--access", "let-me-in", "--log-level", "debug");
    const [guest, member] = [await client(address, "let-me-inn"), await client(address, "let-me-in")];
    for (const { network } of [guest, member]) network.subscribe(group.subscription());
    await member.recorder.untilCaughtUp(group.topic);
    await guest.recorder.untilState("refused");
    child.kill("SIGTERM");
    const { stderr, code } = await ended;
    assert.equal(code, 0);
    assert(!stderr.includes("let-me-in"));
  });

  it("leave no PeerId, topic or text in its log, whatever its level", async () => {
    const { address, child, ended } = await relay(0, "--log-level", "debug");
    const { peerId } = (await running[0]?.ready) ?? { peerId: "" };
    const alice = await client(address);
    alice.network.subscribe(group.subscription());
    await alice.recorder.untilCaughtUp(group.topic);
    await alice.network.append([group.envelope("control string")]);
    await alice.network.stop();
    child.kill("SIGTERM");
    const { stderr } = await ended;
    assert.deepEqual(
      [...stderr.matchAll(/12D3Koo\w+/g)].filter(([id]) => id !== peerId),
      [],
    );
    assert(!stderr.includes(Buffer.from(group.topic).toString("hex")));
    assert(!stderr.includes("control string"));
    // here the body is not encrypted, so that this finds what a scan of the database would find
    assert((await readFile(join(directory, "relay.db"))).includes("control string"));
  });
});
