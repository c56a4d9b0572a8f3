import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { STATEMENT, STATEMENTS_MAX } from "../../src/protocol/records/topic.ts";
import { checkStatement, type Proven } from "../../src/protocol/relay-statements.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { LogId, type Sequence } from "../../src/wire/ids.ts";
import { SignedRelayStatement } from "../../src/wire/relay-statement.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { pair, sayAndTake } from "./forged-message.ts";

const RELAY = "/ip4/192.0.2.7/tcp/33001/p2p/12D3KooWRelay";
const log = LogId.from(new Uint8Array(16).fill(3));

/** Ann's relay never gave her a message of Bob's that it had acknowledged. */
function untrue() {
  const { ann, bob, group, epoch } = pair();
  const envelope = sayAndTake(bob, group, "hello");
  const put = (device: Device, sequence: number, envelopes: readonly Uint8Array[] = [envelope]) =>
    device.put({
      kind: "relay-failed",
      relay: RELAY,
      log,
      fault: "skipped",
      topic: epoch.topic,
      sequence: sequence as Sequence,
      envelopes,
    });
  const keptBy = (device: Device) => device.ids(STATEMENT).map((id) => device.existing(STATEMENT, id));
  const checkedBy = (device: Device, signed: SignedRelayStatement): readonly Proven[] | "forged" => {
    const devices = device.roster(epoch.epoch);
    return checkStatement(p, signed, { epoch: device.existing(EPOCH, toHex(epoch.epoch)), devices });
  };
  return { ann, bob, group, epoch, put, keptBy, checkedBy };
}

describe("a relay that did not tell the truth", () => {
  it("is warned about once, with its address, and what shows it is kept", () => {
    const { ann, group, put, keptBy } = untrue();
    const { events } = put(ann, 7);
    assert.deepEqual(events, [{ kind: "warning", code: "relay-untrue", group, relay: RELAY }]);
    assert.deepEqual(put(ann, 7).events, []);
    assert.equal(keptBy(ann)[0]?.statement.relay, RELAY);
  });

  it("fills no more than the room for it", () => {
    const { ann, put, keptBy } = untrue();
    for (let i = 1; i <= STATEMENTS_MAX + 5; i++) put(ann, i);
    assert.equal(keptBy(ann).length, STATEMENTS_MAX);
  });

  it("is shown to any member: who says so, and that the envelope is by whom it is by", () => {
    const { ann, bob, put, keptBy, checkedBy } = untrue();
    put(ann, 7);
    const [signed] = keptBy(ann);
    assert(signed);
    const copy = decode(SignedRelayStatement, encode(SignedRelayStatement, signed));
    assert(copy);
    const proven = checkedBy(bob, copy);
    assert(proven !== "forged");
    assert.deepEqual(
      proven.map((each) => each.kind === "message" && each.device),
      [bob.account().device],
    );
  });

  it("is accused by members only, and with nothing that they have made up", () => {
    const { ann, bob, group, put, keptBy, checkedBy } = untrue();
    put(ann, 7);
    const [signed] = keptBy(ann);
    assert(signed);
    const { statement } = signed;
    const strangers = new Uint8Array(32).fill(9) as typeof statement.device;
    for (const changed of [
      { sequence: 8 as Sequence },
      { relay: "/ip4/192.0.2.8" },
      { device: strangers },
      { fault: 2 },
    ])
      assert.equal(checkedBy(bob, { ...signed, statement: { ...statement, ...changed } }), "forged");
    const spoilt = sayAndTake(bob, group, "another").slice();
    spoilt[spoilt.length - 80] = (spoilt[spoilt.length - 80] ?? 0) ^ 1;
    put(ann, 9, [spoilt]);
    const bad = keptBy(ann).find((each) => each.statement.sequence === 9);
    assert(bad);
    assert.equal(checkedBy(bob, bad), "forged");
  });
});
