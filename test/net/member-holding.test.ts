import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { countHolders, type Holder } from "../../src/net/member-holding.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { topicKey } from "./topic-keys.ts";

const { sha256 } = nobleVerifier;
const key = topicKey(1);
const [one, two] = [key.envelope("one"), key.envelope("two")];

/** Somebody who has these and answers with them, whatever is asked. */
const holder = (...kept: readonly Uint8Array[]): Holder => ({
  get: async (_topic, ids) => kept.filter((each) => ids.some((id) => toHex(id) === toHex(envelopeId(sha256, each)))),
});
const liar: Holder = { get: async () => [two] };
const gone: Holder = { get: async () => undefined };

describe("Members who have what we wrote", () => {
  const count = (envelopes: readonly Uint8Array[], ...holders: readonly Holder[]) =>
    countHolders(holders, { topic: key.topic, envelopes }, sha256);

  it("have all of it, and show it", async () => {
    assert.equal(await count([one, two], holder(one, two), holder(one), gone), 1);
    assert.equal(await count([one], liar, holder(one), holder(one)), 2);
    assert.equal(await count([one]), 0);
  });
});
