/** What every PrekeyDirectory promises. A test file calls {@link prekeyDirectoryContract} with a way to open a fresh one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import type { PrekeyDirectory } from "../../src/net/prekey-directory.ts";
import { DirectoryKey, type PrekeyId, SlotKey, type TimeMs } from "../../src/wire/ids.ts";
import { DIRECTORY_SLOTS_MAX, ONE_TIME_PREKEYS_MAX } from "../../src/wire/limits.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";

/** One directory under test. */
export interface OpenedDirectory {
  readonly directory: PrekeyDirectory;
  /** The same directory opened anew, as after a restart; undefined for one in memory. */
  readonly reopen: (() => Promise<PrekeyDirectory>) | undefined;
  readonly dispose: () => Promise<void>;
}

function digest(name: string): Uint8Array {
  return createHash("sha256").update(name).digest();
}

/** A directory key named by a small number. */
export function directoryKeyOf(name: number): DirectoryKey {
  return DirectoryKey.from(digest(`account ${name}`));
}

/** A slot key named by a small number. */
export function slotOf(name: number): SlotKey {
  return SlotKey.from(digest(`slot ${name}`));
}

interface Publication {
  readonly account?: number;
  readonly slot?: number;
  readonly at?: number;
  readonly ids?: readonly number[];
}

/** A publication; bundle and prekeys are made of its names, so that each is recognised. */
export function recordOf({ account = 1, slot = 1, at = 1, ids = [] }: Publication): DirectoryRecord {
  return {
    version: 1,
    directoryKey: directoryKeyOf(account),
    slot: slotOf(slot),
    publishedAt: at as TimeMs,
    bundle: digest(`bundle of ${slot} at ${at}`),
    oneTime: ids.map((id) => ({ id: id as PrekeyId, sealed: digest(`prekey ${id} of ${slot}`) })),
  };
}

function upTo(count: number, from = 1): readonly number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

async function takenIds(directory: PrekeyDirectory, account = 1): Promise<readonly (number | undefined)[]> {
  return (await directory.take(directoryKeyOf(account))).map(({ oneTime }) => oneTime?.id);
}

type Fresh = () => Promise<OpenedDirectory>;

/** Declares the suite. `open` answers a fresh, empty directory. */
export function prekeyDirectoryContract(name: string, open: Fresh): void {
  describe(`prekey directory contract: ${name}`, () => {
    const opened: OpenedDirectory[] = [];

    async function fresh(): Promise<OpenedDirectory> {
      const one = await open();
      opened.push(one);
      return one;
    }

    afterEach(async () => {
      for (const one of opened.splice(0)) await one.dispose();
    });

    publishing(fresh);
    taking(fresh);
    bounds(fresh);
    restarts(fresh);
  });
}

function publishing(fresh: Fresh): void {
  it("hands out what was published, byte for byte", async () => {
    const { directory } = await fresh();
    const record = recordOf({ ids: [5] });
    assert.deepEqual(await directory.publish(record), { kind: "published", left: 1 });
    const [device, ...others] = await directory.take(directoryKeyOf(1));
    assert.deepEqual(others, []);
    assert.deepEqual([...(device?.slot ?? [])], [...record.slot]);
    assert.deepEqual([...(device?.bundle ?? [])], [...record.bundle]);
    assert.deepEqual([...(device?.oneTime?.sealed ?? [])], [...(record.oneTime[0]?.sealed ?? [])]);
  });

  it("replaces a bundle by a later one only, and keeps the one-time prekeys that it had", async () => {
    const { directory } = await fresh();
    await directory.publish(recordOf({ at: 10, ids: [1] }));
    assert.deepEqual(await directory.publish(recordOf({ at: 10, ids: [2] })), { kind: "stale" });
    assert.deepEqual(await directory.publish(recordOf({ at: 9, ids: [2] })), { kind: "stale" });
    assert.deepEqual(await directory.publish(recordOf({ at: 11, ids: [3] })), { kind: "published", left: 2 });
    const [device] = await directory.take(directoryKeyOf(1));
    assert.deepEqual([...(device?.bundle ?? [])], [...recordOf({ at: 11 }).bundle]);
  });

  it("keeps accounts and slots apart", async () => {
    const { directory } = await fresh();
    await directory.publish(recordOf({ account: 1, slot: 1, ids: [1, 2] }));
    await directory.publish(recordOf({ account: 1, slot: 2, ids: [1] }));
    await directory.publish(recordOf({ account: 2, slot: 1, ids: [9] }));
    assert.deepEqual((await directory.take(directoryKeyOf(1))).length, 2);
    assert.deepEqual(await takenIds(directory, 2), [9]);
    assert.equal(await directory.count(directoryKeyOf(1), slotOf(1)), 1);
    assert.equal(await directory.count(directoryKeyOf(1), slotOf(2)), 0);
  });

  it("knows nobody who has not published", async () => {
    const { directory } = await fresh();
    assert.deepEqual(await directory.take(directoryKeyOf(7)), []);
    assert.equal(await directory.count(directoryKeyOf(7), slotOf(7)), 0);
  });
}

function taking(fresh: Fresh): void {
  it("hands out each one-time prekey once, also to takers at the same moment, then the bundle alone", async () => {
    const { directory } = await fresh();
    await directory.publish(recordOf({ ids: upTo(5) }));
    const ids = (await Promise.all(upTo(7).map(() => takenIds(directory)))).flat();
    const given = ids.filter((id) => id !== undefined);
    assert.deepEqual([...given].sort(), [...upTo(5)]);
    assert.equal(ids.length, 7);
    assert.equal(await directory.count(directoryKeyOf(1), slotOf(1)), 0);
  });

  it("ignores ids that it has or had, in any order", async () => {
    const { directory } = await fresh();
    await directory.publish(recordOf({ at: 1, ids: [5, 5, 6] }));
    assert.deepEqual(await takenIds(directory), [5]);
    assert.deepEqual(await directory.publish(recordOf({ at: 2, ids: [5, 6, 2] })), { kind: "published", left: 2 });
    assert.deepEqual([...(await takenIds(directory)), ...(await takenIds(directory))].sort(), [2, 6]);
    assert.deepEqual(await takenIds(directory), [undefined]);
  });
}

function bounds(fresh: Fresh): void {
  it("gives an account so many slots, first come, and still renews those", async () => {
    const { directory } = await fresh();
    for (const slot of upTo(DIRECTORY_SLOTS_MAX)) await directory.publish(recordOf({ slot }));
    const late = recordOf({ slot: DIRECTORY_SLOTS_MAX + 1, at: 99 });
    assert.deepEqual(await directory.publish(late), { kind: "full" });
    assert.equal((await directory.publish(recordOf({ slot: 3, at: 2 }))).kind, "published");
    assert.equal((await directory.publish({ ...late, directoryKey: directoryKeyOf(2) })).kind, "published");
    assert.equal((await directory.take(directoryKeyOf(1))).length, DIRECTORY_SLOTS_MAX);
  });

  it("holds so many one-time prekeys for a slot and takes more once some are gone", async () => {
    const { directory } = await fresh();
    const most = ONE_TIME_PREKEYS_MAX;
    assert.deepEqual(await directory.publish(recordOf({ ids: upTo(most) })), { kind: "published", left: most });
    const more = { at: 2, ids: upTo(5, most + 1) };
    assert.deepEqual(await directory.publish(recordOf(more)), { kind: "published", left: most });
    await directory.take(directoryKeyOf(1));
    assert.deepEqual(await directory.publish(recordOf({ ...more, at: 3 })), { kind: "published", left: most });
  });
}

function restarts(fresh: Fresh): void {
  it("remembers after a restart what it holds and what it gave away", async function () {
    const { directory, reopen } = await fresh();
    if (!reopen) return this.skip();
    await directory.publish(recordOf({ at: 5, ids: [1, 2] }));
    assert.deepEqual(await takenIds(directory), [1]);
    const back = await reopen();
    assert.deepEqual(await back.publish(recordOf({ at: 5 })), { kind: "stale" });
    assert.deepEqual(await back.publish(recordOf({ at: 6, ids: [1] })), { kind: "published", left: 1 });
    assert.deepEqual(await takenIds(back), [2]);
  });
}
