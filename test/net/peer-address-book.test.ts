import assert from "node:assert/strict";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, it } from "mocha";
import { addressBook } from "../../src/net/peer-address-book.ts";

const PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const at = (port: number) => multiaddr(`/ip4/192.0.2.7/tcp/${port}`);

/** A book whose time stands until it is moved. */
function book() {
  let nowMs = 1_000;
  const one = addressBook(
    () => nowMs,
    () => 0,
  );
  return { ...one, pass: (ms: number) => (nowMs += ms) };
}

describe("The book of members' addresses", () => {
  it("knows an address once, without the PeerId, unless it is a circuit", () => {
    const { learn, take, pass } = book();
    learn(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`));
    learn(at(1));
    const circuit = multiaddr(`/ip4/192.0.2.9/tcp/2/p2p/${PEER}/p2p-circuit/p2p/${PEER}`);
    learn(circuit);
    assert.deepEqual([take()?.toString(), take()], [at(1).toString(), undefined], "a direct way goes first");
    pass(2_000);
    assert.deepEqual([take()?.toString(), take()], [circuit.toString(), undefined]);
  });

  it("asks again at once where a member was", () => {
    const { learn, take, settle, pass } = book();
    learn(at(1));
    assert(take());
    settle(at(1), "member");
    assert.equal(take(), undefined);
    pass(200);
    assert(take());
  });

  it("asks first where a member was last, and everywhere at once when the machine is somewhere else", () => {
    const { learn, take, settle, pass, again } = book();
    for (const port of [1, 2, 3]) learn(at(port));
    for (const port of [1, 2, 3]) assert(take()?.equals(at(port)));
    settle(at(2), "member");
    pass(10);
    settle(at(3), "member");
    settle(at(1), "absent");
    pass(10_000);
    const order = [take(), take(), take()];
    assert.deepEqual(order.map(String), [3, 2, 1].map(at).map(String));
    for (const port of [1, 2]) settle(at(port), "absent");
    settle(at(3), "stranger");
    again();
    assert.deepEqual([take(), take(), take()].map(String).toSorted(), [at(1), at(2), undefined].map(String).toSorted());
  });

  it("asks ever more rarely where nobody answers, and forgets it in the end", () => {
    const { learn, take, settle, pass } = book();
    learn(at(1));
    for (const pauseMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000]) {
      assert(take());
      settle(at(1), "absent");
      pass(pauseMs - 1);
      assert.equal(take(), undefined, `${pauseMs}`);
      pass(1);
    }
    assert(take());
    settle(at(1), "absent");
    pass(3_600_000);
    assert.equal(take(), undefined);
  });

  it("asks strangers again when we have joined something", () => {
    const { learn, take, settle, pass, forgive } = book();
    learn(at(1));
    assert(take());
    settle(at(1), "stranger");
    pass(60_000);
    assert.equal(take(), undefined);
    forgive();
    assert(take());
  });

  it("keeps 256 addresses, whoever tells it more", () => {
    const { learn, take } = book();
    for (let i = 1; i <= 1_000; i++) learn(multiaddr(`/ip4/10.0.${i >> 8}.${i & 255}/tcp/1`));
    let known = 0;
    while (take() !== undefined) known += 1;
    assert.equal(known, 256);
  });

  it("knows which direct way is said to lead to somebody, whoever is told of it first", () => {
    const { learn, takeDirect } = book();
    learn(at(1));
    learn(at(2));
    learn(multiaddr(`/ip4/192.0.2.9/tcp/2/p2p/${PEER}/p2p-circuit/p2p/${PEER}`));
    assert.equal(takeDirect(new Set([PEER])), undefined, "nobody has said whose they are");
    learn(at(2), PEER);
    assert.equal(takeDirect(new Set()), undefined);
    assert.equal(takeDirect(new Set([PEER]))?.toString(), at(2).toString());
    assert.equal(takeDirect(new Set([PEER])), undefined, "it is in use");
  });

  it("believes an address that names its process", () => {
    const { learn, takeDirect } = book();
    learn(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`));
    assert.equal(takeDirect(new Set([PEER]))?.toString(), at(1).toString());
  });

  /** Tries everything that is due until nothing is; nobody answers. */
  const triesOf = ({ take, settle }: Pick<ReturnType<typeof book>, "take" | "settle">): number => {
    for (let count = 0; ; count++) {
      const address = take();
      if (address === undefined) return count;
      settle(address, "absent");
    }
  };

  it("tries one host 30 times, then once in two seconds, however many of its ports it is told: members are no flood", () => {
    const one = book();
    let tries = 0;
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 100; i++) one.learn(at(1 + second * 100 + i));
      tries += triesOf(one);
      one.pass(1_000);
    }
    triesOf(one);
    assert(tries >= 58 && tries <= 60, `${tries}`);
    one.learn(multiaddr("/ip4/192.0.2.8/tcp/1"));
    assert.equal(one.take()?.toString(), "/ip4/192.0.2.8/tcp/1", "another host is tried all the same");
  });

  it("tries 512 addresses where nobody was met, then four a second, wherever they are", () => {
    const one = book();
    let tries = 0;
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 100; i++) one.learn(multiaddr(`/ip4/10.${second}.0.${i}/tcp/1`));
      tries += triesOf(one);
      one.pass(1_000);
    }
    assert(tries >= 512 + 59 * 4 - 4 && tries <= 512 + 60 * 4, `${tries}`);
  });

  it("always asks again where a member was, whatever else it was told", () => {
    const one = book();
    one.learn(at(1));
    one.settle(one.take() ?? at(1), "member");
    for (let port = 2; port <= 200; port++) one.learn(at(port));
    one.pass(200);
    assert.equal(one.take()?.toString(), at(1).toString());
    assert.equal(triesOf(one), 29);
    one.settle(at(1), "member");
    one.pass(200);
    assert.equal(one.take()?.toString(), at(1).toString());
  });

  it("tries six direct ways to one process a minute, whatever it tells: it must not have others dial hosts of its choice", () => {
    const { learn, takeDirect, settle, pass } = book();
    const tries = (): number => {
      for (let count = 0; ; count++) {
        const address = takeDirect(new Set([PEER]));
        if (address === undefined) return count;
        settle(address, "absent");
      }
    };
    for (let port = 1; port <= 20; port++) learn(at(port), PEER);
    assert.equal(tries(), 6);
    pass(59_999);
    assert.equal(tries(), 0);
    pass(1);
    assert.equal(tries(), 6);
  });
});
