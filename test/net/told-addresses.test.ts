import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { toldAddresses } from "../../src/net/told-addresses.ts";

const RELAY = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const PEER = "12D3KooWHFNW8xdJW9vYkVZLkbKQFLfxPbBn2yXFPpvqbEjqhhwW";
const DIRECT = "/ip4/192.0.2.7/tcp/40001";
const CIRCUIT = `/ip4/192.0.2.9/tcp/33001/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`;

const read = (...texts: readonly string[]) => {
  const { usable, peerId } = toldAddresses(texts);
  return { usable: usable.map(String), peerId };
};

describe("Addresses that a member tells", () => {
  it("lead to one process, which a circuit or a PeerId alone names", () => {
    assert.deepEqual(read(DIRECT, CIRCUIT), { usable: [DIRECT, CIRCUIT], peerId: PEER });
    assert.deepEqual(read(DIRECT, `/p2p/${PEER}`), { usable: [DIRECT], peerId: PEER });
    assert.deepEqual(read(DIRECT), { usable: [DIRECT], peerId: undefined });
    assert.equal(read(CIRCUIT, `/p2p/${RELAY}`).peerId, undefined, "two processes are none");
  });

  it("are not dialled unless they are a TCP port, directly or by one circuit", () => {
    const bad = [
      "",
      "words",
      "/unix/tmp%2fx",
      "/ip4/192.0.2.7/udp/1",
      `${DIRECT}/ws`,
      `${DIRECT}/p2p/${PEER}`,
      `${CIRCUIT}/p2p-circuit/p2p/${PEER}`,
    ];
    assert.deepEqual(read(...bad).usable, []);
  });
});
