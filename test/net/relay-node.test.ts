import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { createRelayNode } from "../../src/net/node.ts";
import { nextTurn } from "../../src/net/turn-gate.ts";
import { Fault } from "../../src/wire/fault.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";

const cleanup = new Cleanup();
const seed = new Uint8Array(32).fill(4);
const loopback = ["/ip4/127.0.0.1/tcp/0"];

/** Looks at every turn; libp2p tells no event for these. */
async function within(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (const startMs = Date.now(); !(await holds()); await nextTurn()) {
    assert.ok(Date.now() - startMs < limitMs, `not within ${limitMs} ms: ${holds}`);
  }
}

async function faultOf(task: Promise<unknown>): Promise<Fault> {
  const error = await task.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault, "no fault");
  return error;
}

interface Reservations {
  readonly size: number;
  readonly values: () => Iterable<{ readonly signal: { clear: () => void } }>;
}

describe("a relay's node", () => {
  afterEach(() => cleanup.run());

  it("keeps its PeerId with its key and names what the operator announces", async () => {
    const announce = ["/dns4/relay.example/tcp/33001"];
    const first = cleanup.add(await createRelayNode({ seed, listen: loopback, announce }));
    const second = await createRelayNode({ seed, listen: loopback });
    assert.equal(first.peerId, second.peerId);
    await first.start();
    const addresses = first.addresses();
    assert.ok(addresses.includes(`/dns4/relay.example/tcp/33001/p2p/${first.peerId}`));
    assert.ok(addresses.every((each) => each.endsWith(first.peerId)));
  });

  it("says in one sentence why it cannot listen", async () => {
    const first = cleanup.add(await createRelayNode({ seed, listen: loopback }));
    await first.start();
    const listen = first.addresses().map((each) => each.replace(/\/p2p.*/, ""));
    const second = await createRelayNode({ seed, listen });
    const fault = await faultOf(second.start());
    assert.equal(fault.code, "network/refused");
    assert.match(fault.message, /already in use/);
    assert.doesNotMatch(fault.message, /\n/);
  });

  it("refuses addresses and keys that are none", async () => {
    for (const options of [
      { seed, listen: ["33001"] },
      { seed, listen: loopback, announce: ["relay.example"] },
      { seed: new Uint8Array(5), listen: loopback },
    ]) {
      assert.equal((await faultOf(createRelayNode(options))).code, "config/invalid");
    }
  });

  it("forgets a client that has gone, and counts those that are there", async () => {
    const relay = cleanup.add(await startRelay());
    const { libp2p } = relay.node;
    const { circuits } = libp2p.services as { circuits?: { reservations: Reservations } };
    const clients = [await startClient([relay.address]), await startClient([relay.address])];
    for (const { network, recorder } of clients) {
      cleanup.add(network);
      await recorder.untilState("connected");
    }
    await within(5_000, async () => circuits?.reservations.size === 2);
    assert.equal(relay.node.connections(), 2);
    let silenced = 0;
    for (const { signal } of circuits?.reservations.values() ?? []) {
      const { clear } = signal;
      signal.clear = () => {
        silenced += 1;
        clear();
      };
    }
    for (const { network } of clients) await network.stop();
    await within(5_000, async () => relay.node.connections() === 0);
    await within(5_000, async () => (await libp2p.peerStore.all()).length === 0);
    assert.equal(circuits?.reservations.size, 0);
    assert.equal(silenced, 2, "Node holds the signal of a reservation, and the client with it, to the end of its time");
  });
});
