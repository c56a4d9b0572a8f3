import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("hermes relay", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  it("is alone on its data directory: a second one is refused in a sentence, and the first serves on", async () => {
    const relay = await scene.relay();
    const args = ["relay", "--data", relay.directory, "--listen", "/ip4/127.0.0.1/tcp/0", "--log-level", "error"];
    const second = await scene.start({ args }).ended;
    assert.deepEqual([second.code, second.stdout], [1, ""]);
    assert.match(second.stderr, /^hermes relay: another relay is running on this data directory[^\n]*\n$/);
    const ana = await scene.person("ana", [relay.address]);
    const group = await ana.createGroup("still here");
    assert.equal((await ana.send(group, "hello")).state, "on-relay");
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends on ${signal} with 0 while people are connected, keeps its address, and they come back`, async () => {
      const relay = await scene.relay();
      const ana = await scene.person(`ana-${signal}`, [relay.address]);
      const group = await ana.createGroup("lasting");
      const listener = ana.listen();
      await listener.event("status", (event) => event.relay.state === "connected");
      assert.equal((await relay.stop(signal)).code, 0);
      await listener.event("status", (event) => event.relay.state === "unreachable");
      const before = listener.events().length;
      const ready = await relay.restart();
      assert.deepEqual([ready.peerId, ready.addrs], [relay.peerId, [relay.address]]);
      await listener.event("status", (event, index) => index >= before && event.relay.state === "connected");
      assert.equal((await ana.send(group, "back again")).state, "on-relay");
    });
  }
});
