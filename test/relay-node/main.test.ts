import assert from "node:assert/strict";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

async function occupiedPort(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return { server, port: address.port };
}

describe("a relay process", function () {
  this.timeout(30_000);
  let directory = "";
  const running: RelayProcess[] = [];

  function relay(...args: Parameters<typeof spawnRelay>): RelayProcess {
    const one = spawnRelay(...args);
    running.push(one);
    return one;
  }

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill("SIGKILL");
      await ended;
    }
    await rm(directory, { recursive: true });
  });

  it("prints one ready line, logs JSON to standard error, ends on SIGTERM with 0, and comes back as the same", async () => {
    const data = join(directory, "new", "data");
    const first = relay(onLoopback(data));
    const { event, peerId, addrs } = await first.ready;
    assert.equal(event, "ready");
    const port = /^\/ip4\/127\.0\.0\.1\/tcp\/(\d+)\/p2p\/(\w+)$/.exec(addrs[0] ?? "");
    assert.equal(port?.[2], peerId);
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    for (const file of await readdir(data)) assert.equal((await stat(join(data, file))).mode & 0o077, 0, file);

    const askedAt = Date.now();
    first.child.kill("SIGTERM");
    const end = await first.ended;
    assert.equal(end.code, 0);
    assert(Date.now() - askedAt < 5_000);
    assert.equal(end.stdout.trimEnd().split("\n").length, 1);
    const events = end.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    assert.deepEqual(events, ["starting", "ready", "stopping", "stopped"]);

    const second = relay(onLoopback(data, Number(port?.[1])));
    assert.deepEqual(await second.ready, { event, peerId, addrs });
    second.child.kill("SIGKILL");
    await second.ended;
    const third = relay(onLoopback(data, Number(port?.[1])));
    assert.deepEqual(await third.ready, { event, peerId, addrs });
    third.child.kill("SIGINT");
    assert.equal((await third.ended).code, 0);
  });

  it("is the only one on its data directory: a second one says so and leaves the first alone", async () => {
    const first = relay(onLoopback(directory));
    await first.ready;
    const second = await relay([...onLoopback(directory), "--log-level", "error"]).ended;
    assert.equal(second.code, 1);
    assert.equal(second.stdout, "");
    assert.match(second.stderr, /^hermes relay: another relay is running on this data directory[^\n]*\n$/);
    first.child.kill("SIGTERM");
    assert.equal((await first.ended).code, 0);
  });

  it("says in one sentence that its port is in use, and leaves the data directory free", async () => {
    const { server, port } = await occupiedPort();
    const end = await relay([...onLoopback(directory, port), "--log-level", "error", "--json"]).ended;
    server.close();
    assert.equal(end.code, 1);
    const { error } = JSON.parse(end.stdout);
    assert.equal(error.code, "network/refused");
    assert.match(
      error.message,
      new RegExp(`^cannot listen on /ip4/127.0.0.1/tcp/${port}: the port is already in use.*$`),
    );
    await relay(onLoopback(directory)).ready;
  });

  it("exits with 2 for wrong arguments and settings, before it touches anything", async () => {
    const data = join(directory, "untouched");
    const mistyped = await relay(["--data", data, "--lisen", "x"]).ended;
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /^hermes relay: .* --lisen; did you mean --listen\?[^\n]*\n$/);
    assert.equal((await relay(["--data", data, "--config", join(directory, "none")]).ended).code, 2);
    const wrong = await relay(["--data", data], { HERMES_RELAY_MAX_CONNECTIONS: "none" }).ended;
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^hermes relay: maxConnections is "none" \(from the environment\); .*\n$/);
    assert.deepEqual(await readdir(directory), []);
  });

  it("answers --help on standard output with 0", async () => {
    const end = await relay(["--help"]).ended;
    assert.deepEqual([end.code, end.stderr], [0, ""]);
    assert.match(end.stdout, /^Usage: hermes relay /);
  });

  it("writes a key, a database and its name, and nothing else", async () => {
    const one = relay(onLoopback(directory));
    await one.ready;
    one.child.kill("SIGTERM");
    await one.ended;
    assert.deepEqual((await readdir(directory)).sort(), ["relay.db", "relay.instance", "relay.key"]);
    assert.match(await readFile(join(directory, "relay.key"), "utf8"), /^hermes-relay-key-1 [0-9a-f]{64}\n$/);
  });
});
