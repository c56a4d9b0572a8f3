import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Network } from "../../src/client/ports/network.ts";
import { createNetwork } from "../../src/net/client-network.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { DirectoryKey, SlotKey, type TimeMs } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { memoryLog } from "./memory-log.ts";
import { NetworkRecorder } from "./network-recorder.ts";
import { Cleanup, QUICK } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const inbox = topicKey(1);
const elsewhere = topicKey(2);
const group = topicKey(3);

/** Somebody who listens on loopback, and what they are told. */
async function somebody() {
  const recorder = new NetworkRecorder();
  const taken: string[] = [];
  const log = Object.assign(memoryLog(Math.floor(Math.random() * 256)), { watch: () => () => undefined });
  const members = { log, verifier: nobleVerifier, listen: ["/ip4/127.0.0.1/tcp/0"], addresses: [], discover: false };
  const network = createNetwork({ timing: QUICK, members });
  const { delivered, caughtUp, relayChanged } = recorder;
  let wake: () => void = () => undefined;
  const mailTaken = (topic: Uint8Array): void => {
    taken.push(toHex(topic));
    wake();
  };
  await network.start({ delivered, caughtUp, relayChanged, mailTaken });
  cleanup.add({ stop: () => network.stop() });
  const untilTaken = async (topic: Uint8Array): Promise<void> => {
    while (!taken.includes(toHex(topic))) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { network, recorder, untilTaken };
}

const knows = (one: Network, other: Network): void =>
  one.useAddresses?.(other.reach().listening.map((each) => each.replace(/\/p2p\/.*/, "")));

describe("mail between two who never saw a relay", () => {
  afterEach(() => cleanup.run());

  it("is looked for, found, taken, and acknowledged when it is committed", async () => {
    const [ann, bob] = [await somebody(), await somebody()];
    bob.network.subscribe({ ...inbox.subscription({ inbox: true }), takesMail: true });
    knows(ann.network, bob.network);
    const letter = inbox.deposit("dear bob");
    assert.deepEqual(await ann.network.append([letter]), [{ kind: "unreachable" }]);
    await ann.untilTaken(inbox.topic);
    let began: () => void = () => undefined;
    const beginning = new Promise<void>((resolve) => (began = resolve));
    let commit: () => void = () => undefined;
    bob.recorder.commit = () => {
      began();
      return new Promise((resolve) => (commit = resolve));
    };
    const outcome = ann.network.append([elsewhere.deposit("nobody"), letter]);
    let isOver = false;
    void outcome.then(() => (isOver = true));
    await beginning;
    assert.equal(isOver, false, "not before it is committed");
    commit();
    assert.deepEqual(
      (await outcome).map(({ kind }) => kind),
      ["unreachable", "stored"],
    );
    assert.deepEqual(bob.recorder.texts(inbox.topic), ["dear bob"]);
  });

  it("is given to nobody who only knows the inbox", async () => {
    const [ann, eve] = [await somebody(), await somebody()];
    const { subscription } = inbox;
    const pretended = { ...subscription({ inbox: true }), prove: elsewhere.subscription({ inbox: true }).prove };
    eve.network.subscribe({ ...pretended, takesMail: true });
    eve.network.subscribe({ ...elsewhere.subscription({ inbox: true }), takesMail: true });
    knows(ann.network, eve.network);
    await ann.network.append([inbox.deposit("for bob"), elsewhere.deposit("for eve")]);
    await ann.untilTaken(elsewhere.topic);
    const outcomes = await ann.network.append([inbox.deposit("for bob"), elsewhere.deposit("for eve")]);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["unreachable", "stored"],
    );
    assert.deepEqual(eve.recorder.texts(inbox.topic), []);
  });

  it("is neither a group's message nor for a topic that takes none", async () => {
    const [ann, bob] = [await somebody(), await somebody()];
    bob.network.subscribe({ ...inbox.subscription({ inbox: true }), takesMail: true });
    bob.network.subscribe(elsewhere.subscription({ inbox: true }));
    bob.network.subscribe(group.subscription());
    knows(ann.network, bob.network);
    const all = [group.envelope("said"), elsewhere.deposit("no mail"), inbox.deposit("mail")];
    await ann.network.append(all);
    await ann.untilTaken(inbox.topic);
    assert.deepEqual(
      (await ann.network.append(all)).map(({ kind }) => kind),
      ["unreachable", "unreachable", "stored"],
    );
  });

  it("can be begun: a device answers for its own prekeys, and for no others", async () => {
    const [ann, bob] = [await somebody(), await somebody()];
    const directoryKey = DirectoryKey.from(new Uint8Array(32).fill(7));
    const record: DirectoryRecord = {
      version: 1,
      directoryKey,
      slot: SlotKey.from(new Uint8Array(32).fill(8)),
      publishedAt: 1 as TimeMs,
      bundle: Uint8Array.of(9),
      oneTime: [],
    };
    bob.network.offerPrekeys?.(record);
    knows(ann.network, bob.network);
    const taken = await ann.network.takePrekeys(directoryKey);
    assert.deepEqual(taken, [{ slot: record.slot, bundle: record.bundle, oneTime: undefined }]);
    assert.equal(await bob.network.takePrekeys(directoryKey), undefined, "nobody else has them");
  });
});
