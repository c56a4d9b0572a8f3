import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type TcpProxy, tcpProxy } from "../net/tcp-proxy.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

/** Within these times (ms) a client notices and comes back, without anybody doing anything. */
const KILL_NOTICED_MS = 5_000;
const SILENCE_NOTICED_MS = 15_000;
const RESUMED_MS = 5_000;

describe("a client whose relay goes away", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let ben: Person;
  let group: string;
  let proxy: TcpProxy;

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    proxy = await tcpProxy(relay.port);
    ben = await scene.person("ben", [relay.address]);
    ana = await scene.person("ana", [proxy.through(relay.address)]);
    group = await ana.createGroup("tide tables");
    await ana.ask("group", "add", group, (await ben.whoami()).contact);
    assert.equal((await ben.sync()).complete, true);
  });
  after(async () => {
    await scene.end();
    await proxy.stop();
  });

  /** Waits for the relay to be in this state, in an event after those that `listener` has had so far. */
  function nextState(listener: Listener, state: string, ms: number): Promise<unknown> {
    const before = listener.events().length;
    return listener.event("status", (event, index) => index >= before && event.relay.state === state, ms);
  }

  it(`notices a killed relay within ${KILL_NOTICED_MS / 1000} s, and is back within ${RESUMED_MS / 1000} s of its return`, async () => {
    const listener = ben.listen();
    await listener.event("status", (event) => event.relay.state === "connected");
    const noticed = nextState(listener, "unreachable", KILL_NOTICED_MS);
    await relay.kill();
    await noticed;
    const [status] = (await ben.status()).relays;
    assert.equal(status?.state, "unreachable");
    assert.match(status?.reason ?? "", /\S/);
    assert.equal((await ben.send(group, "into the void", "--wait", "0")).state, "queued");
    await relay.restart();
    await nextState(listener, "connected", RESUMED_MS);
    await listener.event("sent", () => true, RESUMED_MS);
    assert.equal((await ben.status()).relays[0]?.state, "connected");
    listener.signal("SIGKILL");
    await listener.ended;
  });

  it(`notices a link that has fallen silent within ${SILENCE_NOTICED_MS / 1000} s, and is back within ${RESUMED_MS / 1000} s of its return`, async () => {
    const listener = ana.listen();
    await listener.event("status", (event) => event.relay.state === "connected");
    await listener.texts("ben", ["into the void"]);
    const noticed = nextState(listener, "unreachable", SILENCE_NOTICED_MS);
    proxy.silence();
    assert.equal((await ben.send(group, "while ana heard nothing")).state, "on-relay");
    await noticed;
    assert.equal((await ana.status()).relays[0]?.state, "unreachable");

    await proxy.kill();
    await proxy.revive();
    await Promise.all([
      nextState(listener, "connected", RESUMED_MS),
      listener.texts("ben", ["into the void", "while ana heard nothing"], RESUMED_MS),
    ]);
  });
});
