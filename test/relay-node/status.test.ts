import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { runRelay } from "../../relay-node/main.ts";
import { Cleanup, startClient } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

const group = topicKey(1);
const cleanup = new Cleanup();

async function command(argv: readonly string[], stdin = "") {
  const said = { stdout: "", stderr: "" };
  const code = await runRelay(
    argv,
    {},
    {
      stdout: (text) => {
        said.stdout += text;
      },
      stderr: (text) => {
        said.stderr += text;
      },
      stdin: async () => stdin,
    },
  );
  return { code, ...said };
}

describe("what a relay tells its operator", function () {
  this.timeout(30_000);
  let directory = "";
  const running: RelayProcess[] = [];

  async function relay(...flags: readonly string[]) {
    const one = spawnRelay([...onLoopback(directory), ...flags]);
    running.push(one);
    return { ...one, line: await one.ready };
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

  it("is one JSON object, or lines for people, from the relay on the data directory", async () => {
    const { line } = await relay();
    const { network, recorder } = await startClient([line.addrs[0] ?? ""]);
    cleanup.add(network);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    await network.append(["one", "two"].map(group.envelope));
    const { code, stdout } = await command(["status", "--data", directory, "--json"]);
    assert.equal(code, 0);
    const status = JSON.parse(stdout);
    assert.deepEqual([status.peerId, status.addrs], [line.peerId, line.addrs]);
    assert.deepEqual([status.sessions, status.topicsRead, status.store.topics], [1, 1, 1]);
    assert.deepEqual([status.store.writable, status.traffic.stored], [true, 2]);
    const text = (await command(["status", "--data", directory])).stdout;
    assert.match(text, /^relay +12D3\w+\n/);
    assert.match(text, /since start +2 stored/);
    assert.match(text, /clients +1 \(1 connection, 1 topic being read\)\n/);
    assert.match(text, /in hand +\S+ \S+ of 512 MiB, 0 connections cut for it\n/);
    assert.match(text, /files +0 B of \S+ GiB in 0 files\n/);
    const topic = Buffer.from(group.topic).toString("hex");
    assert(!stdout.includes(topic) && !text.includes(topic));
  });

  it("is a clear sentence when no relay runs there, also after one was killed", async () => {
    const before = await command(["status", "--data", directory]);
    assert.deepEqual([before.code, before.stdout], [1, ""]);
    assert.match(before.stderr, /^hermes relay: no relay answers on the data directory [^\n]*\n$/);
    const killed = await relay();
    killed.child.kill("SIGKILL");
    await killed.ended;
    assert.equal((await command(["status", "--data", directory, "--json"])).code, 1);
    await relay();
    assert.equal((await command(["status", "--data", directory])).code, 0, "the socket that was left is replaced");
  });

  it("is served to Prometheus and to health checks at the address in the ready line, and nowhere by default", async () => {
    const { line } = await relay("--metrics", "127.0.0.1:0");
    const url = (line as { metrics?: string }).metrics ?? "";
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /^# TYPE hermes_relay_connections gauge$/m);
    assert.match(metrics, /^hermes_relay_store_writable 1$/m);
    for (const row of metrics.trimEnd().split("\n")) {
      assert.match(row, /^(# (HELP|TYPE) hermes_relay_\w+ .+|hermes_relay_\w+ [\d.e-]+)$/);
    }
    const health = await fetch(`${url}/health`);
    assert.deepEqual([health.status, ((await health.json()) as { writable: boolean }).writable], [200, true]);
    assert.equal((await fetch(`${url}/anything`)).status, 404);
    assert.equal((await fetch(`${url}/status`, { method: "POST" })).status, 405);
  });

  it("says which address for metrics cannot be listened on, and ends", async () => {
    const end = await spawnRelay([...onLoopback(directory), "--metrics", "203.0.113.7:1", "--log-level", "error"])
      .ended;
    assert.equal(end.code, 1);
    assert.match(end.stderr, /cannot listen on 203\.0\.113\.7:1 for metrics/);
  });
});

describe("a relay's key", function () {
  this.timeout(30_000);

  it("moves to another directory as the line that export prints, and replaces no other key", async () => {
    const [from, to, other] = await Promise.all([temporaryDirectory(), temporaryDirectory(), temporaryDirectory()]);
    const start = async (directory: string): Promise<string> => {
      const one = spawnRelay(onLoopback(directory));
      const { peerId } = await one.ready;
      one.child.kill("SIGTERM");
      await one.ended;
      return peerId;
    };
    const peerId = await start(from);
    const { code, stdout } = await command(["identity", "export", "--data", from]);
    assert.equal(code, 0);
    assert.match(stdout, /^hermes-relay-key-1 [0-9a-f]{64}\n$/);
    const moved = await command(["identity", "import", "--data", to], stdout);
    assert.deepEqual([moved.code, moved.stdout], [0, ""]);
    assert.match(moved.stderr, /^hermes relay: the relay in [^\n]+ has that key from now on\n$/);
    assert.equal(await start(to), peerId);
    assert.notEqual(await start(other), peerId);
    assert.equal((await command(["identity", "import", "--data", other], stdout)).code, 1);
    const again = await command(["identity", "import", "--data", to], stdout);
    assert.deepEqual([again.code, again.stdout], [0, ""], "the same key again is no harm");
    assert.match(again.stderr, /has that key already, so nothing was changed\n$/);
    const garbage = await command(["identity", "import", "--data", to], "hermes-relay-key-1 00");
    assert.deepEqual([garbage.code, garbage.stderr.includes("00")], [1, false]);
    assert.equal((await command(["identity", "--data", to])).code, 2);
    await Promise.all([from, to, other].map((directory) => rm(directory, { recursive: true })));
  });
});
