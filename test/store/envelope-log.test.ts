import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { TopicLog } from "../../src/net/topic-log.ts";
import { ENVELOPE_SQL } from "../../src/store/envelope-table.ts";
import { openProfileDatabase } from "../../src/store/profile-database.ts";
import type { OpenProfileStore } from "../../src/store/profile-store.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { NO_CHANGES } from "../contract/profile-store.ts";
import { CONTRACT_LIMITS, topicLogContract } from "../contract/topic-log-contract.ts";
import { topicKey } from "../net/topic-keys.ts";
import { DATA_KEY, type TemporaryProfile, temporaryProfile } from "./temporary-profile.ts";

const MONTH_MS = 30 * 86_400_000;
const envelopeLimits = { ...CONTRACT_LIMITS, retentionMs: MONTH_MS };

topicLogContract(
  "what a profile keeps of its groups",
  async () => {
    const profile = await temporaryProfile();
    let store = await profile.open({ envelopeLimits });
    const log: TopicLog = { ...store.envelopes, close: () => store.close() };
    return {
      log,
      reopen: async () => {
        store = await profile.open({ envelopeLimits });
        return store.envelopes;
      },
      dispose: async () => {
        await store.close().catch(() => undefined);
        await profile.remove();
      },
    };
  },
  { hasInboxes: false },
);

describe("envelopes that a profile keeps", () => {
  const group = topicKey(1);
  const other = topicKey(2);
  const START = 0 as Sequence;
  let profile: TemporaryProfile;
  let store: OpenProfileStore;
  const opened = async (limits = envelopeLimits): Promise<void> => {
    profile = await temporaryProfile();
    store = await profile.open({ envelopeLimits: limits });
  };
  beforeEach(() => opened());
  afterEach(async () => {
    await store.close();
    await profile.remove();
  });

  const keep = (...kept: Uint8Array[]) => store.commit({ ...NO_CHANGES, kept });
  const read = async (topic = group.topic) =>
    (await store.envelopes.read(topic, START, { limit: 10_000, maxBytes: 100_000_000 })).items;

  it("are there with the commit that they came in, once, and told of when they are new", async () => {
    const told: string[] = [];
    const stop = store.envelopes.watch((fresh) => told.push(...fresh.map(({ sequence }) => `${sequence}`)));
    await keep(group.envelope("one"), other.envelope("elsewhere"));
    await keep(group.envelope("one"), group.envelope("two"));
    stop();
    await keep(group.envelope("three"));
    assert.deepEqual(
      (await read()).map(({ envelope }) => toHex(envelope)),
      ["one", "two", "three"].map((text) => toHex(group.envelope(text))),
    );
    assert.deepEqual(told, ["1", "1", "2"]);
  });

  it("make room for new ones by dropping the oldest of their topic, whose ids stay known", async () => {
    const large = (n: number) => group.envelope(new Uint8Array(50_000).fill(n));
    for (let n = 0; n < 30; n++) await keep(large(n));
    const items = await read();
    const bytes = items.reduce((sum, { envelope }) => sum + envelope.length, 0);
    assert(bytes <= CONTRACT_LIMITS.topicMaxBytes && bytes > CONTRACT_LIMITS.topicMaxBytes / 2, `${bytes} bytes`);
    assert.equal(toHex(items.at(-1)?.envelope ?? new Uint8Array()), toHex(large(29)));
    const { items: ids } = await store.envelopes.ids(group.topic, START, 100);
    assert.equal(ids.length, 30);
    await keep(large(0));
    assert.equal((await read()).length, items.length, "what was dropped does not come back");
  });

  it("are kept in one commit as in many", async () => {
    const large = (n: number) => group.envelope(new Uint8Array(50_000).fill(n));
    const all = Array.from({ length: 30 }, (_, n) => large(n)).toSpliced(9, 0, other.envelope("between"));
    for (const each of all) await keep(each);
    const [one, bytes] = [await read(), store.envelopes.usage().bytes];
    await store.close();
    await profile.remove();
    await opened();
    await keep(...all, large(29));
    const sum = [...(await read()), ...(await read(other.topic))].reduce((n, { envelope }) => n + envelope.length, 0);
    assert.deepEqual(await read(), one);
    assert.equal(store.envelopes.usage().bytes, bytes);
    assert.equal(bytes, sum + 160 * (one.length + 1));
  });

  it("are dropped for age by those that follow", async () => {
    await store.close();
    await profile.remove();
    await opened({ ...envelopeLimits, retentionMs: -1 }); // everything is old at once
    await keep(group.envelope("old"), other.envelope("old too"));
    await keep(group.envelope("new"));
    assert.deepEqual(
      (await read()).map(({ envelope }) => toHex(envelope)),
      [toHex(group.envelope("new"))],
    );
    assert.deepEqual(await read(other.topic), []);
  });

  it("are found by indexes alone", async () => {
    const database = openProfileDatabase({ directory: profile.directory, dataKey: DATA_KEY });
    for (const [name, sql] of Object.entries(ENVELOPE_SQL)) {
      if (["logId", "usage", "addTopic", "add"].includes(name)) continue;
      const values = Array.from({ length: sql.split("?").length - 1 }, () => 1);
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { readonly detail: string }[];
      const scans = plan.map(({ detail }) => detail).filter((detail) => /^SCAN (?!.*INDEX)/.test(detail));
      assert.deepEqual(name === "forget" ? [] : scans, [], name);
    }
    database.close();
  });
});
