import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type CuttableWire, cuttableWire } from "../e2e/scene/cuttable-wire.ts";
import { footprint } from "./footprint.ts";
import { freePort, group, Member } from "./test-member.ts";
import { QUICK } from "./test-relay.ts";

/** Cut connections; `npm run test:long` asks for more. */
const CUTS = Number(process.env["HERMES_RECONNECTS"] ?? 30);
/** Cuts until caches and pools have what they need. */
const WARM_CUTS = Math.min(25, Math.floor(CUTS / 2));
/** What the heap may hold more after all cuts, collected (bytes): nearly all of it is code that was compiled meanwhile. */
const SLACK_BYTES = 3_000_000;
/** What both ends may hold more for each cut (bytes). A connection with its buffers has more, so 1,000 that stay show. */
const GROWTH_PER_CUT_BYTES = 4_000;

describe("two members whose connection is cut again and again", function () {
  this.timeout(60_000 + CUTS * 1_000);
  let wire: CuttableWire;
  let ana: Member;
  let ben: Member;
  /** Has ben dial now. */
  let hurry: () => void = () => undefined;
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): number => warnings.push(`${name}: ${message}`);

  before(async () => {
    process.on("warning", onWarning);
    const port = await freePort();
    wire = await cuttableWire(port);
    const watch = (changed: () => void) => {
      hurry = changed;
      return () => undefined;
    };
    // a connect between two that share a machine takes longer than the usual patience of tests
    const timing = { ...QUICK, deadAfterMs: 10_000, probeMs: 10_000 };
    ana = (await new Member({ port, timing }).start()).reads(group);
    ben = (await new Member({ knows: [wire.port], timing, watch }).start()).reads(group);
  });
  after(async () => {
    process.off("warning", onWarning);
    await ben.network.stop();
    await ana.network.stop();
    await wire.end();
  });

  const met = (member: Member): number => member.peers.filter((each) => each.endsWith("connected")).length;
  const parted = (member: Member): number => member.peers.filter((each) => each.endsWith("gone")).length;
  const exchange = async (round: number): Promise<void> => {
    for (const [writer, reader] of [
      [ana, ben],
      [ben, ana],
    ] as const) {
      await writer.write(`round ${round} of ${writer === ana ? "ana" : "ben"}`);
      await reader.recorder.until(() => reader.kept().length === writer.kept().length);
    }
  };

  it(`are together after each of ${CUTS} cuts, and keep no handle, listener or memory of them`, async () => {
    await exchange(0);
    let warm = footprint();
    for (let cuts = 1; cuts <= CUTS; cuts++) {
      const [bens, anas] = [ben, ana].map((each) => ({ parted: parted(each), met: met(each) }));
      assert(bens && anas);
      wire.cut();
      await ben.recorder.until(() => parted(ben) > bens.parted);
      await ana.recorder.until(() => parted(ana) > anas.parted);
      await new Promise((resolve) => setImmediate(resolve)); // the address is free again
      hurry();
      await ben.recorder.until(() => met(ben) > bens.met);
      await ana.recorder.until(() => met(ana) > anas.met);
      if (cuts !== WARM_CUTS) continue;
      await exchange(cuts);
      warm = footprint();
    }
    await exchange(CUTS + 1);
    const end = footprint();
    const figures = JSON.stringify({ cuts: CUTS, warm, end });
    if (process.env["HERMES_RECONNECTS"] !== undefined) process.stdout.write(`${figures}\n`);
    assert.ok(end.sockets <= warm.sockets, figures);
    assert.ok(end.timers <= warm.timers + 5, figures);
    assert.ok(end.heapBytes - warm.heapBytes < SLACK_BYTES + (CUTS - WARM_CUTS) * GROWTH_PER_CUT_BYTES, figures);
    assert.deepEqual(warnings, []); // Node warns of listeners that pile up
    assert.deepEqual([ana.network.peers().length, ben.network.peers().length], [1, 1]);
  });
});
