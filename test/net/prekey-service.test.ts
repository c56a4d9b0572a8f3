import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { afterEach, describe, it } from "mocha";
import { directoryRecordBytes } from "../../src/verify/directory-record.ts";
import { DirectoryKey, type PrekeyId, SlotKey, type TimeMs } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";

const cleanup = new Cleanup();
const seed = new Uint8Array(32).fill(5);
const slot = SlotKey.from(ed25519.getPublicKey(seed));
const directoryKey = DirectoryKey.from(new Uint8Array(32).fill(6));
const sealed = (byte: number): Uint8Array => new Uint8Array(100).fill(byte);

function record(publishedAt: number): DirectoryRecord {
  const oneTime = [1, 2].map((id) => ({ id: id as PrekeyId, sealed: sealed(id) }));
  return { version: 1, directoryKey, slot, publishedAt: publishedAt as TimeMs, bundle: sealed(9), oneTime };
}

const signed = (value: DirectoryRecord): Uint8Array => ed25519.sign(directoryRecordBytes(value), seed);

async function connected() {
  const relay = cleanup.add(await startRelay());
  const client = await startClient([relay.address]);
  cleanup.add(client.network);
  await client.recorder.untilState("connected");
  return client.network;
}

describe("the prekey directory", () => {
  afterEach(() => cleanup.run());

  it("hands each one-time prekey out once, and the bundle always", async () => {
    const network = await connected();
    assert.deepEqual(await network.publishPrekeys(record(1), signed(record(1))), { left: 2 });
    const taken = [1, 2, 3].map(() => network.takePrekeys(directoryKey));
    const ids = (await Promise.all(taken)).map((each) => each?.[0]?.oneTime?.id);
    assert.deepEqual(new Set(ids), new Set([1, 2, undefined]));
    assert.equal(await network.countPrekeys(directoryKey, slot), 0);
  });

  it("refuses a record that its slot has not signed, and one that is not newer", async () => {
    const network = await connected();
    assert.equal(await network.publishPrekeys(record(2), signed(record(3))), "refused");
    await network.publishPrekeys(record(2), signed(record(2)));
    assert.equal(await network.publishPrekeys(record(2), signed(record(2))), "refused");
  });

  it("answers nothing for an account that nobody knows, and undefined when nobody could be asked", async () => {
    const network = await connected();
    assert.deepEqual(await network.takePrekeys(directoryKey), []);
    await cleanup.run();
    assert.equal(await network.takePrekeys(directoryKey), undefined);
    assert.equal(await network.publishPrekeys(record(1), signed(record(1))), "unreachable");
  });

  it("answers a hundred requests at once", async () => {
    const network = await connected();
    await network.publishPrekeys(record(1), signed(record(1)));
    const answers = await Promise.all(Array.from({ length: 100 }, () => network.countPrekeys(directoryKey, slot)));
    assert.deepEqual(new Set(answers), new Set([2]));
  });

  it("stops answering a connection that asks without end", async () => {
    const network = await connected();
    const answers = await Promise.all(Array.from({ length: 200 }, () => network.countPrekeys(directoryKey, slot)));
    assert.ok(answers.filter((each) => each === undefined).length >= 20);
  });
});
