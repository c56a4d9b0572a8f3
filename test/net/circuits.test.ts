import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { PeerStatus } from "../../src/client/ports/network.ts";
import { createNetwork } from "../../src/net/client-network.ts";
import type { NetNode } from "../../src/net/node.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";
import { Cleanup, QUICK, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);

/** A member of the group at this relay. `listen`: where others reach it directly, if at all. */
async function member(relay: string, listen: readonly string[]) {
  const recorder = new NetworkRecorder();
  const log = Object.assign(memoryLog(Math.floor(Math.random() * 256)), { watch: () => () => undefined });
  const members = { log, verifier: nobleVerifier, listen, addresses: [], discover: false };
  const network = createNetwork({ timing: QUICK, members });
  const paths: string[] = [];
  const { delivered, caughtUp, relayChanged, until } = recorder;
  const peerChanged = ({ path }: PeerStatus, state: string): void => {
    paths.push(`${path} ${state}`);
    relayChanged({ address: "", state: "connected", sinceMs: 0 });
  };
  network.useRelays([relay], "us");
  network.subscribe(group.subscription());
  await network.start({ delivered, caughtUp, relayChanged, peerChanged });
  cleanup.add({ stop: () => network.stop() });
  await recorder.untilState("connected");
  const circuit = async (): Promise<string> => {
    for (;;) {
      const [address] = network.reach().throughRelays ?? [];
      if (address !== undefined) return address;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { network, paths, circuit, until: until.bind(recorder) };
}

/** Until the relay passes nothing on any more. */
async function untilNoCircuit({ libp2p }: NetNode): Promise<void> {
  const isStop = (protocol: string | undefined): boolean => /circuit\/relay\/.*\/stop/.test(protocol ?? "");
  while (libp2p.getConnections().some(({ streams }) => streams.some((each) => isStop(each.protocol))))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("members whom only a relay connects", function () {
  this.timeout(30_000);
  afterEach(() => cleanup.run());

  it("are peers by a circuit, and say so", async () => {
    const relay = await startRelay();
    cleanup.add(relay);
    const [ann, bob] = [await member(relay.address, []), await member(relay.address, [])];
    bob.network.useAddresses?.([await ann.circuit()]);
    await bob.until(() => bob.paths.includes("circuit connected"));
    await ann.until(() => ann.paths.includes("circuit connected"));
    assert.deepEqual(
      bob.network.peers().map(({ path }) => path),
      ["circuit"],
    );
  });

  // what DCUtR does where one side is publicly reachable: the side behind the NAT, which was called through the relay, calls back
  it("leave the circuit when only who was called by it can call the other directly", async () => {
    const relay = await startRelay();
    cleanup.add(relay);
    const [ann, bob] = [await member(relay.address, []), await member(relay.address, ["/ip4/127.0.0.1/tcp/0"])];
    bob.network.useAddresses?.([await ann.circuit()]);
    await ann.until(() => ann.paths.includes("circuit connected"));
    const { listening, peerId } = bob.network.reach();
    ann.network.useAddresses?.([...listening.map((each) => each.replace(/\/p2p\/.*/, "")), `/p2p/${peerId}`]);
    for (const each of [ann, bob]) {
      await each.until(() => each.paths.includes("direct connected"));
      assert.deepEqual(each.paths.toSorted(), ["circuit connected", "circuit gone", "direct connected"]);
      assert.deepEqual(
        each.network.peers().map(({ path }) => path),
        ["direct"],
      );
    }
    await untilNoCircuit(relay.node);
  });

  it("leave the circuit for a direct way as soon as there is one", async () => {
    const relay = await startRelay();
    cleanup.add(relay);
    const [ann, bob] = [await member(relay.address, ["/ip4/127.0.0.1/tcp/0"]), await member(relay.address, [])];
    bob.network.useAddresses?.([await ann.circuit()]);
    await bob.until(() => bob.paths.includes("circuit connected"));
    bob.network.useAddresses?.(ann.network.reach().listening.map((each) => each.replace(/\/p2p\/.*/, "")));
    await bob.until(() => bob.paths.includes("direct connected"));
    await ann.until(() => ann.paths.includes("direct connected"));
    for (const each of [ann, bob])
      assert.deepEqual(
        each.network.peers().map(({ path }) => path),
        ["direct"],
      );
  });
});
