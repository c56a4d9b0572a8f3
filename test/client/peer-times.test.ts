import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEventHub } from "../../src/client/event-hub.ts";
import { peerTimes } from "../../src/client/peer-times.ts";

describe("since when another member is connected", () => {
  it("counts from the connection of this kind, anew when it becomes direct or comes back", () => {
    const hub = createEventHub();
    let nowMs = 10;
    const since = peerTimes(hub, () => nowMs);
    const [circuit, direct] = [
      { peerId: "p", path: "circuit" },
      { peerId: "p", path: "direct" },
    ] as const;
    const told = (atMs: number, peer: typeof circuit | typeof direct, state: "connected" | "gone") => {
      nowMs = atMs;
      hub.tell({ kind: "peer", peer, state });
    };
    told(10, circuit, "connected");
    told(20, circuit, "connected");
    assert.equal(since(circuit), 10);
    told(30, direct, "connected");
    assert.equal(since(direct), 30);
    told(40, direct, "gone");
    told(50, direct, "connected");
    nowMs = 60;
    assert.deepEqual([since(direct), since({ peerId: "q", path: "direct" })], [50, 60]);
  });
});
