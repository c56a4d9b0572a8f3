import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { CatchUp } from "../../src/net/topic-catch-up.ts";
import { topicFanout } from "../../src/net/topic-fanout.ts";
import { TOPIC_LIMITS } from "../../src/net/topic-limits.ts";
import { gate, nextTurn } from "../../src/net/turn-gate.ts";
import { EnvelopeId, type Sequence, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { decodeHolderFrame } from "../../src/wire/topic-frames.ts";
import { memoryLog } from "./memory-log.ts";

const topic = Topic.from(new Uint8Array(32).fill(1));

/** What can happen in one turn, in any order. */
const event = fc.oneof(
  { weight: 5, arbitrary: fc.constant("append" as const) },
  { weight: 2, arbitrary: fc.constant("append without a notice" as const) },
  { weight: 2, arbitrary: fc.constant("notice late" as const) },
  { weight: 1, arbitrary: fc.constant("stream full" as const) },
  { weight: 2, arbitrary: fc.constant("stream empty" as const) },
  { weight: 3, arbitrary: fc.constant("turn" as const) },
);

/** A holder with one reader, and the notices that its fan-out has not had yet. */
function flow(pageEnvelopes: number) {
  const log = memoryLog();
  const fanout = topicFanout(() => undefined);
  const received: number[] = [];
  /** The frames, by kind and length. */
  const frames: string[] = [];
  const owed: number[] = [];
  let writable = true;
  const take = (encoded: Uint8Array): void => {
    const frame = decodeHolderFrame(encoded);
    if (frame?.kind === "newest")
      frames.push(`newest ${frame.envelopes[0]?.[0]}..${frame.envelopes.at(-1)?.[0]} of ${toHex(frame.topic)[1]}`);
    if (frame?.kind === "deliver") frames.push(`${frame.items[0]?.sequence}.. of ${toHex(frame.topic)[1]}`);
    if (frame?.kind === "deliver") received.push(...frame.items.map((each) => each.sequence));
  };
  const withoutLength = (frame: Uint8Array): Uint8Array => frame.subarray(frame.findIndex((byte) => byte < 0x80) + 1);
  const slowRead: typeof log.read = async (...args) => {
    const page = await log.read(...args); // what it says is old when it arrives
    await nextTurn();
    await nextTurn();
    return page;
  };
  const catchUp = new CatchUp(
    {
      log: { ...log, read: slowRead },
      limits: { ...TOPIC_LIMITS, pageEnvelopes },
      reads: gate(1),
      verifier: nodeVerifier,
      onPage: () => undefined,
    },
    {
      isWritable: () => writable,
      isTight: false,
      send: take,
      sendPrefixed: (frame) => take(withoutLength(frame)),
      abort: (reason) => assert.fail(reason),
    },
    { peer: "reader" },
  );
  let appended = 0;
  const notify = (sequence: number): void =>
    fanout.stored(topic, { sequence: sequence as Sequence, envelope: Uint8Array.of(sequence) });
  const append = (): number => {
    appended += 1;
    const id = EnvelopeId.from(new Uint8Array(32).fill(appended));
    log.append([{ topic, id, kind: 1, envelope: Uint8Array.of(appended) }]);
    return appended;
  };
  const setWritable = (value: boolean): void => {
    writable = value;
    if (value) catchUp.proceed();
  };
  return { frames, log, fanout, catchUp, received, owed, notify, append, setWritable, appended: () => appended };
}

/** A notice that was held back, or the first one again; never one of an envelope that is not in the log. */
function late(run: ReturnType<typeof flow>): void {
  const sequence = run.owed.pop() ?? 1;
  if (sequence <= run.appended()) run.notify(sequence);
}

describe("the flow of one topic to one reader", () => {
  it("is complete and in order, whatever is late, lost or full", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 5 }),
        async (events, page) => {
          const run = flow(page);
          run.fanout.add(run.catchUp.begin(topic, run.log.logId, 0 as Sequence));
          for (const each of events) {
            if (each === "append") run.notify(run.append());
            else if (each === "append without a notice") run.owed.push(run.append());
            else if (each === "notice late") late(run);
            else if (each === "turn") await nextTurn();
            else run.setWritable(each === "stream empty");
          }
          run.setWritable(true);
          if (run.owed.length > 0) run.notify(run.append()); // a later envelope brings along what nobody announced
          for (let turn = 0; turn < 500 && run.received.length < run.appended(); turn++) await nextTurn();
          assert.deepEqual(
            run.received,
            Array.from({ length: run.appended() }, (_, i) => i + 1),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("begins with the newest of every topic of which more than a page is missing", async () => {
    const run = flow(100);
    const other = Topic.from(new Uint8Array(32).fill(2));
    const near = Topic.from(new Uint8Array(32).fill(3));
    for (const [name, count] of [
      [topic, 150],
      [other, 250],
      [near, 90],
    ] as const)
      await run.log.append(
        Array.from({ length: count }, (_, i) => {
          const id = EnvelopeId.from(new Uint8Array(32).fill(i).fill(name[0] ?? 0, 16));
          return { topic: name, id, kind: 1, envelope: Uint8Array.of(i + 1) };
        }),
      );
    for (const name of [topic, other, near]) run.catchUp.begin(name, run.log.logId, 0 as Sequence);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    assert.deepEqual(run.frames, [
      "newest 101..150 of 1",
      "newest 187..250 of 2",
      "1.. of 3",
      "1.. of 1",
      "1.. of 2",
      "101.. of 1",
      "101.. of 2",
      "201.. of 2",
    ]);
  });
});
