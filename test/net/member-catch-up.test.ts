import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nodeVerifier as verifier } from "../../relay-node/node-verifier.ts";
import { idSets } from "../../src/net/id-sets.ts";
import { type CaughtUpMember, memberCatchUp } from "../../src/net/member-catch-up.ts";
import { answerRange } from "../../src/net/set-comparison.ts";
import { type TopicArrivals, topicArrivals } from "../../src/net/topic-arrivals.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { memoryLog } from "./memory-log.ts";
import { QUICK } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const group = topicKey(1);
const COUNT = 520;

const itemsOf = (envelopes: readonly Uint8Array[]) =>
  envelopes.map((envelope) => ({
    topic: group.topic,
    id: envelopeId(verifier.sha256, envelope),
    kind: ENVELOPE_KIND.message,
    envelope,
  }));

type Client = CaughtUpMember["client"];

/** A member that keeps this. */
async function clientWith(envelopes: readonly Uint8Array[]): Promise<Client> {
  const log = memoryLog(1);
  await log.append(itemsOf(envelopes));
  const sets = idSets(log);
  return {
    compare: async (topic, ranges) => {
      const set = await sets.of(topic);
      const answers = set && ranges.map((each) => answerRange(set.ids, each));
      return set && answers && { kind: "compared" as const, id: 1, head: set.head, answers };
    },
    get: async (topic, ids) => await log.get(topic, ids, 1_000_000),
    append: async () => [],
  };
}

/** It is connected. */
const by = (client: Client, path: CaughtUpMember["path"] = "direct"): CaughtUpMember => ({
  client,
  path,
  givers: () => [],
});

/** A topic of which somebody goes on sending; nobody waits more often than `waitsMost`. */
function neverQuiet(waitsMost: number): TopicArrivals & { waits: number } {
  const arrivals = {
    waits: 0,
    came: () => undefined,
    arriving: () => () => undefined,
    isQuiet: () => false,
    isBusy: () => true,
    bringing: async <T>(_: Uint8Array, fetch: () => Promise<T>) => await fetch(),
    whenQuiet: async (_: Uint8Array, fetch: (isQuiet: boolean) => Promise<void>) => {
      assert(++arrivals.waits <= waitsMost, "it waits and waits");
      await fetch(false);
    },
    later: async () => undefined,
    forget: () => undefined,
    stop: () => undefined,
  };
  return arrivals;
}

describe("what a member has and we do not", () => {
  it("is fetched after two waits where somebody else goes on sending and brings nothing of it", async () => {
    const envelopes = Array.from({ length: COUNT }, (_, i) => group.envelope(`message ${i}`));
    const log = memoryLog(1);
    const arrivals = neverQuiet(2);
    const take = async ({ items }: { readonly items: readonly { readonly envelope: Uint8Array }[] }) =>
      void (await log.append(itemsOf(items.map(({ envelope }) => envelope))));
    const { look } = memberCatchUp({ log, sets: idSets(log), verifier, arrivals, timing: QUICK, take });
    await look(by(await clientWith(envelopes)), group.topic);
    assert.equal((await log.ids(group.topic, 0 as never, 1_000)).items.length, COUNT);
    assert.equal(arrivals.waits, 2);
  });

  it("is left to whoever is bringing it", async () => {
    const envelopes = Array.from({ length: COUNT }, (_, i) => group.envelope(`message ${i}`));
    const log = memoryLog(1);
    const arrivals = neverQuiet(10);
    const bring = arrivals.whenQuiet;
    const bringing = {
      ...arrivals,
      whenQuiet: async (topic: typeof group.topic, fetch: (isQuiet: boolean) => Promise<void>) => {
        await bring(topic, fetch);
        await log.append(itemsOf(envelopes.splice(0, COUNT)));
      },
    };
    let asked = 0;
    const client = await clientWith([...envelopes]);
    const get: Client["get"] = async (topic, ids) => {
      asked += ids.length;
      return await client.get(topic, ids);
    };
    const { look } = memberCatchUp({
      log,
      sets: idSets(log),
      verifier,
      arrivals: bringing,
      timing: QUICK,
      take: async () => undefined,
    });
    await look(by({ ...client, get }), group.topic);
    assert.equal(asked, 0);
  });

  it("is looked for later at who is reached through a relay, which brings it as a rule", async () => {
    const envelopes = Array.from({ length: 3 }, (_, i) => group.envelope(`message ${i}`));
    const log = memoryLog(1);
    const arrivals = topicArrivals();
    const waits: { readonly afterMs: number; readonly go: () => void }[] = [];
    const later = (afterMs: number) => new Promise<void>((go) => waits.push({ afterMs, go }));
    const client = await clientWith(envelopes);
    let get: Client["get"] = async () => assert.fail("it is too early to ask");
    const { startAt } = memberCatchUp({
      log,
      sets: idSets(log),
      verifier,
      arrivals: { ...arrivals, later },
      timing: QUICK,
      take: async () => undefined,
    });
    const member = by({ ...client, get: (topic, ids) => get(topic, ids) }, "circuit");
    assert.equal(await startAt(member, group.topic), 3, "it is read on from its end");
    assert.deepEqual(
      waits.map(({ afterMs }) => afterMs),
      [6 * QUICK.healWithinMs],
    );
    const asked = new Promise<number>((resolve) => {
      get = async (topic, ids) => {
        resolve(ids.length);
        return await client.get(topic, ids);
      };
    });
    waits[0]?.go();
    assert.equal(await asked, 3);
    arrivals.stop();
  });
});
