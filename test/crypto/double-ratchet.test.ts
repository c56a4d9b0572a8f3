import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  RATCHET_DECRYPT_RANDOM_BYTES,
  RATCHET_ENCRYPT_RANDOM_BYTES,
  type RatchetOutcome,
  ratchetDecrypt,
  ratchetEncrypt,
  startAsInitiator,
  startAsResponder,
} from "../../src/crypto/double-ratchet.ts";
import { RatchetState } from "../../src/crypto/double-ratchet-state.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { FORWARD_JUMP_MAX, SKIPPED_KEYS_MAX } from "../../src/wire/limits.ts";
import type { RatchetMessage } from "../../src/wire/pairwise.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type RandomSource, randomFrom } from "./paired-devices.ts";

const associated = new Uint8Array(32).fill(9);

interface Pair {
  readonly random: RandomSource;
  readonly states: [RatchetState, RatchetState];
}

/** An initiator (0) and a responder (1) with the same secret. */
function pair(seed: string): Pair {
  const random = randomFrom(seed);
  const [secret, prekey] = [random(32), random(32)];
  const initiator = startAsInitiator(p, secret, p.agreementPublicKey(prekey), random(32));
  assert(initiator);
  return { random, states: [initiator, startAsResponder(p, secret, prekey)] };
}

function send(state: RatchetState, random: RandomSource, text = "hello") {
  const plaintext = new TextEncoder().encode(text);
  const sent = ratchetEncrypt(p, state, { plaintext, associated }, random(RATCHET_ENCRYPT_RANDOM_BYTES));
  assert(sent, "there is a sending chain");
  return sent;
}

function receive(state: RatchetState, random: RandomSource, message: RatchetMessage, using = p): RatchetOutcome {
  return ratchetDecrypt(using, state, { message, associated }, random(RATCHET_DECRYPT_RANDOM_BYTES));
}

function opened(outcome: RatchetOutcome): RatchetState {
  assert.equal(outcome.kind, "opened");
  return (outcome as Extract<RatchetOutcome, { kind: "opened" }>).state;
}

/** `count` messages by `states[0]`, without any of them arriving. */
function sendMany(from: Pair, count: number): RatchetMessage[] {
  return Array.from({ length: count }, (_, i) => {
    const sent = send(from.states[0], from.random, `${i}`);
    from.states[0] = sent.state;
    return sent.message;
  });
}

/** All primitives, with a count of the HMACs: the work of ratcheting. */
function counting(): { readonly p: Primitives; readonly hmacs: () => number } {
  let count = 0;
  const hmac: Primitives["hmac"] = (key, data) => {
    count++;
    return p.hmac(key, data);
  };
  return { p: { ...p, hmac }, hmacs: () => count };
}

const anyEvents = fc.array(
  fc.record({
    kind: fc.constantFrom("send", "send", "deliver", "deliver", "repeat", "lose"),
    side: fc.nat(1),
    at: fc.nat(9),
  }),
  { maxLength: 40, size: "max" },
);

describe("The Double Ratchet", () => {
  it("opens each message once, in any order, with losses and repetitions", () => {
    const property = fc.property(fc.string(), anyEvents, (seed, events) => {
      const { random, states } = pair(seed);
      const waiting: { to: number; text: string; message: RatchetMessage }[] = [];
      const seen = new Set<string>();
      const deliver = (index: number) => {
        const item = waiting[index];
        if (item === undefined) return;
        const outcome = receive(states[item.to] as RatchetState, random, item.message);
        if (seen.has(item.text)) return assert.equal(outcome.kind, "duplicate");
        states[item.to] = opened(outcome);
        seen.add(item.text);
        assert.equal(outcome.kind === "opened" && new TextDecoder().decode(outcome.plaintext), item.text);
      };
      for (const [number, { kind, side, at }] of events.entries()) {
        const index = at % Math.max(1, waiting.length);
        const state = states[side] as RatchetState;
        if (kind === "send" && state.sending !== undefined) {
          const sent = send(state, random, `${number}`);
          states[side] = sent.state;
          waiting.push({ to: 1 - side, text: `${number}`, message: sent.message });
        }
        if (kind === "deliver" || kind === "repeat") deliver(index);
        if (kind === "deliver" || kind === "lose") waiting.splice(index, 1);
      }
      while (waiting.length > 0) {
        deliver(0);
        waiting.shift();
      }
    });
    fc.assert(property, { numRuns: 40 });
  }).timeout(60_000);

  it("answers a flipped bit anywhere with forged, and keeps the state", () => {
    const { random, states } = pair("flips");
    const { message } = send(states[0], random);
    for (const field of ["headerNonce", "header", "nonce", "ciphertext"] as const) {
      for (let bit = 0; bit < message[field].length * 8; bit += 5) {
        const altered = message[field].slice();
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(receive(states[1], random, { ...message, [field]: altered } as RatchetMessage).kind, "forged");
      }
    }
    assert.equal(receive(states[1], random, message).kind, "opened");
  });

  it("never writes into a state or a message that it is given", () => {
    const { random, states } = pair("mutation");
    const first = send(states[0], random);
    const second = send(first.state, random);
    const before = [...states, first.state].map((state) => toHex(encode(RatchetState, state)));
    const message = structuredClone(second.message);
    const after = opened(receive(states[1], random, second.message));
    opened(receive(after, random, first.message));
    assert.deepEqual(
      [...states, first.state].map((state) => toHex(encode(RatchetState, state))),
      before,
    );
    assert.deepEqual(second.message, message);
  });

  it("has no used key left in its saved state", () => {
    const used: string[] = [];
    const spy: Primitives = {
      ...p,
      open: (key, ...rest) => {
        const plaintext = p.open(key, ...rest);
        if (plaintext !== undefined && plaintext.length === 5) used.push(toHex(key));
        return plaintext;
      },
    };
    const { random, states } = pair("erasure");
    const first = send(states[0], random);
    const second = send(first.state, random);
    const skipping = opened(receive(states[1], random, second.message, spy));
    const saved = toHex(encode(RatchetState, skipping));
    const done = toHex(encode(RatchetState, opened(receive(skipping, random, first.message, spy))));
    assert.equal(used.length, 2);
    const [secondKey, firstKey] = used as [string, string];
    assert(saved.includes(firstKey), "control: a skipped key is found where it has to be");
    assert(!saved.includes(secondKey) && !done.includes(secondKey) && !done.includes(firstKey));
    assert(!saved.includes(toHex(states[1].ourSecret)), "the prekey's secret is gone after the first turn");
    assert(!saved.includes(toHex(states[1].rootKey)));
  });

  it("never repeats a key with a nonce from a copied old state, and the peer opens what it had not yet seen", () => {
    const { random, states } = pair("copied");
    const nonces = new Set<string>();
    const texts = ["original", "copy", "another copy"].map((text) => send(states[0], random, text));
    for (const { message } of texts) {
      nonces.add(toHex(message.nonce));
      nonces.add(toHex(message.headerNonce));
    }
    assert.equal(nonces.size, 6);
    for (const { message } of texts) assert.equal(receive(states[1], random, message).kind, "opened");
  });

  it("opens a copied old state's message after the peer's next one, where the original had got ahead", () => {
    const { random, states } = pair("restored");
    const copy = states[0];
    const original = send(copy, random);
    const peer = opened(receive(states[1], random, original.message));
    const restored = send(copy, random);
    assert.equal(receive(peer, random, restored.message).kind, "duplicate");
    const answer = send(peer, random);
    const turned = opened(receive(restored.state, random, answer.message));
    assert.equal(receive(answer.state, random, send(turned, random).message).kind, "opened");
  });

  it("does next to no work for a forged message, however far ahead it claims to be", () => {
    const { random, states } = pair("cheap");
    const { message } = send(
      { ...states[0], sending: { key: random(32), headerKey: random(32), next: 24_000 } },
      random,
    );
    const work = counting();
    assert.equal(receive(states[1], random, message, work.p).kind, "forged");
    assert(work.hmacs() < 10);
  });

  it("opens a message at the limit of the forward jump, and calls the one beyond it too far ahead", () => {
    const { random, states } = pair("far");
    const responder = opened(receive(states[1], random, send(states[0], random).message));
    const sending = states[0].sending;
    assert(sending);
    const ahead = (next: number) => send({ ...states[0], sending: { ...sending, next } }, random).message;
    const work = counting();
    assert.equal(receive(responder, random, ahead(FORWARD_JUMP_MAX + 2), work.p).kind, "too-far-ahead");
    assert.equal(work.hmacs(), 0);
    assert.notEqual(receive(responder, random, ahead(FORWARD_JUMP_MAX + 1), work.p).kind, "too-far-ahead");
  }).timeout(20_000);

  it("keeps the newest skipped keys when there are too many", () => {
    const both = pair("many");
    const messages = sendMany(both, SKIPPED_KEYS_MAX + 3);
    const last = messages.at(-1) as RatchetMessage;
    const state = opened(receive(both.states[1], both.random, last));
    assert.equal(state.past.flatMap(({ keys }) => keys).length, SKIPPED_KEYS_MAX);
    assert.equal(receive(state, both.random, messages[1] as RatchetMessage).kind, "duplicate");
    assert.equal(receive(state, both.random, messages[2] as RatchetMessage).kind, "opened");
  }).timeout(20_000);

  it("keeps to that limit over several gaps in one chain and over several chains", () => {
    const both = pair("gaps");
    const [responder, { random }] = [both.states[1], both];
    const gap = SKIPPED_KEYS_MAX - 500;
    const first = sendMany(both, gap + 1).at(-1) as RatchetMessage;
    const firstGap = opened(receive(responder, random, first));
    const secondGap = opened(receive(firstGap, random, sendMany(both, gap + 1).at(-1) as RatchetMessage));
    const answered = send(secondGap, random);
    both.states[0] = opened(receive(both.states[0], random, answered.message));
    const thirdGap = opened(receive(answered.state, random, sendMany(both, 10).at(-1) as RatchetMessage));
    for (const state of [secondGap, thirdGap])
      assert.equal(state.past.flatMap(({ keys }) => keys).length, SKIPPED_KEYS_MAX);
    assert.equal(thirdGap.past[0]?.keys.length, 9, "the newest chain's are kept");
  }).timeout(20_000);

  it("knows late and repeated messages of a chain after the ratchet has turned", () => {
    const both = pair("late");
    const { random } = both;
    const [first, second, third] = sendMany(both, 3) as [RatchetMessage, RatchetMessage, RatchetMessage];
    const answered = send(opened(receive(both.states[1], random, first)), random);
    const turned = send(opened(receive(both.states[0], random, answered.message)), random);
    let state = opened(receive(answered.state, random, turned.message));
    assert.equal(receive(state, random, first).kind, "duplicate");
    for (const late of [third, second]) {
      state = opened(receive(state, random, late));
      assert.equal(receive(state, random, late).kind, "duplicate");
    }
    const nextAnswer = send(state, random);
    const nextTurn = send(opened(receive(turned.state, random, nextAnswer.message)), random);
    state = opened(receive(nextAnswer.state, random, nextTurn.message));
    assert.equal(receive(state, random, turned.message).kind, "duplicate", "of a chain without any gap, too");
  });

  it("is the same after it was saved and read, and reads nothing but its saved form", () => {
    const both = pair("saved");
    const messages = sendMany(both, 3);
    const state = opened(receive(both.states[1], both.random, messages[2] as RatchetMessage));
    const saved = encode(RatchetState, state);
    assert.deepEqual(decode(RatchetState, saved), state);
    assert.equal(decode(RatchetState, saved.subarray(1)), undefined);
    assert.equal(decode(RatchetState, Uint8Array.of(...saved, 0)), undefined);
    assert.equal(decode(RatchetState, saved.with(0, 2)), undefined);
  });
});
