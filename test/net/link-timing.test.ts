import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { AppendOutcome } from "../../src/client/ports.ts";
import { appendEverywhere } from "../../src/net/append-everywhere.ts";
import { failureOf } from "../../src/net/link-failure.ts";
import { LINK_TIMING, retryDelayMs } from "../../src/net/link-timing.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";

describe("the patience of a relay link", () => {
  it("retries fast at first and never later than a returned relay has to be found", () => {
    assert.ok(retryDelayMs(LINK_TIMING, 1, 0) <= 200);
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const delayMs = retryDelayMs(LINK_TIMING, failures + 1, random);
        assert.ok(delayMs >= LINK_TIMING.firstRetryMs / 2 && delayMs <= 4_000);
      }),
    );
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
