import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { followedRelays } from "../../src/client/followed-relays.ts";
import type { ToldBy } from "../../src/client/ports/network.ts";
import { GroupId } from "../../src/wire/ids.ts";

const group = (byte: number) => GroupId.from(new Uint8Array(32).fill(byte));

function following() {
  const used = new Set<string>();
  const followed = followedRelays({
    useRelays: (addresses) => {
      for (const each of addresses) used.add(each);
    },
    dropRelays: (addresses) => {
      for (const each of addresses) used.delete(each);
    },
  });
  const name = (toldBy: ToldBy, relays: readonly string[], byte?: number) =>
    followed.use({ kind: "use-relays", relays, toldBy, ...(byte === undefined ? {} : { group: group(byte) }) });
  return { used, name };
}

describe("relays that are followed", () => {
  it("are let go when a group leaves them, unless something else names them", () => {
    const { used, name } = following();
    name("us", ["mine"]);
    name("us", ["mine", "old", "shared"], 1);
    name("us", ["shared"], 2);
    name("us", ["new"], 1);
    assert.deepEqual([...used], ["mine", "shared", "new"]);
    name("us", [], 2);
    assert.deepEqual([...used], ["mine", "new"]);
  });

  it("of groups that people put us into stay few, however often these move", () => {
    const { used, name } = following();
    for (let move = 0; move < 5; move++) {
      const relays = Array.from({ length: 20 }, (_, i) => `${move}-${i}`);
      name("adder", relays, 1);
      name("adder", relays, 2);
      assert.deepEqual([...used], relays.slice(0, 8));
      name("adder", [], 2);
    }
  });
});
