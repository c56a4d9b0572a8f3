import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createRelayLog, type RelayLog } from "../../relay-node/relay-log.ts";
import type { LogLevel } from "../../relay-node/settings.ts";
import { trafficCount } from "../../relay-node/traffic-count.ts";
import { writeWatch } from "../../relay-node/write-watch.ts";

function recording(level: LogLevel, name = ""): { readonly log: RelayLog; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createRelayLog({ level, name, write: (text) => lines.push(JSON.parse(text)) }) };
}

describe("the relay's log", () => {
  it("writes what its level wants, one object a line, under the relay's name", () => {
    const { log, lines } = recording("warn", "north");
    for (const level of ["error", "warn", "info", "debug"] as const) log(level, level, { count: 1 });
    const shown = lines.map(({ time, ...rest }) => ({ ...rest, isTime: /^\d{4}-.*Z$/.test(String(time)) }));
    assert.deepEqual(shown, [
      { level: "error", relay: "north", event: "error", count: 1, isTime: true },
      { level: "warn", relay: "north", event: "warn", count: 1, isTime: true },
    ]);
  });

  it("tells once that the store stopped taking envelopes, and once that it goes on", () => {
    const { log, lines } = recording("info");
    let writable = true;
    const watch = writeWatch(() => ({ writable, lagMs: 0, durability: "synced" }), log);
    for (const now of [true, false, false, true, true]) {
      writable = now;
      watch();
    }
    assert.deepEqual(
      lines.map(({ level, event }) => [level, event]),
      [
        ["error", "store-unwritable"],
        ["info", "store-writable"],
      ],
    );
  });

  it("counts traffic without a line for each event that a stranger can cause", () => {
    const { log, lines } = recording("info");
    const traffic = trafficCount(log);
    traffic.topicEvent({ kind: "session-opened" });
    traffic.topicEvent({ kind: "opened", topics: 1, refused: 2 });
    traffic.topicEvent({ kind: "appended", stored: 3, duplicates: 1, refused: 2, bytes: 300 });
    traffic.topicEvent({ kind: "appended", stored: 1, duplicates: 0, refused: 0, bytes: 50 });
    traffic.topicEvent({ kind: "fanned-out", envelopes: 1, deliveries: 9, bytes: 50 });
    traffic.topicEvent({ kind: "page-sent", envelopes: 4, bytes: 400 });
    traffic.topicEvent({ kind: "session-closed", reason: "the stream has closed" });
    traffic.prekeyEvent({ request: "take", answer: "taken" });
    assert.deepEqual(lines, []);
    traffic.report({ sessions: 7 });
    const [line = {}] = lines;
    const sums = {
      stored: 4,
      storedBytes: 350,
      duplicates: 1,
      refused: 2,
      delivered: 9,
      pagesSent: 1,
      prekeyRequests: 1,
      chunkBytesStored: 0,
      chunkBytesSent: 0,
    };
    const { time } = line as { time?: unknown };
    assert.deepEqual(line, { time, level: "info", event: "traffic", sessions: 7, ...sums });
  });
});
