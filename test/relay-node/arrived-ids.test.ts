import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type ArrivedIds, openArrivedIds } from "../../relay-node/arrived-ids.ts";
import { openDatabase } from "../../relay-node/store-schema.ts";
import { EnvelopeId } from "../../src/wire/ids.ts";

/** More than one filter's block (131,072 arrivals). */
const ARRIVALS = 140_000;
const idOf = (name: number): EnvelopeId => EnvelopeId.from(createHash("sha256").update(`id ${name}`).digest());

describe("the ids by arrival", function () {
  this.timeout(20_000);
  let directory = "";
  let db: ReturnType<typeof openDatabase>;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hermes-ids-"));
    db = openDatabase({ directory, maxPages: 0 });
  });

  afterEach(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });

  function filled(): ArrivedIds {
    const ids = openArrivedIds(db);
    store(ids, 1, ARRIVALS);
    return ids;
  }

  /** Envelopes with these arrivals, named after them, and their ids. */
  function store(ids: ArrivedIds, from: number, to: number): void {
    const add = db.prepare("INSERT INTO envelope VALUES (?, 1, ?, 0, ?, x'')");
    db.transaction(() => {
      for (let arrival = from; arrival <= to; arrival++) {
        add.run(arrival, arrival, idOf(arrival));
        ids.add(idOf(arrival), arrival);
      }
    })();
  }

  it("are found in every generation, before and after a restart, and hardly ever where they are not", () => {
    for (const ids of [filled(), openArrivedIds(db)]) {
      for (let arrival = 1; arrival <= ARRIVALS; arrival += 997) {
        assert.deepEqual(ids.candidates(idOf(arrival)), [arrival]);
      }
      assert.deepEqual(ids.candidates(idOf(ARRIVALS + 1)), []);
    }
  });

  it("are found by filters of half the size, as older versions stored them", () => {
    filled();
    const stored = db.prepare<[], { bits: Buffer }>("SELECT bits FROM id_filter WHERE block = 0").get()?.bits;
    assert.ok(stored);
    const half = stored.length / 2; // a bit stands at its hash, cut to the filter's size
    const older = stored.subarray(0, half).map((bits, i) => bits | (stored[half + i] ?? 0));
    db.prepare("UPDATE id_filter SET bits = ? WHERE block = 0").run(older);
    const ids = openArrivedIds(db);
    for (let arrival = 1; arrival <= ARRIVALS; arrival += 997)
      assert.deepEqual(ids.candidates(idOf(arrival)), [arrival]);
  });

  it("are forgotten by whole generations, the newer ones never", () => {
    const ids = filled();
    db.transaction(() => ids.forgetBefore(135_000))();
    assert.deepEqual(ids.candidates(idOf(4_095)), []);
    assert.deepEqual(ids.candidates(idOf(135_000)), [135_000]);
    assert.deepEqual(openArrivedIds(db).candidates(idOf(ARRIVALS)), [ARRIVALS]);
  });

  it("are still known when the transaction that forgot them fails", () => {
    const ids = filled();
    const restore = ids.savepoint();
    assert.throws(() =>
      db.transaction(() => {
        ids.forgetBefore(ARRIVALS);
        throw new Error("no disk");
      })(),
    );
    restore();
    assert.deepEqual(ids.candidates(idOf(1)), [1]);
  });

  it("are written a generation at a time, and known although the commit that wrote one failed", () => {
    const written = db.prepare("SELECT count(*) FROM arrived_id").pluck();
    const ids = openArrivedIds(db);
    store(ids, 1, 4_095);
    assert.equal(written.get(), 0);
    const restore = ids.savepoint();
    assert.throws(() =>
      db.transaction(() => {
        store(ids, 4_096, 4_100);
        assert.equal(written.get(), 4_095);
        throw new Error("no disk");
      })(),
    );
    restore();
    assert.deepEqual(ids.candidates(idOf(7)), [7]);
    store(ids, 4_096, 4_200);
    for (const each of [ids, openArrivedIds(db)])
      assert.deepEqual(
        [7, 4_095, 4_096, 4_200].flatMap((name) => each.candidates(idOf(name))),
        [7, 4_095, 4_096, 4_200],
      );
  });

  it("are known when arrivals go back, because the newest envelopes were trimmed", () => {
    const ids = openArrivedIds(db);
    store(ids, 1, 4_100);
    db.exec("DELETE FROM envelope WHERE arrival > 4000");
    for (let arrival = 4_001; arrival <= 4_100; arrival++) ids.remove(idOf(arrival), arrival);
    const again = db.prepare("INSERT INTO envelope VALUES (4001, 1, 4001, 0, ?, x'')");
    again.run(idOf(9_999));
    ids.add(idOf(9_999), 4_001);
    for (const each of [ids, openArrivedIds(db)]) assert.deepEqual(each.candidates(idOf(9_999)), [4_001]);
  });

  it("point nowhere after a removal, whatever the filter says", () => {
    const ids = filled();
    ids.remove(idOf(7), 7);
    assert.deepEqual(ids.candidates(idOf(7)), []);
  });
});
