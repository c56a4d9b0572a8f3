import assert from "node:assert/strict";
import type { Connection, Stream } from "@libp2p/interface";
import { describe, it } from "mocha";
import { boundCircuits } from "../../src/net/circuit-bounds.ts";
import { startRelay } from "./test-relay.ts";

/** A stream that libp2p would give: what it is told it keeps. */
class End {
  readonly #closed: (() => void)[] = [];
  aborted = "";
  came = 0;
  onData(data: Uint8Array): void {
    this.came += data.length;
  }
  send(_: Uint8Array): boolean {
    return false;
  }
  abort({ message }: Error): void {
    this.aborted = message;
    for (const closed of this.#closed) closed();
  }
  addEventListener(_: string, closed: () => void): void {
    this.#closed.push(closed);
  }
}

/** A relay's server of circuits, all of which lead to `to`. */
class Circuits {
  readonly to: readonly End[];
  #next = 0;
  constructor(to: readonly End[]) {
    this.to = to;
  }
  next(): End | undefined {
    return this.to[this.#next++];
  }
  async stopHop(): Promise<Stream | undefined> {
    return this.next() as unknown as Stream;
  }
  async onHop(_from: Stream, _connection: Connection): Promise<void> {
    await this.stopHop();
  }
}

/** So many circuits over a relay that holds 1,000 bytes for all of them. */
async function circuits(count: number) {
  const ends = Array.from({ length: count }, () => ({ from: new End(), to: new End() }));
  const server = new Circuits(ends.map(({ to }) => to));
  boundCircuits({ services: { circuits: server } }, 1_000);
  for (const { from } of ends) await server.onHop(from as unknown as Stream, {} as Connection);
  return ends;
}

describe("what circuits make a relay hold", () => {
  it("is bounded for all together: beyond it the one that holds most is cut, and the others go on", async () => {
    const [one, other] = await circuits(2);
    assert(one && other);
    one.from.onData(new Uint8Array(600));
    other.from.onData(new Uint8Array(400));
    assert.deepEqual([one.from.aborted, one.to.aborted, other.from.aborted], ["", "", ""]);
    other.to.onData(new Uint8Array(1)); // the other way
    assert.match(one.from.aborted, /takes too little/);
    assert.match(one.to.aborted, /takes too little/);
    other.from.onData(new Uint8Array(599));
    assert.equal(other.from.aborted, "");
    assert.equal(other.from.came, 999);
  });

  it("is only what was not handed on", async () => {
    const [one] = await circuits(1);
    assert(one);
    for (let i = 0; i < 100; i++) {
      one.from.onData(new Uint8Array(900));
      one.to.send(new Uint8Array(950)); // with some words of the relay's own
    }
    assert.equal(one.from.aborted, "");
  });

  it("is counted on our relays: libp2p still has the methods that are used", async () => {
    const relay = await startRelay();
    try {
      const { circuits: server } = relay.node.libp2p.services as { circuits?: { onHop?: { name: string } } };
      assert(server?.onHop && server.onHop.name !== "bound onHop"); // which is libp2p's own
    } finally {
      await relay.stop();
    }
  });
});
