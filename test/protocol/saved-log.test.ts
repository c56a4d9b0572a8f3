import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { resolve } from "../../src/protocol/log-resolution.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { LOG_HEAD, LOGGED } from "../../src/protocol/records/log.ts";
import { beginLog, readLog, saveLog } from "../../src/protocol/saved-log.ts";
import { isFault } from "../../src/wire/fault.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, newDevice } from "./device.ts";
import { makeEntry, newLog, rekeying, somebody } from "./log-builder.ts";

/** A log of so many entries, in a row. */
function logOf(length: number) {
  const by = somebody("owner");
  const builder = newLog(by);
  while (builder.log.entries.length < length) {
    const last = builder.entries.at(-1) ?? assert.fail();
    const seq = builder.log.entries.length;
    builder.judge(
      makeEntry({ by, group: builder.group, action: rekeying, parents: [last.hash], seq, prev: last.hash }),
    );
  }
  return builder.log;
}

/** The same records on another device, which remembers nothing of them. */
function copied(device: Device, name: string): Device {
  const other = newDevice(name, device.clock);
  for (const [key, bytes] of device.records) if (!key.startsWith(ACCOUNT.prefix)) other.records.set(key, bytes);
  return other;
}

describe("a saved membership log", () => {
  const ann = newDevice("Ann", { nowMs: 1 });
  const log = logOf(600);
  const id = toHex(log.group);

  it("is the log that was saved, piece by piece, also for who remembers nothing", () => {
    for (const upTo of [1, 2, 255, 256, 257, 600]) ann.run((work) => saveLog(work, log, upTo));
    assert.equal(ann.ids(LOGGED).length, 600);
    const read = copied(ann, "Bob").log(log.group);
    assert.deepEqual(read, log);
    assert.deepEqual(resolve(read).heads, resolve(log).heads);
  });

  it("costs one entry and its head to be made longer by one", () => {
    const { written } = ann.run((work) => saveLog(work, logOf(601)));
    assert.deepEqual(
      [...written.keys()].map((key) => key.split("/")[0]),
      ["logged", "log-head"],
    );
  });

  it("is taken from memory only with the head that it was saved with", () => {
    const other = copied(ann, "Cem");
    const whole = other.log(log.group);
    assert.equal(other.log(log.group), whole);
    const head = other.existing(LOG_HEAD, id);
    other.save(LOG_HEAD, id, { ...head, entries: 300 });
    assert.equal(other.log(log.group).entries.length, 300);
  });

  it("counts for nothing beyond its head, and is written over from there", () => {
    const other = copied(ann, "Dan");
    other.run(function* (work) {
      beginLog(work, log.group);
      yield* saveLog(work, log, 10);
    });
    assert.equal(other.log(log.group).entries.length, 10);
    assert.equal(other.ids(LOGGED).length, 601);
  });

  it("with a piece missing is a fault, and none at all is none", () => {
    const other = copied(ann, "Eve");
    other.records.delete(`${LOGGED.prefix}${id}/000064`);
    assert.throws(
      () => other.log(log.group),
      (error) => isFault(error, "storage/corrupt"),
    );
    assert.equal(other.run((work) => readLog(work, "00")).answer, undefined);
  });
});
