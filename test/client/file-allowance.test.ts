import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createFileAllowance } from "../../src/client/file-allowance.ts";
import { AccountKey } from "../../src/wire/ids.ts";

const person = (byte: number): AccountKey => AccountKey.from(new Uint8Array(32).fill(byte));
const [ANN, BOB] = [person(1), person(2)];

describe("files that are fetched without asking", () => {
  it("are up to the size of the settings, and none when that is 0", () => {
    const may = createFileAllowance(1_000, () => 0);
    assert.deepEqual([may(ANN, 1_000), may(ANN, 1_001)], [true, false]);
    assert.equal(createFileAllowance(0, () => 0)(ANN, 0), false);
  });

  it("are not all that somebody sends: 32 large ones a day, whatever others send", () => {
    let nowMs = 0;
    const may = createFileAllowance(1_000, () => nowMs);
    const fetched = Array.from({ length: 500 }, () => may(ANN, 1_000)).filter(Boolean).length;
    assert.equal(fetched, 32);
    assert.equal(may(BOB, 1_000), true);
    nowMs = 86_400_000;
    assert.equal(may(ANN, 1_000), true);
  });

  it("are no more than ten people's a day, however many accounts somebody makes", () => {
    let nowMs = 0;
    const may = createFileAllowance(1_000, () => nowMs);
    const one = (i: number): AccountKey => AccountKey.from(new Uint8Array(32).map((_, at) => i >> (8 * at)));
    let fetched = 0;
    for (let i = 0; i < 11_000; i++) for (let k = 0; k < 2; k++) if (may(one(i), 1_000)) fetched++;
    assert.equal(fetched, 320);
    nowMs = 86_400_000;
    assert.equal(may(ANN, 1_000), true);
  });

  it("are one person's together in all groups that we were put into unasked, and take nothing from anybody else", () => {
    const may = createFileAllowance(1_000, () => 0);
    assert.equal(Array.from({ length: 500 }, () => may(undefined, 1_000)).filter(Boolean).length, 32);
    assert.equal(may(ANN, 1_000), true);
  });

  it("are a thousand a day however small they are", () => {
    const may = createFileAllowance(1_000_000, () => 0);
    assert.equal(Array.from({ length: 2_000 }, () => may(ANN, 0)).filter(Boolean).length, 1_000);
  });
});
