import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { type RecordType, read } from "../../src/protocol/step.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { isFault } from "../../src/wire/fault.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import { newDevice } from "../protocol/device.ts";
import { RECORD_FILES, RECORD_TYPES } from "./every-record.ts";

/** Saved by the version that first had format 1 (test/formats/write-records.ts); it is never written anew for the same format. */
const SAVED = JSON.parse(readFileSync(new URL("records-v1.json", import.meta.url), "utf8")) as Record<string, string>;

const savedOf = ({ prefix }: RecordType<unknown>): Uint8Array =>
  fromHex(SAVED[prefix] ?? "") ?? assert.fail(`no saved record of ${prefix}`);

describe("saved records of format 1", () => {
  it("no file of records is left out", () => {
    const files = readdirSync(new URL("../../src/protocol/records/", import.meta.url));
    assert.deepEqual(files.filter((name) => name !== "record.ts").sort(), Object.keys(RECORD_FILES).sort());
  });

  it("there is one of every type, and none besides", () => {
    assert.deepEqual(RECORD_TYPES.map(({ prefix }) => prefix).sort(), Object.keys(SAVED).sort());
  });

  for (const type of RECORD_TYPES) {
    it(`${type.prefix} is read, and written the same`, () => {
      const saved = savedOf(type);
      const value = decode(type.codec, saved);
      assert(value !== undefined);
      assert.equal(toHex(encode(type.codec, value)), toHex(saved));
    });

    it(`${type.prefix} of an unknown version, or cut, is a fault that names the type only`, () => {
      const device = newDevice("Ann", { nowMs: 0 });
      const saved = savedOf(type);
      for (const bytes of [Uint8Array.of((saved[0] ?? 0) + 1, ...saved.subarray(1)), saved.subarray(0, -1)]) {
        device.records.set(`${type.prefix}some id`, bytes);
        assert.throws(
          () => device.run((work) => read(work, type, "some id")),
          (error) => isFault(error, "storage/corrupt") && error.message.includes(`(${type.prefix})`),
        );
      }
    });
  }
});
