import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createRelayNode } from "../../src/net/node.ts";
import { Fault } from "../../src/wire/fault.ts";

const seed = new Uint8Array(32).fill(4);
const loopback = ["/ip4/127.0.0.1/tcp/0"];

async function faultOf(task: Promise<unknown>): Promise<Fault> {
  const error = await task.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault, "no fault");
  return error;
}

describe("a relay's node", () => {
  it("keeps its PeerId with its key and names what the operator announces", async () => {
    const announce = ["/dns4/relay.example/tcp/33001"];
    const [first, second] = [
      await createRelayNode({ seed, listen: loopback, announce }),
      await createRelayNode({ seed, listen: loopback }),
    ];
    assert.equal(first.peerId, second.peerId);
    await first.start();
    const addresses = first.addresses();
    await first.stop();
    assert.ok(addresses.includes(`/dns4/relay.example/tcp/33001/p2p/${first.peerId}`));
    assert.ok(addresses.every((each) => each.endsWith(first.peerId)));
  });

  it("says in one sentence why it cannot listen", async () => {
    const first = await createRelayNode({ seed, listen: loopback });
    await first.start();
    const listen = first.addresses().map((each) => each.replace(/\/p2p.*/, ""));
    const second = await createRelayNode({ seed, listen });
    const fault = await faultOf(second.start());
    await first.stop();
    assert.equal(fault.code, "config/invalid");
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
});
