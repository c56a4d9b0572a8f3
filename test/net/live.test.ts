import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { TOPIC_LIMITS } from "../../src/net/topic-limits.ts";
import { freePort, group, Member, type MemberOptions } from "./test-member.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const other = topicKey(2);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function reader(address: string, ...keys: readonly (typeof group)[]) {
  const started = await startClient([address]);
  cleanup.add(started.network);
  for (const key of keys) started.network.subscribe(key.subscription());
  for (const key of keys) await started.recorder.untilCaughtUp(key.topic);
  return started;
}

async function member(options: MemberOptions): Promise<Member> {
  const one = await new Member(options).start();
  cleanup.add({ stop: () => one.network.stop() });
  return one.reads(group);
}

describe("what is said in passing", () => {
  afterEach(() => cleanup.run());

  it("is heard by those who read the topic, once, and not by whoever said it, nor later", async () => {
    const relay = cleanup.add(await startRelay());
    const [ann, ben] = [await reader(relay.address, group), await reader(relay.address, group)];
    const stranger = await reader(relay.address, other);
    ann.network.say(group.topic, bytes("passing"));
    ann.network.say(other.topic, bytes("not ours to say"));
    await ben.recorder.until(() => ben.recorder.heard.length > 0);
    const late = await reader(relay.address, group);
    ann.network.say(group.topic, bytes("again"));
    await Promise.all([ben, late].map(({ recorder }) => recorder.until(() => recorder.heard.includes("again"))));
    assert.deepEqual(
      [ann, ben, late, stranger].map(({ recorder }) => recorder.heard),
      [[], ["passing", "again"], ["again"], []],
    );
    assert.equal(relay.log.items(group.topic).length, 0, "nothing is stored");
  });

  it("is bounded for a topic by the relay, whoever says it", async () => {
    const relay = cleanup.add(await startRelay({ limits: { liveRate: { perSecond: 0.001, burst: 3 } } }));
    const [ann, ben] = [await reader(relay.address, group), await reader(relay.address, group)];
    for (let i = 0; i < 10; i++) ann.network.say(group.topic, bytes(String(i)));
    await ann.network.append([group.envelope("after them")]);
    await ben.recorder.untilReceived(1);
    assert.deepEqual(ben.recorder.heard, ["0", "1", "2"]);
    assert(TOPIC_LIMITS.liveRate.perSecond <= 10);
  });

  it("goes from member to member without a relay, also to whoever reads only with the second one", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const ana = await member({ port: first });
    const ben = await member({ port: second, knows: [first] });
    const cleo = await member({ knows: [second] });
    const heard = (): (readonly string[])[] => [ben, cleo].map(({ recorder }) => recorder.heard);
    const heardByAll = (words: string): boolean => heard().every((each) => each.includes(words));
    // what is said passes by whoever still reads what was before: said again after each text that came through
    let words = "";
    for (let i = 0; i === 0 || !heardByAll(words); i++) {
      words = `along the line ${i}`;
      ana.network.say(group.topic, bytes(words));
      await ana.write(`text ${i}`);
      await cleo.recorder.until(() => cleo.recorder.texts(group.topic).includes(`text ${i}`));
    }
    assert.deepEqual(ana.recorder.heard, []);
    for (const each of heard()) assert.equal(new Set(each).size, each.length, "once");
  });
});
