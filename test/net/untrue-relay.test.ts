import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { RelayFault } from "../../src/client/ports/network.ts";
import { createNetwork } from "../../src/net/client-network.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";
import { Cleanup, QUICK, startRelay } from "./test-relay.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);

/** A recorder that also writes down what the relay is blamed for. */
class Blaming extends NetworkRecorder {
  readonly faults: RelayFault[] = [];
  readonly relays: string[] = [];
  readonly relayFailed = (relay: string, _log: Uint8Array, fault: RelayFault): void => {
    this.relays.push(relay);
    this.faults.push(fault);
  };
}

/** Somebody who reads the group at this relay, from that number on. */
async function reader(address: string, after = 0) {
  const network = createNetwork({ timing: QUICK });
  cleanup.add(network);
  const blaming = new Blaming();
  await network.start(blaming);
  network.useRelays([address], "us");
  network.subscribe(group.subscription({ cursor: () => after }));
  await blaming.untilCaughtUp(group.topic);
  return { network, blaming };
}

/** A log that never gives number `left`, though it stores it. */
function leavingOut(left: number): MemoryLog {
  const log = memoryLog();
  const read: MemoryLog["read"] = async (...query) => {
    const page = await log.read(...query);
    return { ...page, items: page.items.filter(({ sequence }) => sequence !== left) };
  };
  return { ...log, read };
}

describe("what a relay acknowledged", () => {
  afterEach(() => cleanup.run());

  it("comes back to whoever wrote it, and nobody is blamed", async () => {
    const relay = cleanup.add(await startRelay());
    const { network, blaming } = await reader(relay.address);
    for (let i = 0; i < 5; i++) await network.append([group.envelope(`one ${i}`), group.envelope(`two ${i}`)]);
    await blaming.untilReceived(10);
    assert.deepEqual(blaming.faults, []);
  });

  it("and leaves out is noticed as soon as it gives something later", async () => {
    const relay = cleanup.add(await startRelay({ log: leavingOut(2) }));
    const ann = await reader(relay.address);
    // it stores from elsewhere, so that what it gives is read from its log
    for (const text of ["first", "second"]) await ann.network.append([group.envelope(text)]);
    const { network, blaming } = await reader(relay.address);
    const again = await network.append([group.envelope("second")]);
    assert.equal(again[0]?.kind, "stored");
    await network.append([group.envelope("third")]);
    await blaming.until(() => blaming.texts(group.topic).includes("third"));
    assert.deepEqual(
      blaming.faults.map(({ kind, sequence, envelopes }) => [kind, sequence, envelopes.map(bodyText)]),
      [["skipped", 2, ["second"]]],
    );
    assert.deepEqual(blaming.relays, [relay.address]);
  });

  it("is gone when it goes back to an earlier state under the same name", async () => {
    const relay = cleanup.add(await startRelay());
    const ann = await reader(relay.address);
    await ann.network.append([group.envelope("all that is left")]);
    const { blaming } = await reader(relay.address, 40);
    assert.deepEqual(
      blaming.faults.map(({ kind }) => kind),
      ["went-back"],
    );
  });
});
