import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { freePort } from "../net/test-member.ts";
import { type CuttableWire, cuttableWire, type Roughness } from "./scene/cuttable-wire.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { type InsidePerson, insidePerson } from "./scene/inside-person.ts";
import { openScene } from "./scene/scene.ts";

/** What is said is long enough to be cut, and no text comes twice by itself. */
const LONG = " and so on".repeat(300);

interface Pair {
  readonly wire: CuttableWire;
  /** Ana dialled through the wire; what she says goes up. */
  readonly ana: InsidePerson;
  readonly ben: InsidePerson;
  readonly end: () => Promise<void>;
}

/** Ana's way to the relay leads through the wire. */
async function overRelay(): Promise<Pair> {
  const scene = await openScene();
  const relay = await scene.relay();
  const wire = await cuttableWire(relay.port);
  const ana = await insidePerson("ana", { relays: [`/ip4/127.0.0.1/tcp/${wire.port}/p2p/${relay.peerId}`] });
  const ben = await insidePerson("ben", { relays: [relay.address] });
  return { wire, ana, ben, end: () => scene.end() };
}

/** Her only way to Ben does, and there is no relay. */
async function betweenMembers(): Promise<Pair> {
  const port = await freePort();
  const wire = await cuttableWire(port);
  const tells = [`/ip4/127.0.0.1/tcp/${wire.port}`];
  const ben = await insidePerson("ben", { listen: [`/ip4/127.0.0.1/tcp/${port}`], tells });
  const ana = await insidePerson("ana", { listen: [] });
  return { wire, ana, ben, end: async () => undefined };
}

for (const [way, build] of [
  ["to a relay", overRelay],
  ["between two members", betweenMembers],
] as const)
  describe(`a rough link ${way}`, function () {
    this.timeout(2 * PATIENCE_MS);
    let pair: Pair;
    let group: string;
    const said: string[] = [];

    before(async () => {
      pair = await build();
      const { ana, ben } = pair;
      ({ id: group } = (await ben.call("group-create", { name: "rough" })).group);
      const { link } = await ben.call("group-invite", { group });
      assert.equal((await ana.call("group-join", { link, waitMs: PATIENCE_MS })).state, "joined");
    });
    after(async () => {
      await Promise.all([pair?.ana.end(), pair?.ben.end()]);
      await pair?.wire.end();
      await pair?.end();
    });

    const say = async (from: InsidePerson, what: string): Promise<string> => {
      const text = `${from.name}: ${what}${LONG}`;
      said.push(text);
      await from.call("send", { group, text, waitMs: 0 });
      return text;
    };
    const bothSay = async (what: string): Promise<void> => {
      const { ana, ben } = pair;
      for (let i = 0; i < 4; i++) {
        const [up, down] = await Promise.all([say(ana, `${what} ${i}`), say(ben, `${what} ${i}`)]);
        await Promise.all([ben.hears(up), ana.hears(down)]);
      }
    };
    const whileIt = async (roughness: Roughness, what: string): Promise<void> => {
      pair.wire.roughen(roughness);
      await bothSay(what);
      pair.wire.roughen({});
    };

    it("carries what is said while a round trip takes 200 ms", () => whileIt({ delayMs: 100 }, "slowly"));

    it("carries it while 5 % of the packets are lost", () => whileIt({ lossShare: 0.05 }, "in pieces"));

    for (const direction of ["up", "down"] as const)
      it(`carries what it was cut in the middle of, on the way ${direction}`, async () => {
        const isCut = pair.wire.cutInside(direction);
        await bothSay(`cut ${direction}`);
        await isCut;
      });

    it("has brought everything once, and both have the same transcript", async () => {
      const { ana, ben } = pair;
      const [hers, his] = await Promise.all([ana.history(group), ben.history(group)]);
      assert.deepEqual(
        hers.map(({ id }) => id),
        his.map(({ id }) => id),
      );
      for (const texts of [hers.map(({ text }) => text), ana.heard(), ben.heard()])
        assert.deepEqual(texts.toSorted(), said.toSorted());
    });
  });
