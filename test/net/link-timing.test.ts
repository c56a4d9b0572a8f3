import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { AppendOutcome } from "../../src/client/ports/network.ts";
import { appendEverywhere } from "../../src/net/append-everywhere.ts";
import { failureOf, NOBODY_LISTENS } from "../../src/net/link-failure.ts";
import { LINK_TIMING, longestRetryMs, shortened } from "../../src/net/link-timing.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";

describe("the patience of a relay link", () => {
  it("retries fast at first, doubles, and never waits longer than a returned relay has to be found", () => {
    const busy = [1, 2, 3, 4, 5, 6, 7].reduce<readonly number[]>(
      (waits) => [...waits, longestRetryMs(LINK_TIMING, waits.at(-1) ?? 0, false)],
      [],
    );
    assert.deepEqual(busy, [200, 400, 800, 1_600, 3_200, 4_000, 4_000]);
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (absent, random) => {
          const longestMs = absent.reduce((before, isAbsent) => longestRetryMs(LINK_TIMING, before, isAbsent), 0);
          const delayMs = shortened(longestMs, random);
          assert.ok(delayMs >= longestMs / 2 && delayMs <= (absent.at(-1) ? 800 : 4_000));
        },
      ),
    );
  });

  it("asks again within a second, less what a connect takes, for as long as nobody listens", () => {
    assert.equal(longestRetryMs(LINK_TIMING, 4_000, true), LINK_TIMING.absentRetryMs);
    assert.equal(longestRetryMs(LINK_TIMING, LINK_TIMING.absentRetryMs, true), LINK_TIMING.absentRetryMs);
    assert.ok(LINK_TIMING.absentRetryMs <= 800);
    assert.equal(failureOf(new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:1")])), NOBODY_LISTENS);
    assert.notEqual(failureOf(new Error("read ECONNRESET")), NOBODY_LISTENS);
  });

  it("finds a silent link within 15 s", () => {
    const { heartbeatMs, deadAfterMs } = LINK_TIMING;
    assert.ok(deadAfterMs > 2 * heartbeatMs && deadAfterMs + heartbeatMs / 5 <= 15_000);
  });

  it("never puts what the error says into the sentence", () => {
    const secret = "/ip4/198.51.100.7/tcp/1/p2p/12D3KooWSecret";
    for (const error of [new Error(secret), new AggregateError([new Error(secret)], secret), secret, undefined]) {
      assert.doesNotMatch(failureOf(error).reason, /198|12D3/);
    }
    assert.equal(failureOf(new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:1")])).state, "unreachable");
  });
});

describe("an append to several relays", () => {
  const stored: AppendOutcome = { kind: "stored", sequence: 1 as Sequence, duplicate: false };
  const busy: AppendOutcome = { kind: "refused", reason: REFUSAL.busy };
  const forged: AppendOutcome = { kind: "refused", reason: REFUSAL.forged };
  const unknown: AppendOutcome = { kind: "unreachable" };
  const envelope = new Uint8Array(1);

  it("prefers stored, then what is worth repeating, then a final no", async () => {
    const ranked = [stored, busy, unknown, forged];
    for (const [i, better] of ranked.entries()) {
      for (const worse of ranked.slice(i)) {
        for (const pair of [
          [better, worse],
          [worse, better],
        ] as const) {
          const answers = pair.map((each) => Promise.resolve([each]));
          assert.deepEqual(await appendEverywhere([envelope], answers), [better]);
        }
      }
    }
  });

  it("does not wait for the others once everything is stored, and is unknown without anybody", async () => {
    const never = new Promise<readonly AppendOutcome[]>(() => undefined);
    assert.deepEqual(await appendEverywhere([envelope], [never, Promise.resolve([stored])]), [stored]);
    assert.deepEqual(await appendEverywhere([envelope], []), [unknown]);
  });
});
