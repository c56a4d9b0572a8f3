import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { openEntry, sealEntry } from "../../src/crypto/entry-box.ts";
import { coreHash, epochKeys, frontierHash, LogKey, rootSecret } from "../../src/crypto/epoch-secrets.ts";
import {
  checkSignature,
  type MessageSealing,
  openHeader,
  openPayload,
  sealGroupMessage,
} from "../../src/crypto/group-message.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import {
  messageKeyAt,
  nextMessageKey,
  type OwnChain,
  openChain,
  ownChainOf,
  type PeerChain,
  peerChainOf,
} from "../../src/crypto/sender-chain.ts";
import type { GroupPlaintext } from "../../src/wire/group-message.ts";
import {
  DeviceKey,
  EntryHash,
  EpochId,
  GroupId,
  type Iteration,
  MessageId,
  Nonce,
  type TimeMs,
} from "../../src/wire/ids.ts";
import { BODY_MAX_BYTES, CLOSURES_MAX, MESSAGE_FRONTIER_MAX, TEXT_MAX_BYTES } from "../../src/wire/limits.ts";
import { contains, unchanged } from "./frozen.ts";

const filled = (value: number, length = 32) => new Uint8Array(length).fill(value);
const group = GroupId.from(filled(1));
const phi = frontierHash(p, group, [EntryHash.from(filled(2))]);
const epoch = epochKeys(p, rootSecret(p, filled(3), coreHash(p, filled(4))), phi);
const { epochId, headerKey } = epoch;
const now = 1_800_000_000_000 as TimeMs;

interface Member {
  readonly device: DeviceKey;
  readonly deviceSeed: Uint8Array;
  readonly index: number;
  readonly own: OwnChain;
  readonly peer: PeerChain;
}

function memberOf(index: number): Member {
  const deviceSeed = filled(100 + index);
  const device = DeviceKey.from(p.signingPublicKey(deviceSeed));
  const opened = openChain(p, epoch.senderTree, { epochId, device, index });
  assert(opened !== undefined);
  return { device, deviceSeed, index, own: ownChainOf(opened.chainKey), peer: peerChainOf(opened.chainKey) };
}
const [alice, bob] = [memberOf(0), memberOf(1)];

let nonceCount = 0;
function freshNonce(): Nonce {
  const nonce = new Uint8Array(24);
  new DataView(nonce.buffer).setUint32(0, ++nonceCount);
  return Nonce.from(nonce);
}

const textOf = (text: string): GroupPlaintext => ({
  version: 1,
  frontier: [],
  depth: 7,
  closures: [],
  sentAt: now,
  content: { kind: "text", text },
});

function send(from: Member, own: OwnChain, plaintext: GroupPlaintext) {
  const { messageKey, iteration, next } = nextMessageKey(p, own);
  const { device, deviceSeed, index } = from;
  const nonces = { header: freshNonce(), message: freshNonce() };
  const sealing: MessageSealing = {
    group,
    epochId,
    device,
    iteration,
    headerKey,
    index,
    deviceSeed,
    messageKey,
    nonces,
  };
  return { ...sealGroupMessage(p, sealing, plaintext), sealing, next };
}

/** A receiver's chain of each sender, and the steps in the order that the protocol takes them. */
function receive(chains: readonly PeerChain[], body: Uint8Array) {
  const header = openHeader(p, headerKey, epochId, body);
  if (typeof header === "string") return { kind: header } as const;
  const member = [alice, bob][header.index];
  const chain = chains[header.index];
  if (member === undefined || chain === undefined) return { kind: "unknown-sender" } as const;
  const place = { group, epochId, device: member.device, iteration: header.iteration };
  const id = checkSignature(p, place, header);
  if (id === "forged") return { kind: id } as const;
  const answer = messageKeyAt(p, chain, header.iteration, now);
  if (answer.kind !== "key") return answer;
  const plaintext = openPayload(p, answer.key, place, header);
  if (typeof plaintext === "string") return { kind: plaintext } as const;
  return { kind: "opened", id, plaintext, chains: chains.with(header.index, answer.next) } as const;
}

const start: readonly PeerChain[] = [alice.peer, bob.peer];

describe("group message", () => {
  const COUNT = 6;
  const sent = [alice, bob].flatMap((member) => {
    let own = member.own;
    return Array.from({ length: COUNT }, (_, i) => {
      const message = unchanged(own, (each) => send(member, each, textOf(`${member.index}/${i}`)));
      own = message.next;
      return { ...message, text: `${member.index}/${i}` };
    });
  });

  it("opens once, in any order, whatever is lost or repeated", () => {
    const order = fc.array(fc.nat({ max: sent.length - 1 }), { minLength: 1, maxLength: 16, size: "max" });
    fc.assert(
      fc.property(order, (indexes) => {
        let chains = start;
        const seen = new Set<number>();
        for (const i of indexes) {
          const message = sent[i];
          assert(message !== undefined);
          const result = unchanged(chains, (each) => receive(each, message.body));
          assert.equal(result.kind, seen.has(i) ? "duplicate" : "opened");
          if (result.kind !== "opened") continue;
          assert.deepEqual(result.id, message.messageId);
          assert.deepEqual(result.plaintext, textOf(message.text));
          chains = result.chains;
          seen.add(i);
        }
      }),
      { numRuns: 6 },
    );
  });

  it("is forged or malformed with any bit flipped, and moves no chain", () => {
    const { body } = send(alice, alice.own, textOf("hello"));
    fc.assert(
      fc.property(fc.nat({ max: 8 * body.length - 1 }), (bit) => {
        const changed = body.map((each, i) => (i === bit >> 3 ? each ^ (1 << (bit & 7)) : each));
        assert.match(receive(start, changed).kind, /^(forged|malformed)$/);
      }),
      { numRuns: 300 },
    );
  });

  it("is malformed when cut short or longer", () => {
    const { body } = send(alice, alice.own, textOf("hello"));
    for (const each of [body.subarray(1), body.subarray(0, -1), Uint8Array.from([...body, 0]), new Uint8Array()])
      assert.equal(receive(start, each).kind, "malformed");
  });

  it("cannot be written by one member in another's name", () => {
    const { sealing } = send(alice, alice.own, textOf("I am Alice"));
    const forged = sealGroupMessage(p, { ...sealing, deviceSeed: bob.deviceSeed }, textOf("I am Alice"));
    assert.equal(receive(start, forged.body).kind, "forged");
    const misplaced = sealGroupMessage(p, { ...sealing, index: bob.index }, textOf("I am Alice"));
    assert.equal(receive(start, misplaced.body).kind, "forged");
  });

  it("is signed for one group, one epoch, one device and one iteration", () => {
    const { body, sealing } = send(alice, alice.own, textOf("here"));
    const header = openHeader(p, headerKey, epochId, body);
    assert(typeof header !== "string");
    const places = [
      { ...sealing, group: GroupId.from(filled(9)) },
      { ...sealing, epochId: EpochId.from(filled(9)) },
      { ...sealing, device: bob.device },
      { ...sealing, iteration: 1 as Iteration },
    ];
    for (const place of places) assert.equal(checkSignature(p, place, header), "forged");
    assert.equal(openHeader(p, headerKey, EpochId.from(filled(9)), body), "forged");
  });

  it("costs nothing when it claims to be far ahead: the bounds answer before any step", () => {
    const { sealing } = send(alice, alice.own, textOf("far"));
    const far = sealGroupMessage(p, { ...sealing, iteration: 1_000_000 as Iteration }, textOf("far"));
    assert.equal(receive(start, far.body).kind, "too-far-ahead");
  });

  it("is forged when signed well and sealed under another key than the chain's", () => {
    const { sealing } = send(alice, alice.own, textOf("x"));
    const other = nextMessageKey(p, bob.own).messageKey;
    const { body } = sealGroupMessage(p, { ...sealing, messageKey: other }, textOf("x"));
    assert.equal(receive(start, body).kind, "forged");
  });

  it("never repeats a key with a nonce after an old state was restored, and shows as a fork", () => {
    const one = send(alice, alice.own, textOf("before the backup came back"));
    const two = send(alice, alice.own, textOf("after it"));
    assert.deepEqual(one.sealing.messageKey, two.sealing.messageKey);
    assert.notDeepEqual(one.sealing.nonces.message, two.sealing.nonces.message);
    assert.notDeepEqual(one.messageId, two.messageId);
    const first = receive(start, one.body);
    assert(first.kind === "opened");
    assert.equal(receive(first.chains, two.body).kind, "duplicate");
  });

  it("shows nothing of its text, sender or length", () => {
    const bodies = ["yes", "no", "a sentence of some sixty characters, as people write them"].map(
      (text) => send(alice, alice.own, textOf(text)).body,
    );
    assert.equal(new Set(bodies.map((each) => each.length)).size, 1);
    for (const body of bodies) {
      assert.equal(contains(body, alice.device), false);
      assert.equal(contains(body, Buffer.from("sentence")), false);
    }
  });

  it("of the largest text, with full frontier and closures, fits an envelope", () => {
    const { body } = send(alice, alice.own, {
      ...textOf("ä".repeat(TEXT_MAX_BYTES / 2)),
      frontier: Array.from({ length: MESSAGE_FRONTIER_MAX }, (_, i) => MessageId.from(filled(i))),
      closures: Array.from({ length: CLOSURES_MAX }, (_, i) => ({ epoch: EpochId.from(filled(i)), sent: i })),
    });
    assert(body.length <= BODY_MAX_BYTES);
    assert.equal(receive(start, body).kind, "opened");
  });
});

describe("entry box", () => {
  const entry = filled(7, 500);
  const body = sealEntry(p, epoch, freshNonce(), entry);

  it("gives back the entry in its epoch only", () => {
    assert.deepEqual(openEntry(p, epoch, body), entry);
    assert.equal(openEntry(p, { ...epoch, epochId: EpochId.from(filled(9)) }, body), "forged");
    assert.equal(openEntry(p, { ...epoch, logKey: LogKey.from(filled(9)) }, body), "forged");
    assert.equal(contains(body, entry.subarray(0, 16)), false);
  });

  it("is forged or malformed with any bit flipped", () => {
    fc.assert(
      fc.property(fc.nat({ max: 8 * body.length - 1 }), (bit) => {
        const changed = body.map((each, i) => (i === bit >> 3 ? each ^ (1 << (bit & 7)) : each));
        assert.match(String(openEntry(p, epoch, changed)), /^(forged|malformed)$/);
      }),
    );
  });
});
