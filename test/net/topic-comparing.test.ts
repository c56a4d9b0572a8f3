import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { fingerprint } from "../../src/net/set-comparison.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { openAndRead, rawOpener } from "./raw-opener.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);
const other = topicKey(2);
const everything = { prefix: "", fingerprint: fingerprint([], "") };
const idOfText = (text: string) => envelopeId(nobleVerifier.sha256, group.envelope(text));

describe("a topic service that is asked what it has", () => {
  afterEach(() => cleanup.run());

  it("names the ids of a topic that was opened, hands out envelopes by id, and follows what is stored", async () => {
    const { address } = cleanup.add(await startRelay());
    const { network, recorder } = await startClient([address]);
    cleanup.add(network);
    await recorder.untilState("connected");
    await network.append(["one", "two"].map(group.envelope));
    const reader = cleanup.add(await rawOpener(address));
    await openAndRead(reader, group);
    const ask = async () => {
      reader.send({ kind: "compare", id: 3, topic: group.topic, ranges: [everything] });
      const { answers, head } = await reader.next("compared");
      assert(answers[0]?.kind === "ids");
      return { head, ids: answers[0].ids.map(toHex) };
    };
    assert.deepEqual(await ask(), { head: 2, ids: ["one", "two"].map((text) => toHex(idOfText(text))).sort() });
    await network.append([group.envelope("three"), other.envelope("elsewhere")]);
    assert.deepEqual((await ask()).ids.length, 3);
    reader.send({ kind: "get", id: 4, topic: group.topic, ids: ["two", "nobody has this"].map(idOfText) });
    assert.deepEqual((await reader.next("got")).envelopes.map(toHex), [toHex(group.envelope("two"))]);
  });

  it("says nothing of a topic that was not opened", async () => {
    const { address } = cleanup.add(await startRelay());
    const stranger = cleanup.add(await rawOpener(address));
    await openAndRead(stranger, other);
    stranger.send({ kind: "compare", id: 3, topic: group.topic, ranges: [everything] });
    assert.equal((await stranger.next("refused")).reason, REFUSAL.unknownTopic);
    stranger.send({ kind: "get", id: 4, topic: group.topic, ids: [idOfText("one")] });
    assert.equal((await stranger.next("refused")).reason, REFUSAL.unknownTopic);
  });

  it("refuses ranges that contain each other: they would make it hash the same ids again and again", async () => {
    const { address } = cleanup.add(await startRelay());
    const reader = cleanup.add(await rawOpener(address));
    await openAndRead(reader, group);
    for (const prefixes of [
      ["a", "ab"],
      ["", "f"],
      ["3", "3"],
    ]) {
      const ranges = prefixes.map((prefix) => ({ ...everything, prefix }));
      reader.send({ kind: "compare", id: 3, topic: group.topic, ranges });
      assert.equal((await reader.next("refused")).reason, REFUSAL.limit);
    }
  });
});
