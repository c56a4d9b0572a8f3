import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { deliverOne, groupOf, newScene, say } from "./scene.ts";

interface Cost {
  readonly loads: number;
  readonly bytes: number;
}

/** What the last member of a group loads to receive one more message of the first. */
function receiving(size: number, history: number): Cost {
  const scene = newScene();
  const people = Array.from({ length: size - 2 }, (_, i) => scene.person(`Person ${i}`));
  const founder = scene.person("Founder");
  const last = scene.person("Last");
  const group = groupOf(scene, [founder, ...people, last]);
  for (let i = 0; i <= history; i++) say(founder, group, `message ${i}`);
  scene.carry(founder, last);
  say(founder, group, "the one that counts");
  const before = new Map([...scene.topics].map(([topic, items]) => [topic, items.length]));
  scene.collect(founder);
  const grown = [...scene.topics].find(([topic, items]) => items.length > (before.get(topic) ?? 0));
  const envelope = grown?.[1].at(-1);
  const topic = envelope && decodeEnvelope(envelope)?.topic;
  assert(envelope && topic);
  const cost = { loads: 0, bytes: 0 };
  const get = last.records.get.bind(last.records);
  last.records.get = (key) => {
    const found = get(key);
    cost.loads++;
    cost.bytes += found?.length ?? 0;
    return found;
  };
  deliverOne(last, topic, 1_000, envelope);
  last.records.get = get;
  assert(last.texts().includes("the one that counts"), toHex(topic));
  return cost;
}

describe("the cost of a received message", function () {
  this.timeout(30_000);

  it("is the same in a group of 3 and of 30", () => {
    const [few, many] = [receiving(3, 2), receiving(30, 2)];
    assert.equal(many.loads, few.loads);
    assert(many.bytes < few.bytes + 1_000, `${many.bytes} bytes against ${few.bytes}`);
  });

  it("is the same after 2 messages and after 200", () => {
    const [short, long] = [receiving(3, 2), receiving(3, 200)];
    assert.equal(long.loads, short.loads);
    assert(long.bytes < short.bytes + 200, `${long.bytes} bytes against ${short.bytes}`);
  });
});
