import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { burstLeaf, burstTree, rootFrom } from "../../src/crypto/burst-tree.ts";
import { coreHash, epochKeys, frontierHash, rootSecret } from "../../src/crypto/epoch-secrets.ts";
import {
  checkSignature,
  type MessageAuthor,
  type OpenedHeader,
  openHeader,
  openPayload,
  type SealedPayload,
  sealGroupMessage,
  sealPayload,
  signPayloads,
} from "../../src/crypto/group-message.ts";
import { nextMessageKey, openChain, ownChainOf } from "../../src/crypto/sender-chain.ts";
import { nativePrimitives as p } from "../../src/crypto-native/native-primitives.ts";
import { lpAll, u64be } from "../../src/verify/transcript.ts";
import { encode } from "../../src/wire/encoding.ts";
import { GroupHeader, GroupMessageBody } from "../../src/wire/group-message.ts";
import { DeviceKey, EntryHash, GroupId, type Iteration, Nonce, type TimeMs } from "../../src/wire/ids.ts";
import { BODY_MAX_BYTES, BURST_MESSAGES_MAX, BURST_PATH_MAX, TEXT_MAX_BYTES } from "../../src/wire/limits.ts";
import { unchanged } from "./frozen.ts";

const filled = (value: number, length = 32) => new Uint8Array(length).fill(value);
const group = GroupId.from(filled(1));
const phi = frontierHash(p, group, [EntryHash.from(filled(2))]);
const epoch = epochKeys(p, rootSecret(p, filled(3), coreHash(p, filled(4))), phi);
const { epochId, headerKey } = epoch;
const deviceSeed = filled(5);
const device = DeviceKey.from(p.signingPublicKey(deviceSeed));
const author: MessageAuthor = { group, epochId, device, headerKey, index: 0, deviceSeed };
const opened = openChain(p, epoch.senderTree, { epochId, device, index: 0 });
assert(opened !== undefined);
const { chainKey } = opened;

const nonceOf = (kind: number, i: number) => Nonce.from(p.sha256(Uint8Array.of(kind, i)).slice(0, 24));

/** The first `count` messages of the device, sealed and not signed, with their keys. */
function payloads(count: number, text = (i: number) => `line ${i}`) {
  let own = ownChainOf(chainKey);
  return Array.from({ length: count }, (_, i) => {
    const { messageKey, iteration, next } = nextMessageKey(p, own);
    own = next;
    const nonces = { header: nonceOf(1, i), message: nonceOf(2, i) };
    const sealing = { ...author, iteration, messageKey, nonces };
    const plaintext = {
      version: 1 as const,
      frontier: [],
      depth: 7,
      closures: [],
      sentAt: 5 as TimeMs,
      content: { kind: "text" as const, text: text(i) },
    };
    return { payload: sealPayload(p, sealing, plaintext), sealing, plaintext };
  });
}

const sealedOf = (count: number): readonly SealedPayload[] => payloads(count).map(({ payload }) => payload);

function headerOf(body: Uint8Array): OpenedHeader {
  const header = openHeader(p, headerKey, epochId, body);
  assert(typeof header !== "string");
  return header;
}

const check = (header: OpenedHeader) => checkSignature(p, { ...author, iteration: header.iteration }, header);
const flip = (bytes: Uint8Array, bit: number) =>
  bytes.map((each, i) => (i === (bit >> 3) % bytes.length ? each ^ (1 << (bit & 7)) : each));

type BurstHeader = OpenedHeader["proof"] & { readonly kind: "burst" };

function burstProof(header: OpenedHeader): BurstHeader {
  assert(header.proof.kind === "burst");
  return header.proof;
}

describe("messages signed together", () => {
  it("are each opened, with the id that they would have alone", () => {
    const counts = [2, 3, 4, 5, 7, 8, 9, 31, 33, BURST_MESSAGES_MAX];
    for (const count of counts) {
      const made = payloads(count);
      const all = made.map(({ payload }) => payload);
      const bodies = unchanged(all, (each) => signPayloads(p, author, each));
      assert.equal(bodies.length, count);
      for (const [i, { payload, sealing, plaintext }] of made.entries()) {
        const header = headerOf(bodies[i] ?? new Uint8Array());
        assert.equal(header.iteration, i);
        assert(burstProof(header).path.length <= BURST_PATH_MAX);
        assert.deepEqual(check(header), payload.messageId);
        assert.deepEqual(payload.messageId, sealGroupMessage(p, sealing, plaintext).messageId);
        assert.deepEqual(openPayload(p, sealing.messageKey, sealing, header), plaintext);
      }
    }
  });

  it("cost one signature, whatever their number", () => {
    let signatures = 0;
    const sign = (seed: Uint8Array, message: Uint8Array) => {
      signatures++;
      return p.sign(seed, message);
    };
    signPayloads({ ...p, sign }, author, sealedOf(40));
    assert.equal(signatures, 1);
  });

  it("one alone is signed in the single form", () => {
    const [body] = signPayloads(p, author, sealedOf(1));
    assert.equal(headerOf(body ?? new Uint8Array()).proof.kind, "single");
    assert.deepEqual(signPayloads(p, author, []), []);
  });

  const count = 11;
  const bodies = signPayloads(p, author, sealedOf(count));
  const headers = bodies.map(headerOf);
  const anyHeader = fc.nat({ max: count - 1 }).map((i) => headers[i] ?? assert.fail());

  it("are forged or malformed with any bit flipped", () => {
    fc.assert(
      fc.property(fc.nat({ max: count - 1 }), fc.nat(), (i, bit) => {
        const result = openHeader(p, headerKey, epochId, flip(bodies[i] ?? new Uint8Array(), bit));
        assert.match(String(result), /^(forged|malformed)$/);
      }),
      { numRuns: 200 },
    );
  });

  it("are forged when a member who has the header key changes anything that the header says", () => {
    const change = fc.record({
      header: anyHeader,
      first: fc.integer({ min: -3, max: 3 }),
      position: fc.integer({ min: -3, max: 3 }),
      count: fc.integer({ min: -3, max: 3 }),
    });
    fc.assert(
      fc.property(change, fc.nat(), fc.nat({ max: 6 }), ({ header, ...by }, bit, what) => {
        const proof = burstProof(header);
        const first = proof.first + by.first;
        const position = proof.position + by.position;
        if (first < 0 || position < 0) return;
        const other: BurstHeader[] = [
          { ...proof, first: first as Iteration, position, count: proof.count + by.count },
          { ...proof, signature: flip(proof.signature, bit) as typeof proof.signature },
          { ...proof, path: proof.path.map((each, i) => (i === bit % proof.path.length ? flip(each, bit) : each)) },
          { ...proof, path: proof.path.slice(1) },
          { ...proof, path: [...proof.path, filled(7)] },
          { ...proof, path: proof.path.toReversed() },
          { ...proof, path: [] },
        ];
        const changed = other[what] ?? proof;
        const isSame =
          changed.first === proof.first &&
          changed.position === proof.position &&
          changed.count === proof.count &&
          changed.path.join() === proof.path.join() &&
          changed.signature.join() === proof.signature.join();
        const iteration = (changed.first + changed.position) as Iteration;
        const answer = check({ ...header, iteration, proof: changed });
        assert.equal(answer === "forged", !isSame);
      }),
      { numRuns: 500 },
    );
  });

  it("are forged for another ciphertext, group, epoch, device or place", () => {
    const [header = assert.fail(), second = assert.fail()] = headers;
    const place = { ...author, iteration: header.iteration };
    assert.equal(checkSignature(p, place, { ...header, ciphertextHash: second.ciphertextHash }), "forged");
    for (const other of [
      { ...place, group: GroupId.from(filled(9)) },
      { ...place, epochId: frontierHash(p, group, []) as unknown as typeof epochId },
      { ...place, device: DeviceKey.from(p.signingPublicKey(filled(9))) },
      { ...place, iteration: 1 as Iteration },
    ])
      assert.equal(checkSignature(p, other, header), "forged");
  });

  it("are forged when presented as single ones, and the reverse", () => {
    const [header = assert.fail()] = headers;
    const { index, signature, first } = burstProof(header);
    const asSingle = { kind: "single" as const, index, iteration: header.iteration, signature };
    assert.equal(check({ ...header, proof: asSingle }), "forged");
    const [{ sealing, plaintext } = assert.fail()] = payloads(1);
    const single = headerOf(sealGroupMessage(p, sealing, plaintext).body);
    const path = burstProof(header).path;
    const asBurst = { kind: "burst" as const, index, first, position: 0, count, path };
    assert.equal(check({ ...single, proof: { ...asBurst, signature: single.proof.signature } }), "forged");
  });

  it("whose iteration no number can hold are malformed", () => {
    const [header = assert.fail()] = headers;
    const proof = { ...burstProof(header), first: Number.MAX_SAFE_INTEGER as Iteration, position: 1 };
    const headerNonce = nonceOf(3, 0);
    const sealed = p.seal(
      headerKey,
      headerNonce,
      lpAll("hdr", epochId, header.ciphertextHash),
      encode(GroupHeader, proof),
    );
    const { nonce, ciphertext } = header;
    const body = encode(GroupMessageBody, { headerNonce, header: sealed, nonce, ciphertext });
    assert.equal(openHeader(p, headerKey, epochId, body), "malformed");
  });

  it("of the largest texts fit an envelope each", () => {
    const large = payloads(BURST_MESSAGES_MAX, () => "ä".repeat(TEXT_MAX_BYTES / 2)).map(({ payload }) => payload);
    for (const body of signPayloads(p, author, large)) assert(body.length <= BODY_MAX_BYTES);
  });
});

describe("the tree over a burst", () => {
  const leaves = Array.from({ length: 13 }, (_, i) => burstLeaf(p, i as Iteration, filled(i)));

  it("keeps leaves, nodes and signed messages apart: none of their hashes is another kind's", () => {
    const [a = assert.fail(), b = assert.fail()] = leaves;
    const { root } = burstTree(p, [a, b]);
    assert.notDeepEqual(root, p.sha256(lpAll("burst-leaf", a, b)));
    assert.deepEqual(root, p.sha256(lpAll("burst-node", a, b)));
    assert.notDeepEqual(burstLeaf(p, 0 as Iteration, a), p.sha256(lpAll("msg-id", u64be(0), a)));
  });

  it("is another one for other leaves, another order or another number", () => {
    const roots = new Set<string>();
    for (let count = 1; count <= leaves.length; count++) roots.add(burstTree(p, leaves.slice(0, count)).root.join());
    roots.add(burstTree(p, leaves.toReversed()).root.join());
    roots.add(burstTree(p, [...leaves, ...leaves.slice(-1)]).root.join());
    assert.equal(roots.size, leaves.length + 2);
  });

  it("leads every leaf to its root by its own path only", () => {
    const count = leaves.length;
    const { root, paths } = burstTree(p, leaves);
    for (const [at, path] of paths.entries())
      for (const [position, leaf] of leaves.entries()) {
        const reached = rootFrom(p, leaf, { position, count, path });
        assert.equal(reached !== undefined && reached.join() === root.join(), at === position);
      }
  });
});
