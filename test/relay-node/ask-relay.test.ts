import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { askRelay } from "../../relay-node/ask-relay.ts";
import { isFault } from "../../src/wire/fault.ts";
import { temporaryDirectory } from "./store-directory.ts";

describe("`hermes relay status` of a relay of another build", () => {
  let directory = "";
  let server: Server;
  let body = "";

  beforeEach(async () => {
    directory = await temporaryDirectory();
    server = createServer((_, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(join(directory, "relay.sock"), resolve));
  });

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  it("shows what it tells, and says what it does not tell and why", async () => {
    const store = { writable: true, lagMs: 2, topics: 1, bytes: 2_048, maxBytes: 4_096 };
    body = JSON.stringify({ peerId: "12D3KooW", addrs: ["/ip4/192.0.2.1/tcp/1"], uptimeSeconds: 61, store });
    assert.equal(
      await askRelay(directory, "text"),
      [
        "relay       12D3KooW",
        "addresses   /ip4/192.0.2.1/tcp/1",
        "up for      1 min 1 s",
        "store       takes envelopes, 2 ms behind",
        "envelopes   2 KiB of 4 KiB in 1 topic",
        "not told    clients, in hand, prekeys, files, since start, process (this relay runs another version of Hermes than this command; restart it to see that)",
        "",
      ].join("\n"),
    );
    assert.equal(await askRelay(directory, "json"), body);
  });

  it("that answers something else says so in one sentence", async () => {
    for (const answer of ["/status, /metrics or /health\n", "null", "{}"])
      for (const form of ["text", "json"] as const) {
        body = answer;
        await assert.rejects(
          askRelay(directory, form),
          (error) => isFault(error, "network/refused") && /none is shown; restart the relay\.$/.test(error.message),
        );
      }
  });
});
