import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { buildTwoLans, type TwoLans } from "./scene/two-lans.ts";

const RELAY_PORT = 33_001;

/** In namespaces of the kernel: skipped, by name, where these cannot be made. */
describe("two LANs and a relay between them", function () {
  this.timeout(6 * PATIENCE_MS);
  let lans: TwoLans;
  let scene: Scene;
  let relay: Relay;
  let group: string;
  /** Two on each LAN. */
  let people: readonly Person[];
  let windows: readonly Listener[];
  const said: string[] = [];

  before(async function () {
    const built = await buildTwoLans();
    if (typeof built === "string") {
      process.stdout.write(`    SKIPPED: two LANs and a relay between them: no network namespaces here (${built})\n`);
      return this.skip();
    }
    lans = built;
    scene = await openScene();
    const listen = ["--listen", `/ip4/${lans.relayHost}/tcp/${RELAY_PORT}`];
    relay = await scene.relay({ shellPrefix: () => lans.relay, args: listen });
    const address = `/ip4/${lans.relayHost}/tcp/${RELAY_PORT}/p2p/${relay.peerId}`;
    const places = [lans.machine(1, 1), lans.machine(1, 2), lans.machine(2, 1), lans.machine(2, 2)];
    people = await Promise.all(
      ["ana", "ben", "cleo", "dan"].map((name, i) =>
        scene.person(name, [address], {
          shellPrefix: () => places[i],
          env: { HERMES_NO_LISTEN: undefined, HERMES_LISTEN: "/ip4/0.0.0.0/tcp/0" },
        }),
      ),
    );
    const [ana, ...others] = people;
    assert(ana !== undefined);
    group = await ana.createGroup("two gardens");
    windows = people.map((each) => each.listen());
    const link = await ana.invite(group);
    for (const each of others) assert.equal((await each.join(link)).state, "joined");
  });
  after(async () => {
    await scene?.end();
    await lans?.end();
  });

  const say = async (from: number, text: string): Promise<void> => {
    said.push(text);
    await people[from]?.send(group, text, "--no-wait");
  };
  const hears = async (listener: number, text: string): Promise<void> => {
    await windows[listener]?.event("message", ({ message }) => message.text === text);
  };

  it("chat through the relay, and find their neighbours without being told of them", async () => {
    await say(0, "from the first garden");
    for (const other of [1, 2, 3]) await hears(other, "from the first garden");
    for (const window of windows) await window.event("peer", ({ peer }) => peer.path === "direct");
  });

  it("go on by themselves when the relay is killed", async () => {
    await relay.kill();
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [2, 3],
      [3, 2],
    ] as const) {
      await say(from, `alone ${from}`);
      await hears(to, `alone ${from}`);
    }
    for (const each of people) {
      const { peers } = await each.status();
      assert.deepEqual([...new Set(peers.map(({ path }) => path))], ["direct"], each.name);
    }
  });

  it("have all of it, once and in the same order, when the relay is back", async () => {
    await relay.restart();
    for (const [from, listener] of [0, 1, 2, 3].map((i) => [i, (i + 2) % 4] as const))
      await hears(listener, `alone ${from}`);
    for (const each of people) await each.sync();
    const [first, ...others] = await Promise.all(people.map((each) => each.history(group)));
    const ids = first?.map(({ id }) => id) ?? [];
    assert.deepEqual(first?.map(({ text }) => text).toSorted(), said.toSorted());
    for (const other of others)
      assert.deepEqual(
        other.map(({ id }) => id),
        ids,
      );
  });
});
