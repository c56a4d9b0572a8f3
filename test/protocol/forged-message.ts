/** Messages as a device would not write them. */
import assert from "node:assert/strict";
import { HeaderKey } from "../../src/crypto/epoch-secrets.ts";
import { sealGroupMessage } from "../../src/crypto/group-message.ts";
import { type MessageKey, nextMessageKey, type OwnChain } from "../../src/crypto/sender-chain.ts";
import { EPOCH, type EpochState, OWN_CHAIN } from "../../src/protocol/records/epoch.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import type { GroupPlaintext } from "../../src/wire/group-message.ts";
import { type GroupId, type Iteration, type MessageId, Nonce, type TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, type Outcome, p } from "./device.ts";
import { deliverOne, epochOf, groupOf, newScene, say } from "./scene.ts";

/** Ann and Bob in a group of one epoch. */
export function pair() {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob]);
  const epoch = ann.existing(EPOCH, epochOf(ann, group));
  return { scene, ann, bob, group, epoch };
}

/** The envelopes in a device's outbox, which it loses. */
export function takeOutbox(device: Device): readonly Uint8Array[] {
  return [...device.ids(OUTBOX)].sort().map((id) => {
    const { envelope } = device.existing(OUTBOX, id);
    device.save(OUTBOX, id, null);
    return envelope;
  });
}

/** What the device would send for this text. */
export function sayAndTake(device: Device, group: GroupId, text: string): Uint8Array {
  say(device, group, text);
  return takeOutbox(device)[0] ?? assert.fail();
}

let sequence = 100;
/** The device is given this envelope of that epoch's topic. */
export const hand = (device: Device, epoch: EpochState, envelope: Uint8Array): Outcome =>
  deliverOne(device, epoch.topic, sequence++, envelope);

/** What a message says. */
export interface Forged {
  readonly iteration: number;
  readonly key: MessageKey;
  readonly text: string;
  readonly frontier?: readonly MessageId[];
  readonly depth?: number;
  readonly closures?: GroupPlaintext["closures"];
}

/** A message of the device at any place of its chain, whether it would write so or not. */
export function forge(
  device: Device,
  epoch: EpochState,
  { iteration, key, text, frontier = [], depth = 1, closures = [] }: Forged,
): Uint8Array {
  const { device: author, deviceSeed } = device.account();
  const nonce = (byte: number) =>
    Nonce.from(p.sha256(Uint8Array.of(byte, ...p.sha256(Buffer.from(text)))).slice(0, 24));
  const sealing = {
    group: epoch.group,
    epochId: epoch.epoch,
    device: author,
    iteration: iteration as Iteration,
    headerKey: HeaderKey.from(epoch.headerKey),
    index: device.existing(EPOCH, toHex(epoch.epoch)).ownIndex,
    deviceSeed,
    messageKey: key,
    nonces: { header: nonce(1), message: nonce(2) },
  };
  const plaintext: GroupPlaintext = {
    version: 1,
    frontier,
    depth,
    closures,
    sentAt: 5 as TimeMs,
    content: { kind: "text", text },
  };
  const { body } = sealGroupMessage(p, sealing, plaintext);
  return signEnvelope(p, epoch, ENVELOPE_KIND.message, body);
}

/** Key of the device's own message number `iteration`. */
export function keyAt(device: Device, epoch: EpochState, iteration: number): MessageKey {
  let chain: OwnChain = device.existing(OWN_CHAIN, toHex(epoch.epoch)).chain;
  for (;;) {
    const step = nextMessageKey(p, chain);
    if (step.iteration === iteration) return step.messageKey;
    assert(step.iteration < iteration, "that key is gone");
    chain = step.next;
  }
}
