import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { buildTwoLans, type TwoLans } from "./scene/two-lans.ts";

const RELAY_PORT = 33_001;

/** In namespaces of the kernel: skipped, by name, where these cannot be made. */
describe("two LANs behind NAT and a relay between them", function () {
  this.timeout(6 * PATIENCE_MS);
  let lans: TwoLans;
  let scene: Scene;
  let relay: Relay;
  let group: string;
  let link: string;
  /** Where everybody can connect to her; she comes last. */
  let eva: Person;
  /** Two on each LAN. */
  let people: Person[];
  let windows: Listener[];
  const said: string[] = [];

  before(async function () {
    const built = await buildTwoLans();
    if (typeof built === "string") {
      process.stdout.write(
        `    SKIPPED: two LANs behind NAT and a relay between them: no such network can be made here (${built})\n`,
      );
      return this.skip();
    }
    lans = built;
    scene = await openScene();
    const listen = ["--listen", `/ip4/${lans.relayHost}/tcp/${RELAY_PORT}`];
    relay = await scene.relay({ shellPrefix: () => lans.relay, args: listen });
    const address = `/ip4/${lans.relayHost}/tcp/${RELAY_PORT}/p2p/${relay.peerId}`;
    const machines = [lans.machine(1, 1), lans.machine(1, 2), lans.machine(2, 1), lans.machine(2, 2)] as const;
    const at = ([name, machine]: readonly [string, string]): Promise<Person> =>
      scene.person(name, [address], {
        shellPrefix: () => machine,
        env: { HERMES_NO_LISTEN: undefined, HERMES_LISTEN: "/ip4/0.0.0.0/tcp/0" },
      });
    const [ana, ben, cleo, dan] = await Promise.all([
      at(["ana", machines[0]]),
      at(["ben", machines[1]]),
      at(["cleo", machines[2]]),
      at(["dan", machines[3]]),
    ]);
    eva = await at(["eva", lans.public]);
    people = [ana, ben, cleo, dan];
    group = await ana.createGroup("two gardens");
    windows = people.map((each) => each.listen());
    link = await ana.invite(group);
    for (const each of [ben, cleo, dan]) assert.equal((await each.join(link)).state, "joined");
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

  it("chat through the relay while the routers lose 5 % of all packets", async () => {
    await lans.lose(5);
    for (const from of [0, 3]) {
      await say(from, `through the rain ${from}`);
      for (const other of [0, 1, 2, 3]) if (other !== from) await hears(other, `through the rain ${from}`);
    }
    await lans.lose(0);
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
    await haveTheSame();
  });

  it("are all connected directly with whom they can reach, though she can reach none of them", async () => {
    assert.equal((await eva.join(link)).state, "joined");
    people.push(eva);
    const window = eva.listen();
    windows.push(window);
    const direct = new Set<string>();
    await window.event(
      "peer",
      ({ peer: { peerId, path, state } }) => {
        if (path === "direct" && state === "connected") direct.add(peerId);
        return direct.size === 4;
      },
      2 * PATIENCE_MS,
    ); // each tells where it is some seconds after she came
    await relay.kill();
    await say(0, "over the fence");
    for (const other of [1, 2, 3, 4]) await hears(other, "over the fence");
  });

  /** Everything that was said, once, in one order. */
  const haveTheSame = async (): Promise<void> => {
    for (const each of people) await each.sync();
    const [first, ...others] = await Promise.all(people.map((each) => each.history(group)));
    const ids = first?.map(({ id }) => id) ?? [];
    assert.deepEqual(first?.map(({ text }) => text).toSorted(), said.toSorted());
    for (const other of others)
      assert.deepEqual(
        other.map(({ id }) => id),
        ids,
      );
  };
});
