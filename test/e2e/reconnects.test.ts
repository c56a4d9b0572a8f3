import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { primitives, systemRandom, unlock } from "../../src/cli/compose-key.ts";
import { systemClock } from "../../src/cli/compose-profile.ts";
import type { Client } from "../../src/client/api.ts";
import { startClient } from "../../src/client/client.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";
import { createNetwork } from "../../src/net/client-network.ts";
import { openProfileStore } from "../../src/store/profile-store.ts";
import { footprint } from "../net/footprint.ts";
import { type CuttableWire, cuttableWire } from "./scene/cuttable-wire.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, PASSPHRASE, type Scene } from "./scene/scene.ts";

/** Cut connections; `npm run test:long` asks for more. */
const CUTS = Number(process.env["HERMES_RECONNECTS"] ?? 50);
/** Cuts until caches and pools have what they need. */
const WARM_CUTS = Math.min(25, Math.floor(CUTS / 2));
/** What the heap may hold more after all cuts, collected (bytes): nearly all of it is code that was compiled meanwhile. */
const SLACK_BYTES = 3_000_000;
/** What it may hold more for each cut (bytes). A connection with its buffers has more, so 1,000 that stay show. */
const GROWTH_PER_CUT_BYTES = 4_000;

describe("a client whose connection is cut again and again", function () {
  this.timeout(2 * PATIENCE_MS + CUTS * 1_000);
  let scene: Scene;
  let wire: CuttableWire;
  let ana: Person;
  let client: Client;
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): number => warnings.push(`${name}: ${message}`);

  before(async () => {
    process.on("warning", onWarning);
    scene = await openScene();
    const relay = await scene.relay();
    wire = await cuttableWire(relay.port);
    ana = await scene.person("ana", [`/ip4/127.0.0.1/tcp/${wire.port}/p2p/${relay.peerId}`]);
    const dataKey = await unlock(ana.profile, PASSPHRASE);
    client = await startClient({
      primitives,
      store: await openProfileStore({ directory: ana.profile, dataKey }),
      network: createNetwork({ timing: { firstRetryMs: 2, lastRetryMs: 4 } }),
      clock: systemClock,
      random: systemRandom,
    });
  });
  after(async () => {
    process.off("warning", onWarning);
    await client.close();
    await wire.end();
    await scene.end();
  });

  it(`is back after each of ${CUTS} cuts, and keeps no handle, listener or memory of them`, async () => {
    const call: Client["call"] = (what, options) => client.call(what, options);
    const id = (): string => randomBytes(8).toString("hex");
    const { group } = await call({ id: id(), method: "group-create", params: { name: "cuts" } });
    const send = () =>
      call({ id: id(), method: "send", params: { group: group.id, text: "still here", waitMs: PATIENCE_MS } });
    const connected = counter();
    const leaving = new AbortController();
    const following = call(
      { id: id(), method: "listen", params: {} },
      { emit: (event) => isConnected(event) && connected.add(), signal: leaving.signal },
    );
    assert.equal((await send()).state, "on-relay");
    let warm = footprint();
    for (let cuts = 1; cuts <= CUTS; cuts++) {
      assert.ok(wire.cut() >= 1);
      await connected.reaches(cuts + 1);
      if (cuts === WARM_CUTS) {
        await send();
        warm = footprint();
      }
    }
    assert.equal((await send()).state, "on-relay");
    const end = footprint();
    const figures = JSON.stringify({ cuts: CUTS, warm, end });
    if (process.env["HERMES_RECONNECTS"] !== undefined) process.stdout.write(`${figures}\n`);
    assert.ok(end.sockets <= warm.sockets, figures);
    assert.ok(end.timers <= warm.timers + 5, figures);
    const allowed = SLACK_BYTES + (CUTS - WARM_CUTS) * GROWTH_PER_CUT_BYTES;
    assert.ok(end.heapBytes - warm.heapBytes < allowed, figures);
    assert.deepEqual(warnings, []); // Node warns of listeners that pile up
    leaving.abort();
    await following;
  });
});

const isConnected = (event: ClientEvent): boolean => event.event === "status" && event.relay.state === "connected";

interface Counter {
  readonly add: () => void;
  readonly reaches: (count: number) => Promise<void>;
}

function counter(): Counter {
  let value = 0;
  let wake: () => void = () => undefined;
  return {
    add: () => {
      value++;
      wake();
    },
    reaches: async (count) => {
      while (value < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
