import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { sealEntry } from "../../src/crypto/entry-box.ts";
import { LogKey } from "../../src/crypto/epoch-secrets.ts";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { TOPIC, type TopicState } from "../../src/protocol/records/topic.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { decodeEnvelope, ENVELOPE_KIND, type EnvelopeKind } from "../../src/wire/envelope.ts";
import { Nonce } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { bytesOf } from "../wire/arbitraries.ts";
import { type Device, p } from "./device.ts";
import { deliverOne, epochOf, groupOf, inviteTo, newScene, say } from "./scene.ts";

/** A device that reads a topic of every kind, and what was posted there. */
function everyTopic() {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob]);
  const link = inviteTo(ann, group);
  say(bob, group, "hello");
  bob.put({ kind: "change-group", group, change: { kind: "rekey" } });
  cem.put({ kind: "join", link });
  for (const each of [bob, cem]) scene.collect(each);
  const topics = ann.ids(TOPIC).map((id) => ann.existing(TOPIC, id));
  const posted = topics.flatMap(({ topic }) => (scene.topics.get(toHex(topic)) ?? []).map((each) => ({ topic, each })));
  return { ann, group, topics, posted };
}

const KINDS: readonly EnvelopeKind[] = Object.values(ENVELOPE_KIND);

describe("hostile bytes never make a step throw:", () => {
  const { ann, group, topics, posted } = everyTopic();
  const copy = new Map(ann.records);
  const fresh = (): Device => {
    ann.records.clear();
    for (const [key, bytes] of copy) ann.records.set(key, bytes);
    return ann;
  };
  const anyTopic: fc.Arbitrary<TopicState> = fc.constantFrom(...topics);

  it("there is a topic of every kind, and something in most of them", () => {
    assert.deepEqual([...new Set(topics.map(({ use }) => use.kind))].sort(), [
      "account",
      "epoch",
      "inbox",
      "rendezvous",
    ]);
    assert(posted.length > 5);
  });

  it("bytes that are no envelope", () => {
    fc.assert(
      fc.property(anyTopic, bytesOf(300), ({ topic }, bytes) => {
        deliverOne(fresh(), topic, 1, bytes);
      }),
      { numRuns: 100 },
    );
  });

  it("well-signed envelopes of any kind with any body", () => {
    fc.assert(
      fc.property(anyTopic, fc.constantFrom(...KINDS), bytesOf(400), ({ topic, seed }, kind, body) => {
        deliverOne(fresh(), topic, 1, signEnvelope(p, { topic, topicSeed: seed }, kind, body));
      }),
      { numRuns: 200 },
    );
  });

  it("genuine envelopes with changed bytes, cut or lengthened, on any topic", () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...posted),
        anyTopic,
        fc.array(change, { maxLength: 3 }),
        fc.integer({ min: -3, max: 3 }),
        ({ each }, other, changes, longer) => {
          const envelope = new Uint8Array(each.length + longer);
          envelope.set(each.subarray(0, envelope.length));
          for (const { at, by } of changes) {
            const i = Math.floor(at * envelope.length);
            envelope[i] = (envelope[i] ?? 0) ^ by;
          }
          const topic = decodeEnvelope(envelope)?.topic ?? other.topic;
          deliverOne(fresh(), topic, 1, envelope);
          deliverOne(fresh(), other.topic, 1, envelope);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("sealed entries with any content", () => {
    const epoch = ann.existing(EPOCH, epochOf(ann, group));
    const box = { logKey: LogKey.from(epoch.logKey), epochId: epoch.epoch };
    fc.assert(
      fc.property(bytesOf(400), (content) => {
        const body = sealEntry(p, box, Nonce.from(new Uint8Array(24)), content);
        deliverOne(fresh(), epoch.topic, 1, signEnvelope(p, epoch, ENVELOPE_KIND.entry, body));
      }),
      { numRuns: 100 },
    );
  });

  it("and after all that, what is genuine is taken", () => {
    const device = fresh();
    for (const { topic, each } of posted) deliverOne(device, topic, 1, each);
    assert.deepEqual(device.texts(), ["hello"]);
  });
});
