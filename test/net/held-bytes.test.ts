import assert from "node:assert/strict";
import type { Connection, Stream } from "@libp2p/interface";
import { afterEach, describe, it } from "mocha";
import { Uint8ArrayList } from "uint8arraylist";
import { heldBytes, takeOver, watchUnread } from "../../src/net/held-bytes.ts";
import { askWithoutReading, greedy, pingWithoutReading, WAYS } from "./greedy-peers.ts";
import { rawOpener } from "./raw-opener.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

const KIB = 1_024;
const MIB = 1_048_576;

/** A connection of somebody at `address` that keeps so many bytes. */
class Holder {
  readonly address: string;
  cut = "";
  readonly streams: object[] = [];
  readonly muxer = { decoder: { buffer: new Uint8ArrayList() } };
  constructor(address: string, bytes: number) {
    this.address = address;
    this.muxer.decoder.buffer.append(new Uint8Array(bytes));
  }
  abort({ message }: Error): void {
    this.cut = message;
  }
}

/** A budget of 1,000 bytes over these. */
function budget(...holders: readonly Holder[]) {
  const open = () => holders.filter(({ cut }) => cut === "") as unknown as Connection[];
  return heldBytes(1_000, open, (connection) => (connection as unknown as Holder).address || undefined);
}

const cutOf = (holders: readonly Holder[]): readonly boolean[] => holders.map(({ cut }) => cut !== "");

describe("what all connections make a relay hold", () => {
  it("is nobody's loss within the budget", () => {
    const holders = [new Holder("a", 600), new Holder("b", 400)];
    assert.deepEqual(budget(...holders).report(), { bytes: 1_000, maxBytes: 1_000, cut: 0 });
    assert.deepEqual(cutOf(holders), [false, false]);
  });

  it("beyond it costs the largest its connection, with a reason, and the others go on", () => {
    const holders = [new Holder("a", 600), new Holder("b", 700), new Holder("c", 300)];
    assert.deepEqual(budget(...holders).report(), { bytes: 900, maxBytes: 1_000, cut: 1 });
    assert.deepEqual(cutOf(holders), [false, true, false]);
    assert.match(holders[1]?.cut ?? "", /too much of the relay's memory/);
  });

  it("counts by address: many small ones of one go before a larger one of another", () => {
    const many = Array.from({ length: 8 }, () => new Holder("many", 100));
    const one = new Holder("one", 400);
    assert.equal(budget(one, ...many).report().cut, 2);
    assert.equal(one.cut, "");
  });

  it("has nobody else pay for those without an address", () => {
    const proxied = [new Holder("", 300), new Holder("", 400), new Holder("", 500)];
    assert.equal(budget(...proxied).report().cut, 1);
    assert.deepEqual(cutOf(proxied), [false, false, true]);
  });

  it("is looked at after each eighth of it that was moved", () => {
    const holder = new Holder("a", 1_001);
    const held = budget(holder);
    held.moved(124);
    assert.equal(holder.cut, "");
    held.moved(1);
    assert.notEqual(holder.cut, "");
  });

  it("is tight from half of it on", () => {
    const [less, more] = [budget(new Holder("a", 499)), budget(new Holder("a", 500))];
    for (const each of [less, more]) each.report();
    assert.deepEqual([less.isTight(), more.isTight()], [false, true]);
  });

  it("has of a stream that nobody reads yet what its first window brings, and of one that is read what its reader says", () => {
    let [aborted, came] = ["", 0];
    const stream = Object.create({ onData: ({ byteLength }: Uint8Array) => (came += byteLength) });
    stream.abort = ({ message }: Error) => (aborted = message);
    const holder = new Holder("a", 0);
    holder.streams.push(stream);
    const held = heldBytes(64 * MIB, () => [holder as unknown as Connection]);
    const empty = held.report().bytes;
    watchUnread(held, stream as Stream);
    stream.onData(new Uint8Array(256 * KIB));
    assert.deepEqual([aborted, came, held.report().bytes - empty], ["", 256 * KIB, 256 * KIB]);
    stream.onData(new Uint8Array(1));
    assert.match(aborted, /before anybody reads/);
    assert.equal(came, 256 * KIB);
    assert.equal(
      takeOver(stream as Stream, () => 70),
      held,
    );
    stream.onData(new Uint8Array(5 * MIB));
    assert.deepEqual([came, held.report().bytes - empty], [5 * MIB + 256 * KIB, 70]);
  });
});

describe("a relay whose memory is asked for", function () {
  this.timeout(20_000);
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  for (const [way, fill] of Object.entries(WAYS)) {
    it(`sees what ${way} make it hold, and forgets them with their connection`, async () => {
      const relay = cleanup.add(await startRelay());
      const peer = cleanup.add(greedy(relay.address));
      const connection = await peer.connect();
      await fill(connection);
      while (relay.node.held().bytes < 1.5 * MIB) await new Promise(setImmediate);
      connection.abort(new Error("enough"));
      while (relay.node.connections() > 0) await new Promise(setImmediate);
      assert.equal(relay.node.held().bytes, 0);
    });
  }

  it("has of libp2p's own protocols what a first window brings, and no more", async () => {
    const relay = cleanup.add(await startRelay());
    await pingWithoutReading(await cleanup.add(greedy(relay.address)).connect());
  });

  it("answers a client that takes nothing no further, and goes on when it does", async () => {
    const relay = cleanup.add(await startRelay());
    const asking = cleanup.add(await askWithoutReading(relay.address, 120)); // for 29 MB
    const other = cleanup.add(await rawOpener(relay.address));
    await other.next("challenge");
    for (let id = 1; id < 300; id++) {
      other.send({ kind: "ping", id });
      await other.next("pong"); // the relay has had another turn
    }
    const { bytes } = relay.node.held();
    assert(bytes > MIB && bytes < 20 * MIB, `${bytes} bytes held`);
    asking.frames.resume();
    for (let n = 0; n < 120; n++) await asking.next("got");
  });
});
