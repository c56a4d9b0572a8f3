import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { createGivers } from "../../src/net/givers.ts";
import { type TopicReader, topicFanout } from "../../src/net/topic-fanout.ts";
import { nextTurn } from "../../src/net/turn-gate.ts";
import type { LogId, Sequence } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { decodeHolderFrame } from "../../src/wire/topic-frames.ts";
import { freePort, group, Member, type MemberOptions } from "./test-member.ts";
import { Cleanup } from "./test-relay.ts";
import { bodyText } from "./topic-keys.ts";

const cleanup = new Cleanup();
const delivery = (...texts: readonly string[]) => ({
  log: new Uint8Array(16) as LogId,
  topic: group.topic,
  items: texts.map((text) => ({ sequence: 0 as Sequence, envelope: group.envelope(text) })),
});

async function member(options: MemberOptions): Promise<Member> {
  const one = (await new Member(options).start()).reads(group);
  cleanup.add({ stop: () => one.network.stop() });
  return one;
}

/** A reader that follows live, and what it was sent and told. */
function reader(peer: string, through?: string): TopicReader & { readonly sent: string[]; readonly kept: string[] } {
  const [sent, kept]: [string[], string[]] = [[], []];
  return {
    topic: group.topic,
    key: toHex(group.topic),
    sentUpTo: 0 as Sequence,
    peer,
    through,
    sent,
    kept,
    accepts: () => true,
    send: (frame) => {
      const decoded = decodeHolderFrame(frame.subarray(frame.findIndex((byte) => byte < 0x80) + 1));
      if (decoded?.kind === "deliver") sent.push(...decoded.items.map(({ envelope }) => bodyText(envelope)));
    },
    tellKept: (envelopes) => kept.push(...envelopes.map(bodyText)),
    fallBehind: () => assert.fail("everything comes in order"),
  };
}

describe("those who give envelopes", () => {
  afterEach(() => cleanup.run());

  it("are known while these are being taken, several of them, and no longer", async () => {
    const givers = createGivers();
    const [one] = delivery("one").items;
    const during: (readonly string[])[] = [];
    const look = (): void => void during.push([...(givers.of(one?.envelope ?? assert.fail()) ?? [])]);
    await givers.during(["ana"], delivery("one", "two"), async () => {
      look();
      await givers.during(["ben"], delivery("one"), async () => look());
      look();
    });
    await givers.during(["cleo"], delivery("one"), () => Promise.reject(new Error("no room"))).catch(() => undefined);
    look();
    assert.deepEqual(during, [["ana"], ["ana", "ben"], ["ana"], []]);
  });

  it("are told that these are kept, and sent only what the others gave", async () => {
    const fanout = topicFanout(() => undefined);
    const [ana, ben] = [reader("ana"), reader("ben")];
    for (const each of [ana, ben]) fanout.add(each);
    for (const [i, text] of ["hers", "his", "both"].entries())
      fanout.stored(group.topic, {
        sequence: (i + 1) as Sequence,
        envelope: group.envelope(text),
        givers: new Set([["ana"], ["ben"], ["ana", "ben"]][i]),
      });
    await nextTurn();
    await nextTurn();
    assert.deepEqual([ana.sent, ana.kept], [["his"], ["hers", "both"]]);
    assert.deepEqual([ben.sent, ben.kept], [["hers"], ["his", "both"]]);
    assert.deepEqual([ana.sentUpTo, ben.sentUpTo], [3, 3]);
  });

  it("may be relays: who is reached through one of them reads there what it gave, and is neither sent nor told of it", async () => {
    const fanout = topicFanout(() => undefined);
    const [beyond, elsewhere, direct] = [reader("ana", "relay"), reader("ben", "other relay"), reader("cleo")];
    for (const each of [beyond, elsewhere, direct]) fanout.add(each);
    for (const [i, text] of ["relayed", "by us"].entries())
      fanout.stored(group.topic, {
        sequence: (i + 1) as Sequence,
        envelope: group.envelope(text),
        givers: i === 0 ? new Set(["relay"]) : undefined,
      });
    await nextTurn();
    await nextTurn();
    assert.deepEqual([beyond.sent, beyond.kept, beyond.sentUpTo], [["by us"], [], 2]);
    for (const each of [elsewhere, direct])
      assert.deepEqual([each.sent, each.kept, each.sentUpTo], [["relayed", "by us"], [], 2]);
  });

  it("hear of what another member took from them, and of what the third wrote", async () => {
    const port = await freePort();
    const ana = await member({ port });
    const ben = await member({ knows: [port] });
    const cleo = await member({ knows: [port] });
    await ana.recorder.until(() => ana.peers.length === 2);
    await ana.write("kept elsewhere");
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("kept elsewhere"));
    await cleo.write("by the third");
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("by the third"));
    assert.deepEqual(ben.kept().toSorted(), ["by the third", "kept elsewhere"]);
  });
});
