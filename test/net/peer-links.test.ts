import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Connection } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createGivers } from "../../src/net/givers.ts";
import { DIALS_MAX, LINKS_MAX } from "../../src/net/neighbour-choice.ts";
import type { NetNode } from "../../src/net/node.ts";
import { PeerLinks } from "../../src/net/peer-links.ts";
import { Topic } from "../../src/wire/ids.ts";
import { QUICK } from "./test-relay.ts";

/** A connection to somebody who never opens a stream, and whether we have closed it. */
class Silent {
  isClosed = false;
  /** Ends what waits for a stream. */
  readonly #end = new AbortController();
  readonly connection: Connection;

  constructor(name: string, remoteAddr: Multiaddr) {
    const remotePeer = { toString: () => name, toMultihash: () => ({ bytes: Buffer.from(name) }) };
    const newStream = () =>
      new Promise((_, reject) => this.#end.signal.addEventListener("abort", () => reject(new Error("gone"))));
    const close = async (): Promise<void> => {
      this.isClosed = true;
    };
    this.connection = {
      remotePeer,
      remoteAddr,
      direction: "outbound",
      streams: [],
      newStream,
      close,
    } as unknown as Connection;
  }

  leave(): void {
    this.#end.abort();
  }
}

const ignore = (): void => undefined;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ADDRESSES = Array.from({ length: LINKS_MAX + DIALS_MAX }, (_, i) => multiaddr(`/ip4/192.0.2.${i + 1}/tcp/4001`));

describe("the members to whom we are connected", () => {
  let links: PeerLinks;
  let dials: ((silent: Silent) => void)[];
  let there: Silent[];

  beforeEach(() => {
    dials = [];
    there = [];
    const dial = () => new Promise<Connection>((resolve) => dials.push(({ connection }) => resolve(connection)));
    const libp2p = { dial, getConnections: () => there.map(({ connection }) => connection) };
    const topic = Topic.from(randomBytes(32));
    links = new PeerLinks({
      node: { peerId: "we", peerIdBytes: new Uint8Array(), libp2p } as unknown as NetNode,
      verifier: { verifyEd25519: () => false } as never,
      catchUp: {
        startAt: () => assert.fail("nobody proves anything"),
        look: () => assert.fail("nobody proves anything"),
      },
      givers: createGivers(),
      readersOf: () => 0,
      arrivals: { isBusy: () => false },
      relayTakes: () => true,
      timing: { ...QUICK, connectTimeoutMs: 60_000 },
      subscriptions: () => [{ topic, inbox: false, prove: () => new Uint8Array(), cursor: async () => 0 as never }],
      events: {
        delivered: async () => undefined,
        caughtUp: ignore,
        said: ignore,
        takes: ignore,
      },
    });
  });
  afterEach(async () => {
    for (const each of there) each.leave();
    await links.stop();
  });

  /** The dial that was begun first is answered. */
  const answer = async (): Promise<Silent> => {
    const silent = new Silent(`peer ${there.length}`, ADDRESSES[there.length] ?? assert.fail());
    there.push(silent);
    dials.shift()?.(silent);
    await settled();
    return silent;
  };

  it("are LINKS_MAX at most: whoever answers when all places are taken is let go", async () => {
    links.learn(ADDRESSES);
    for (let i = 0; i < LINKS_MAX - 1; i++) {
      await answer();
      links.learn([]); // dials go on
    }
    assert.equal(dials.length, DIALS_MAX, "one place is left, and four are dialled");
    for (let i = 0; i < DIALS_MAX; i++) await answer();
    assert.deepEqual(
      there.map(({ isClosed }) => isClosed),
      there.map((_, i) => i >= LINKS_MAX),
    );
    links.learn([]);
    assert.equal(dials.length, 0, "nobody else is dialled");
  });
});
