import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { openEntry, sealEntry } from "../../src/crypto/entry-box.ts";
import {
  confirmation,
  contribution,
  coreHash,
  derivedSecret,
  type EpochKeys,
  type EpochSecret,
  entryHash,
  epochKeys,
  type FrontierHash,
  forkPoint,
  frontierHash,
  mergedSecret,
  rootSecret,
} from "../../src/crypto/epoch-secrets.ts";
import { sealGroupMessage, sealPayload, signPayloads } from "../../src/crypto/group-message.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { paddedLength } from "../../src/crypto/padme.ts";
import { type PointBytes, type PuncturableTree, puncture } from "../../src/crypto/puncturable-tree.ts";
import { messageKeyAt, openChain, peerChainOf } from "../../src/crypto/sender-chain.ts";
import { checkEnvelope, envelopeBodyHash, envelopeId, envelopeSigningBytes } from "../../src/verify/envelope-check.ts";
import { openProofBytes } from "../../src/verify/open-proof.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { encodeEnvelope } from "../../src/wire/envelope.ts";
import type { GroupPlaintext } from "../../src/wire/group-message.ts";
import {
  DeviceKey,
  type EntryHash,
  EpochId,
  GroupId,
  type Iteration,
  MessageId,
  Nonce,
  Signature,
  type TimeMs,
} from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type EpochVector, INPUT, type KeyScheduleVectors, type NodeVector } from "../twin/key-schedule-scenario.ts";
import { keyScheduleVectors } from "../twin/key-schedule-vectors.ts";

const stored: KeyScheduleVectors = JSON.parse(
  readFileSync(new URL("../vectors/key-schedule.json", import.meta.url), "utf8"),
);

interface SignedCore {
  readonly core: Uint8Array;
  readonly secret: EpochSecret;
  readonly confirmed: Uint8Array;
  readonly hash: EntryHash;
}

function entryOf(core: Uint8Array, secret: EpochSecret): SignedCore {
  const confirmed = confirmation(p, secret, coreHash(p, core));
  return { core, secret, confirmed, hash: entryHash(p, core, confirmed) };
}

function entryVector({ core, confirmed, hash }: SignedCore) {
  return { core: toHex(core), x: toHex(coreHash(p, core)), confirmation: toHex(confirmed), hash: toHex(hash) };
}

function rootOf(tree: PuncturableTree<PointBytes>): string {
  assert.equal(tree.nodes.length, 1);
  return toHex(tree.nodes[0]?.secret ?? new Uint8Array());
}

function epochVector(keys: EpochKeys, secret: EpochSecret, phi: FrontierHash): EpochVector {
  return {
    phi: toHex(phi),
    secret: toHex(secret),
    epochId: toHex(keys.epochId),
    topicSeed: toHex(keys.topicSeed),
    topic: toHex(keys.topic),
    headerKey: toHex(keys.headerKey),
    logKey: toHex(keys.logKey),
    senderRoot: rootOf(keys.senderTree),
    forkRoot: rootOf(keys.forkTree),
  };
}

function nodeVectors({ nodes }: PuncturableTree<PointBytes>): NodeVector[] {
  const bits = (path: Uint8Array) => [...path].map((each) => each.toString(2).padStart(8, "0")).join("");
  return nodes
    .map(({ path, depth, secret }) => ({ bits: bits(path).slice(0, depth), secret: toHex(secret) }))
    .sort((a, b) => (a.bits < b.bits ? -1 : 1));
}

const bitString = (point: Uint8Array) => [...point].map((each) => each.toString(2).padStart(8, "0")).join("");

describe("key schedule vectors", () => {
  const create = entryOf(INPUT.createCore, rootSecret(p, INPUT.createRandom, coreHash(p, INPUT.createCore)));
  const group = GroupId.from(create.hash);
  const phi = frontierHash(p, group, [create.hash]);
  const epoch = epochKeys(p, create.secret, phi);
  const device = DeviceKey.from(p.signingPublicKey(INPUT.deviceSeed));
  const place = { group, epochId: epoch.epochId, device };

  const singleHead = (entry: SignedCore) => {
    const of = frontierHash(p, group, [entry.hash]);
    return { of, keys: epochKeys(p, entry.secret, of) };
  };

  function addsInOrder(): readonly SignedCore[] {
    let fork = epoch.forkTree;
    return INPUT.addCores.map((core) => {
      const derived = derivedSecret(p, fork, coreHash(p, core));
      assert(derived !== undefined);
      fork = derived.fork;
      return entryOf(core, derived.secret);
    });
  }
  const adds = addsInOrder();
  const rekey = entryOf(INPUT.rekeyCore, rootSecret(p, INPUT.rekeyRandom, coreHash(p, INPUT.rekeyCore)));

  function chainKey() {
    const opened = openChain(p, epoch.senderTree, { epochId: epoch.epochId, device, index: INPUT.index });
    assert(opened !== undefined);
    return opened.chainKey;
  }

  function keyAt(iteration: number) {
    const answer = messageKeyAt(p, peerChainOf(chainKey()), iteration as Iteration, 0 as TimeMs);
    assert(answer.kind === "key");
    return answer.key;
  }

  it("are what the slow twin computes", () => {
    assert.deepEqual(keyScheduleVectors(), stored);
  });

  it("hold for one head from a fresh secret", () => {
    const actual = { ...entryVector(create), random: toHex(INPUT.createRandom) };
    assert.deepEqual({ ...actual, epoch: epochVector(epoch, create.secret, phi) }, stored.create);
  });

  it("hold for derived heads, in a fork tree punctured in between", () => {
    const actual = adds.map((entry) => {
      const { of, keys } = singleHead(entry);
      const point = bitString(forkPoint(p, coreHash(p, entry.core)));
      return { ...entryVector(entry), point, epoch: epochVector(keys, entry.secret, of) };
    });
    assert.deepEqual(actual, stored.adds);
  });

  it("hold for a re-key", () => {
    const { of, keys } = singleHead(rekey);
    const actual = { ...entryVector(rekey), random: toHex(INPUT.rekeyRandom) };
    assert.deepEqual({ ...actual, epoch: epochVector(keys, rekey.secret, of) }, stored.rekey);
  });

  it("hold for several heads, in whatever order they are known", () => {
    const heads = [...adds, rekey];
    const of = frontierHash(
      p,
      group,
      heads.map((each) => each.hash),
    );
    const contributions = heads.map((entry) => {
      const taken = contribution(p, singleHead(entry).keys.forkTree, of);
      assert(taken !== undefined);
      return { head: entry.hash, contribution: taken.contribution };
    });
    for (const order of [contributions, contributions.toReversed()]) {
      const secret = mergedSecret(p, order, of);
      assert.deepEqual(epochVector(epochKeys(p, secret, of), secret, of), stored.merged.epoch);
    }
    assert.deepEqual(
      contributions.map((each) => toHex(each.contribution)),
      stored.merged.contributions,
    );
  });

  it("hold for punctured trees", () => {
    let senders = epoch.senderTree;
    for (const index of INPUT.puncturedIndexes) senders = puncture(p, senders, u32be(index));
    const fork = puncture(p, epoch.forkTree, forkPoint(p, coreHash(p, INPUT.addCores[0])));
    assert.deepEqual({ senders: nodeVectors(senders), fork: nodeVectors(fork) }, stored.punctured);
  });

  it("hold for a sender's chain", () => {
    const messageKeys = INPUT.chainIterations.map((iteration) => ({ iteration, key: toHex(keyAt(iteration)) }));
    const actual = { device: toHex(device), index: INPUT.index, chainKey: toHex(chainKey()), messageKeys };
    assert.deepEqual(actual, stored.chain);
  });

  const author = { ...place, headerKey: epoch.headerKey, index: INPUT.index, deviceSeed: INPUT.deviceSeed };
  const plaintextOf = (text: string): GroupPlaintext => ({
    version: 1,
    frontier: INPUT.frontier.map(MessageId.from),
    depth: INPUT.depth,
    closures: INPUT.closures.map((each) => ({ ...each, epoch: EpochId.from(each.epoch) })),
    sentAt: INPUT.sentAt as TimeMs,
    content: { kind: "text", text },
  });
  const sealingAt = (at: number, { headerNonce, nonce }: { headerNonce: Uint8Array; nonce: Uint8Array }) => ({
    ...author,
    iteration: at as Iteration,
    messageKey: keyAt(at),
    nonces: { header: Nonce.from(headerNonce), message: Nonce.from(nonce) },
  });

  it("hold for messages", () => {
    const actual = INPUT.messages.map(({ iteration, text, ...nonces }) => {
      const sealed = sealGroupMessage(p, sealingAt(iteration, nonces), plaintextOf(text));
      return { iteration, text, body: toHex(sealed.body), id: toHex(sealed.messageId) };
    });
    assert.deepEqual(actual, stored.messages);
  });

  it("hold for bursts", () => {
    const first = INPUT.burstFirst;
    const actual = INPUT.burstCounts.map((count) => {
      const payloads = Array.from({ length: count }, (_, position) =>
        sealPayload(
          p,
          sealingAt(first + position, INPUT.burstNonces(position)),
          plaintextOf(INPUT.burstText(position)),
        ),
      );
      const bodies = signPayloads(p, author, payloads);
      const messages = payloads.map(({ messageId }, i) => ({
        body: toHex(bodies[i] ?? new Uint8Array()),
        id: toHex(messageId),
      }));
      return { first, messages };
    });
    assert.deepEqual(actual, stored.bursts);
  });

  it("hold for a sealed entry", () => {
    const body = sealEntry(p, epoch, Nonce.from(INPUT.entryNonce), INPUT.entry);
    assert.equal(toHex(body), stored.entryBody);
    assert.deepEqual(openEntry(p, epoch, body), INPUT.entry);
  });

  it("hold for an envelope", () => {
    const body = Buffer.from(stored.messages[1]?.body ?? "", "hex");
    const signed = envelopeSigningBytes(1, epoch.topic, 1, envelopeBodyHash(p.sha256, body));
    const signature = Signature.from(p.sign(epoch.topicSeed, signed));
    const envelope = { version: 1 as const, topic: epoch.topic, kind: 1, body, signature };
    const encoded = encodeEnvelope(envelope);
    assert.deepEqual({ encoded: toHex(encoded), id: toHex(envelopeId(p.sha256, encoded)) }, stored.envelope);
    assert.equal(checkEnvelope(p, envelope), "valid");
  });

  it("hold for open proofs", () => {
    const { challenge: nonce, holderPeerId, openerPeerId } = INPUT;
    const actual = [false, true].map((inbox) => {
      const claim = { topic: epoch.topic, nonce, holderPeerId, openerPeerId, inbox };
      return { inbox, signature: toHex(p.sign(epoch.topicSeed, openProofBytes(claim))) };
    });
    assert.deepEqual(actual, stored.openProofs);
  });

  it("hold for padding", () => {
    const actual = INPUT.paddingLengths.map((length) => ({ length, total: paddedLength(length) }));
    assert.deepEqual(actual, stored.padding);
  });
});
