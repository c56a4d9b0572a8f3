import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GroupId } from "../../src/wire/ids.ts";
import { type Bench, type BenchDevice, bench, groupOf, say } from "./bench-device.ts";

interface Cost {
  readonly loaded: number;
  readonly loadedBytes: number;
}

/** What it costs the last member to receive a message of the first, the second one that it gets of it. */
function receiving(size: number, history: number): Cost {
  const { table, devices, group } = groupWith(size);
  const [founder, ...others] = devices;
  const last = others.at(-1);
  assert(founder && last);
  for (let i = 0; i <= history; i++) say(founder, group, `message ${i}`);
  table.exchange(founder, last);
  say(founder, group, "the one that counts");
  const [envelope] = table.post(founder);
  assert(envelope);
  const cost = table.deliver(last, envelope);
  assert.equal(last.texts().at(-1), "the one that counts");
  return cost;
}

function groupWith(size: number): { table: Bench; devices: readonly BenchDevice[]; group: GroupId } {
  const table = bench();
  const devices = Array.from({ length: size }, (_, i) => table.device(`Person ${i}`));
  return { table, devices, group: groupOf(table, devices) };
}

describe("the cost of a received message", function () {
  this.timeout(30_000);

  it("is the same in a group of 3 and of 40", () => {
    const [few, many] = [receiving(3, 2), receiving(40, 2)];
    assert.equal(many.loaded, few.loaded);
    assert(many.loadedBytes < few.loadedBytes + 2_000, `${many.loadedBytes} bytes against ${few.loadedBytes}`);
  });

  it("is the same after 2 messages and after 200", () => {
    const [short, long] = [receiving(3, 2), receiving(3, 200)];
    assert.equal(long.loaded, short.loaded);
    assert(long.loadedBytes < short.loadedBytes + 500, `${long.loadedBytes} bytes against ${short.loadedBytes}`);
  });
});
