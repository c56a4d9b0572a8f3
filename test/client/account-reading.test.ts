/** What relays keep of an account, read with its seed alone, and what a client makes of it. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readAccountTopic } from "../../src/client/account-reading.ts";
import { setUpRestored } from "../../src/client/account-setup.ts";
import { startClient } from "../../src/client/client.ts";
import type { Clock } from "../../src/client/ports/clock.ts";
import type { Network, NetworkEvents, RelayStatus, TopicSubscription } from "../../src/client/ports/network.ts";
import { nativePrimitives as p } from "../../src/crypto-native/native-primitives.ts";
import { accountTopicKeys, sealAccountSnapshot } from "../../src/protocol/account-topic-box.ts";
import { depositEnvelope } from "../../src/protocol/topic-envelope.ts";
import type { AccountItem } from "../../src/wire/account-snapshot.ts";
import { DeviceKey, GroupId, LogId, Nonce, type Sequence } from "../../src/wire/ids.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";

const SEED = new Uint8Array(32).fill(7);
const KEYS = accountTopicKeys(p, SEED);
const settings: AccountItem = { counter: 1, value: { kind: "settings", name: "Ana", relays: ["/relay"] } };
const group = (byte: number, contacts: number): AccountItem => ({
  counter: 1,
  value: {
    kind: "group",
    group: GroupId.from(p.sha256(Uint8Array.of(byte))),
    name: `group ${byte}`,
    relays: [],
    contacts: Array.from({ length: contacts }, (_, i) => p.sha256(Uint8Array.of(byte, i)) as never),
    left: false,
  },
});

/** An envelope of the account topic with these items. */
function posted(items: readonly AccountItem[]): Uint8Array {
  const device = DeviceKey.from(p.sha256(new Uint8Array()));
  const snapshot = { version: 1, device, revision: 1, part: 0, parts: 1, items } as const;
  return depositEnvelope(KEYS.topic, sealAccountSnapshot(p, KEYS, snapshot, Nonce.from(new Uint8Array(24))));
}

type State = RelayStatus["state"];

/** A network of relays in these states; those that are connected have these envelopes, and those that will be the late ones. */
function network(states: readonly State[], envelopes: readonly Uint8Array[] = [], late: readonly Uint8Array[] = []) {
  const present = [...states];
  const log = (i: number) => LogId.from(new Uint8Array(16).fill(i));
  let told: NetworkEvents | undefined;
  let stopped = false;
  const relays = (): readonly RelayStatus[] =>
    present.map((state, i) => ({ address: `/relay/${i}`, state, sinceMs: 0, reason: `it is ${state}` }));
  const serve = async ({ topic }: TopicSubscription): Promise<void> => {
    for (const [i, state] of states.entries()) {
      if (state === "connecting") await new Promise((resolve) => setImmediate(resolve));
      else if (state !== "connected") continue;
      present[i] = "connected";
      const items = (state === "connected" ? envelopes : late).map((envelope, at) => ({
        sequence: (at + 1) as Sequence,
        envelope,
      }));
      await told?.delivered({ log: log(i), topic, items });
      told?.caughtUp(topic, log(i));
    }
    if (!states.includes("connected")) for (const status of relays()) told?.relayChanged(status);
  };
  const port: Partial<Network> = {
    start: async (events) => {
      told = events;
    },
    subscribe: (subscription) => void serve(subscription),
    relays,
    stop: async () => {
      stopped = true;
    },
  };
  return { port: port as Network, isStopped: () => stopped };
}

async function read(...relays: Parameters<typeof network>) {
  const { port, isStopped } = network(...relays);
  const clock = { nowMs: () => 0, after: () => () => undefined };
  const reading = await readAccountTopic({ primitives: p, network: port, clock }, SEED, 1_000);
  assert(isStopped());
  return reading;
}

describe("reading an account with its seed", () => {
  it("finds the newest of everything at whatever relay answers", async () => {
    const renamed: AccountItem = { counter: 2, value: { kind: "settings", name: "Ann", relays: [] } };
    const reading = await read(["unreachable", "connected"], [posted([renamed]), posted([settings, group(1, 1)])]);
    assert.deepEqual(reading, { kind: "found", items: [renamed, group(1, 1)], name: "Ann", relays: [] });
  });

  it("waits for relays that are still being connected to", async () => {
    const renamed: AccountItem = { counter: 2, value: { kind: "settings", name: "Ann", relays: [] } };
    const reading = await read(["connected", "connecting"], [posted([settings])], [posted([renamed])]);
    assert.equal(reading.kind === "found" && reading.name, "Ann");
  });

  it("tells nothing found from nobody there", async () => {
    assert.deepEqual(await read(["connected"], [Uint8Array.of(1), posted([])]), { kind: "nothing" });
    assert.deepEqual(await read(["refused", "unreachable"]), { kind: "unreachable", reason: "it is refused" });
  });
});

describe("a restored profile", () => {
  it("lists groups that it is not let into yet as pending, and those where nobody else was as alone", async () => {
    const store = memoryStore(emptyProfile());
    const clock: Clock = {
      nowMs: () => 1_800_000_000_000,
      after: (delayMs, wake) => {
        const timer = setTimeout(wake, delayMs).unref();
        return () => clearTimeout(timer);
      },
    };
    const random = (length: number) => Uint8Array.from({ length }, (_, i) => i * length);
    const parts = { primitives: p, store, clock, random };
    const items = [settings, group(1, 2), group(2, 0)];
    await setUpRestored(parts, { accountSeed: SEED, name: "Ana", relays: [], items });
    const { port } = network([]);
    const client = await startClient({
      ...parts,
      network: { ...port, useRelays: () => undefined, unsubscribe: () => undefined, append: async () => [] } as Network,
    });
    const call = <M extends "group-list" | "linking">(method: M) => client.call({ id: method, method, params: {} });
    const { groups } = await call("group-list");
    assert.deepEqual(groups.map(({ name, state }) => [name, state]).sort(), [
      ["group 1", "pending"],
      ["group 2", "pending"],
    ]);
    const linking = await call("linking");
    await client.close();
    assert.deepEqual(linking.groups.map(({ group: { name }, state }) => [name, state]).sort(), [
      ["group 1", "pending"],
      ["group 2", "alone"],
    ]);
  });
});
