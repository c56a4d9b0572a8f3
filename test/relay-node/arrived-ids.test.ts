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
    db.transaction(() => {
      for (let arrival = 1; arrival <= ARRIVALS; arrival++) ids.add(idOf(arrival), arrival);
    })();
    return ids;
  }

  it("are found in every generation, before and after a restart, and hardly ever where they are not", () => {
    for (const ids of [filled(), openArrivedIds(db)]) {
      for (let arrival = 1; arrival <= ARRIVALS; arrival += 997) {
        assert.deepEqual(ids.candidates(idOf(arrival)), [arrival]);
      }
      assert.deepEqual(ids.candidates(idOf(ARRIVALS + 1)), []);
    }
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

  it("point nowhere after a removal, whatever the filter says", () => {
    const ids = filled();
    ids.remove(idOf(7), 7);
    assert.deepEqual(ids.candidates(idOf(7)), []);
  });
});
