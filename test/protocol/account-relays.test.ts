import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Effect } from "../../src/protocol/effects.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { FORMER_RELAYS } from "../../src/protocol/records/group.ts";
import { newScene } from "./scene.ts";

const relay = (n: number): string =>
  `/ip4/192.0.2.${n}/tcp/33001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN`;
const WEEK_MS = 7 * 24 * 3600 * 1000;

const used = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((each) => (each.kind === "use-relays" && each.toldBy === "us" && !each.group ? each.relays : []));
const published = (effects: readonly Effect[]): number =>
  effects.filter(({ kind }) => kind === "publish-prekeys").length;

describe("relays of an account", () => {
  it("are used at once, and those who take our prekeys are told", () => {
    const ann = newScene().person("Ann");
    const { effects } = ann.put({ kind: "change-relays", relays: [relay(1), relay(2)] });
    assert.deepEqual(used(effects).slice(0, 2), [relay(1), relay(2)]);
    assert.equal(published(effects), 1);
    assert.deepEqual(ann.existing(ACCOUNT).relays, [relay(1), relay(2)]);
  });

  it("that were left are read for a week more, and not when they came back", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    const first = ann.existing(ACCOUNT).relays;
    ann.put({ kind: "change-relays", relays: [relay(1)] });
    ann.put({ kind: "change-relays", relays: [relay(2)] });
    assert.deepEqual(used(ann.put({ kind: "start" }).effects), [relay(2), relay(1), ...first]);
    ann.put({ kind: "change-relays", relays: [relay(2), relay(1)] });
    assert.deepEqual(used(ann.put({ kind: "start" }).effects), [relay(2), relay(1), ...first]);
    scene.clock.nowMs += WEEK_MS;
    assert.deepEqual(used(ann.put({ kind: "start" }).effects), [relay(2), relay(1)]);
    assert.equal(ann.record(FORMER_RELAYS), undefined);
  });
});
