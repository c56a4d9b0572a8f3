import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { RelayStatus } from "../../src/client/ports/network.ts";
import { whyNotTaken } from "../../src/client/relay-calls.ts";

const OURS = "/ip4/192.0.2.1/tcp/1/p2p/12D3KooWE3tyeEMFvo99MUiKQ9VjRvWMb4rc52SmBtULpWSxawTF";
const OTHER = "/ip4/192.0.2.2/tcp/1/p2p/12D3KooWPAQYzTJ4Rmr5UvBM1zPAwXEmnrvZ6h3cdwo9RpuW5JoR";

describe("why a message to a group waits", () => {
  const said = (...relays: readonly Omit<RelayStatus, "sinceMs">[]) =>
    whyNotTaken({ relays: () => relays.map((each) => ({ ...each, sinceMs: 0 })) }, { relays: [OURS] });

  it("is what a relay of the group says that is connected and takes nothing", () => {
    const full = { address: OURS.replace("192.0.2.1", "198.51.100.7"), state: "connected", reason: "full" } as const;
    assert.equal(said({ address: OTHER, state: "connected" }, full), "full");
  });

  it("is not told by a relay of another group, nor by one that cannot be reached or takes it", () => {
    assert.equal(said({ address: OTHER, state: "connected", reason: "full" }), undefined);
    assert.equal(said({ address: OURS, state: "unreachable", reason: "no answer" }), undefined);
    assert.equal(said({ address: OURS, state: "connected" }), undefined);
  });
});
