import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, describe, it } from "mocha";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { appendEnvelopes } from "../../src/net/append-check.ts";
import type { TakeLacking } from "../../src/net/comparing-rounds.ts";
import { idSets } from "../../src/net/id-sets.ts";
import { paceByKey } from "../../src/net/pace.ts";
import { compareTopic, fetchLacking, giveExtra } from "../../src/net/reconciliation.ts";
import { RelayHealing } from "../../src/net/relay-healing.ts";
import { answerRange } from "../../src/net/set-comparison.ts";
import type { TopicClient } from "../../src/net/topic-client.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import type { Sequence, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

const key = topicKey(1);
const verifier = nodeVerifier;
const signed = new Map<string, Uint8Array>();
/** Each text is signed once for all tests. */
const group = {
  topic: key.topic,
  envelope: (text: string): Uint8Array => {
    const envelope = signed.get(text) ?? key.envelope(text);
    signed.set(text, envelope);
    return envelope;
  },
};
const topicPace = paceByKey({ perSecond: 1e9, burst: 1e9 });

/** A relay's log as its clients reach it; what it stores it delivers to all who read. */
class Relay {
  readonly log: MemoryLog;
  readonly readers = new Set<RelayHealing>();
  appended = 0;
  forged = 0;
  compared = 0;
  /** So many appends get no answer. */
  silent = 0;

  constructor(idByte = 1) {
    this.log = memoryLog(idByte);
  }

  client(): TopicClient {
    const sets = idSets(this.log);
    const client: Pick<TopicClient, "compare" | "get" | "append"> = {
      compare: async (topic, ranges) => {
        this.compared += 1;
        const set = await sets.of(topic);
        if (!set) return undefined;
        return { kind: "compared", id: 1, head: set.head, answers: ranges.map((each) => answerRange(set.ids, each)) };
      },
      get: (topic, ids) => this.log.get(topic, ids, 100_000),
      append: async (envelopes) => {
        if (this.silent > 0) {
          this.silent -= 1;
          return envelopes.map(() => ({ kind: "unreachable" as const }));
        }
        this.appended += envelopes.length;
        const { results, fresh } = await appendEnvelopes({ log: this.log, verifier, topicPace }, envelopes);
        this.forged += results.filter(({ kind }) => kind === "refused").length;
        for (const { item, result } of fresh) {
          const items = [{ sequence: result.sequence, envelope: item.envelope }];
          for (const reader of this.readers) reader.delivered({ log: this.log.logId, topic: item.topic, items });
        }
        return results;
      },
    };
    return client as TopicClient;
  }
}

const stops: (() => Promise<void>)[] = [];
const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0)) await stop();
};

/** A member that keeps these, connected to the relay. */
async function memberWith(texts: readonly string[], healWithinMs = 20, compareEveryMs = 3_600_000) {
  const log = memoryLog(9);
  const keep = async (...envelopes: Uint8Array[]) => {
    const items = envelopes.map((envelope) => ({
      topic: group.topic,
      id: envelopeId(verifier.sha256, envelope),
      kind: ENVELOPE_KIND.message,
      envelope,
    }));
    await log.append(items);
    return items;
  };
  await keep(...texts.map(group.envelope));
  const session: { client: TopicClient | undefined } = { client: undefined };
  const taken: string[] = [];
  const take: TakeLacking = async ({ items }) => {
    taken.push(...items.map(({ envelope }) => bodyText(envelope)));
    await keep(...items.map(({ envelope }) => envelope).filter((each) => !bodyText(each).startsWith("junk")));
  };
  const timing = { healWithinMs, compareEveryMs };
  const client = () => session.client;
  const healing = new RelayHealing({ log, sets: idSets(log), verifier, timing, client, take });
  stops.push(() => healing.stop());
  const connect = (relay: Relay): void => {
    session.client = relay.client();
    relay.readers.add(healing);
    healing.caughtUp(group.topic, relay.log.logId);
  };
  const disconnect = (): void => {
    session.client = undefined;
  };
  return { healing, log, keep, connect, disconnect, taken };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** As in life (link-timing.ts): twenty members in one process share its core, and are not to overlap for that alone. */
const HEAL_WITHIN_MS = 5_000;

const textsOf = (log: MemoryLog, topic: Topic = group.topic) =>
  log.items(topic).map(({ envelope }) => bodyText(envelope));
const names = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

describe("healing of a relay", () => {
  afterEach(stopAll);

  it("gives an empty log all that a member keeps, in the member's order", async () => {
    const relay = new Relay();
    const ann = await memberWith(names(200));
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 200);
    assert.deepEqual(textsOf(relay.log), names(200));
    assert.equal(relay.appended, 200);
  });

  it("by twenty members who come back at once costs little more than by one", async function () {
    this.timeout(60_000);
    const relay = new Relay();
    const members = await Promise.all(Array.from({ length: 20 }, () => memberWith(names(300), HEAL_WITHIN_MS)));
    for (const each of members) each.connect(relay);
    await until(() => textsOf(relay.log).length === 300);
    for (const each of members) await each.healing.stop();
    process.stdout.write(`      ${relay.appended} envelopes were appended for 300 by 20 members\n`);
    assert(relay.appended < 1.2 * 300, `${relay.appended} envelopes were appended for 300`);
  });

  it("goes on when the relay does not answer in time, and is left to the next round when it never does", async () => {
    const relay = new Relay();
    relay.silent = 2;
    const ann = await memberWith(names(20), 5);
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 20);
    assert.equal(relay.silent, 0);
    const mute = new Relay(2);
    mute.silent = 100;
    ann.connect(mute);
    await until(() => mute.silent === 95);
    await ann.healing.stop();
    assert.equal(mute.silent, 95);
  });

  it("offers a log nothing twice, and everything to another log", async () => {
    const relay = new Relay();
    const ann = await memberWith(["one", "two"]);
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 2);
    await until(() => relay.compared === 1);
    relay.log.truncate(group.topic, 2); // retention: the first is gone there
    ann.healing.kept(await ann.keep(group.envelope("three")));
    await until(() => textsOf(relay.log).includes("three"));
    assert.deepEqual(textsOf(relay.log), ["two", "three"]);
    const empty = new Relay(2);
    ann.connect(empty);
    await until(() => textsOf(empty.log).length === 3);
  });

  it("takes to the relay what came to a member from elsewhere, and asks nothing about what came from there", async () => {
    const relay = new Relay();
    const ann = await memberWith(["known"], 5);
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 1);
    const [fromThere] = await ann.keep(group.envelope("from the relay"));
    assert(fromThere);
    const before = relay.compared;
    ann.healing.delivered({
      log: relay.log.logId,
      topic: group.topic,
      items: [{ sequence: 2 as Sequence, envelope: fromThere.envelope }],
    });
    ann.healing.kept([fromThere]);
    assert.equal(relay.compared, before);
    await relay.log.append([fromThere]);
    ann.healing.kept(await ann.keep(group.envelope("from a member")));
    await until(() => textsOf(relay.log).includes("from a member"));
  });

  it("asks nothing when the relay was only away for a while, and gives what was kept meanwhile", async () => {
    const relay = new Relay();
    const ann = await memberWith(["one"], 5);
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 1);
    await until(() => relay.compared === 1);
    ann.connect(relay);
    ann.disconnect();
    ann.healing.kept(await ann.keep(group.envelope("while away")));
    assert.equal(relay.compared, 1);
    ann.connect(relay);
    await until(() => textsOf(relay.log).includes("while away"));
    assert.equal(relay.compared, 2);
  });

  it("at intervals fetches what the relay has and never delivered, and each of it once", async () => {
    const relay = new Relay();
    const ann = await memberWith(["one"], 5, 20);
    ann.connect(relay);
    await until(() => textsOf(relay.log).length === 1);
    relay.readers.clear(); // its live flow loses everything from now on
    await relay.client().append(["two", "junk"].map(group.envelope));
    await until(() => ann.taken.length === 2);
    assert.deepEqual(textsOf(ann.log), ["one", "two"]);
    const compared = relay.compared;
    await until(() => relay.compared > compared + 2);
    assert.deepEqual(ann.taken.toSorted(), ["junk", "two"]);
    assert.equal(relay.appended, 1 + 2, "and gave nothing that the relay has");
  });

  it("gives nothing whose signature does not hold: a holder would cut the connection", async () => {
    const relay = new Relay();
    const ann = await memberWith(["one"]);
    const broken = group.envelope("broken").with(-1, 7);
    await ann.keep(broken, group.envelope("three"));
    ann.connect(relay);
    await until(() => textsOf(relay.log).includes("three"));
    assert.deepEqual(textsOf(relay.log), ["one", "three"]);
    assert.equal(relay.forged, 0);
  });
});

describe("an envelope that a relay handed out with a broken signature", () => {
  const broken = group.envelope("broken").with(-1, 7);
  const given = async (signAnew: (topic: Topic, envelope: Uint8Array) => Uint8Array | undefined) => {
    const [relay, log] = [new Relay(), memoryLog(9)];
    const id = envelopeId(verifier.sha256, broken);
    await log.append([{ topic: group.topic, id, kind: ENVELOPE_KIND.message, envelope: broken }]);
    const parts = { log, sets: idSets(log), verifier, client: relay.client(), signAnew };
    const giving = { pending: new Set([toHex(id)]), turn: async () => 4, repeated: () => undefined };
    await giveExtra(parts, group.topic, giving);
    return { texts: textsOf(relay.log), forged: relay.forged };
  };

  it("is given to others with one of our own", async () => {
    assert.deepEqual(await given(() => key.envelope("broken")), { texts: ["broken"], forged: 0 });
  });

  it("is given to nobody by somebody who has no key, or signs wrongly", async () => {
    assert.deepEqual(await given(() => undefined), { texts: [], forged: 0 });
    assert.deepEqual(await given((_, envelope) => envelope), { texts: [], forged: 0 });
  });
});

describe("reconciling a topic", () => {
  afterEach(stopAll);

  it("makes any two logs equal, in both directions, by giving and fetching", async function () {
    this.timeout(20_000);
    const some = fc.uniqueArray(fc.nat(99), { maxLength: 80, size: "max" });
    await fc.assert(
      fc.asyncProperty(some, some, async (ours, theirs) => {
        const relay = new Relay();
        const ann = await memberWith(ours.map(String));
        await relay.client().append(theirs.map(String).map(group.envelope));
        const parts = { log: ann.log, sets: idSets(ann.log), verifier, client: relay.client() };
        const difference = await compareTopic(parts, group.topic);
        assert(difference);
        await fetchLacking(
          parts,
          group.topic,
          difference.lacking,
          async (envelopes) => void (await ann.keep(...envelopes)),
        );
        const giving = { pending: new Set(difference.extra), turn: async () => 7, repeated: () => undefined };
        assert.equal(await giveExtra(parts, group.topic, giving), "all");
        const both = [...new Set([...ours, ...theirs])].map(String).sort();
        assert.deepEqual([textsOf(ann.log).sort(), textsOf(relay.log).sort()], [both, both]);
        const again = await compareTopic(parts, group.topic);
        assert.deepEqual([again?.lacking, again?.extra], [[], []]);
      }),
      { numRuns: 15 },
    );
  });
});

describe("fetching what we lack", () => {
  it("takes what was asked for and nothing else, and ends with a holder that has it no more", async () => {
    const asked = ["one", "two"].map(group.envelope);
    const ids = [...asked, group.envelope("gone")].map((each) => toHex(envelopeId(verifier.sha256, each)));
    const taken: string[] = [];
    const client = { get: async () => [...asked, group.envelope("unasked")] } as unknown as TopicClient;
    const log = memoryLog();
    await fetchLacking({ log, sets: idSets(log), verifier, client }, group.topic, ids, async (envelopes) => {
      taken.push(...envelopes.map(bodyText));
    });
    assert.deepEqual(taken, ["one", "two"]);
  });
});
