import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { mailboxOf, takeMail } from "../../src/net/mailbox.ts";
import { paceByKey } from "../../src/net/pace.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

const group = topicKey(1);
const inbox = topicKey(7);

describe("what a client takes as its mail", () => {
  const taken: string[] = [];
  const mailbox = mailboxOf(
    () => [group.subscription(), { ...inbox.subscription({ inbox: true }), takesMail: true }],
    async ({ items }) => {
      if (items.some(({ envelope }) => bodyText(envelope) === "fails")) throw new Error("the disk is full");
      taken.push(...items.map(({ envelope }) => bodyText(envelope)));
    },
  );
  const topicPace = paceByKey({ perSecond: 0.001, burst: 1_000 });
  it("is mail for its inboxes; not groups' messages, nor anything for others, nor what was not committed, nor more than a stock", async () => {
    const offered = [
      group.envelope("to the group"),
      topicKey(9).deposit("to somebody else"),
      inbox.envelope("no letter"),
      new Uint8Array(40),
      inbox.deposit("a letter"),
      inbox.deposit("fails"),
      inbox.deposit("x".repeat(1_000)),
      inbox.deposit("one too many"),
    ];
    const results = await takeMail({ mailbox, verifier: nobleVerifier, topicPace }, offered);
    const { unknownTopic, malformed, unavailable, busy } = REFUSAL;
    assert.deepEqual(
      results.map((each) => (each.kind === "refused" ? each.reason : each.kind)),
      [unknownTopic, unknownTopic, unknownTopic, malformed, "stored", unavailable, "stored", busy],
    );
    assert.deepEqual(taken, ["a letter", "x".repeat(1_000)]);
    assert.deepEqual(
      [...mailbox.topics()].map(({ topic }) => topic),
      [inbox.topic],
    );
  });
});
