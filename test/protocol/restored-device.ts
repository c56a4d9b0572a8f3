/** A lost device's account on a new one, from what lies in its topic. */
import { accountTopicKeys, openAccountSnapshot } from "../../src/protocol/account-topic-box.ts";
import { newestItems } from "../../src/protocol/account-topic-items.ts";
import type { AccountItem } from "../../src/wire/account-snapshot.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, newDevice, p } from "./device.ts";
import type { Scene } from "./scene.ts";

/** Items in the account topic, as somebody sees who has nothing but the words. */
export function readWithWords(scene: Scene, accountSeed: Uint8Array): readonly AccountItem[] {
  const keys = accountTopicKeys(p, accountSeed);
  const found = (scene.topics.get(toHex(keys.topic)) ?? []).flatMap((envelope) => {
    const body = decodeEnvelope(envelope)?.body;
    return (body && openAccountSnapshot(p, keys, body)?.items) ?? [];
  });
  return [...newestItems(p, found).values()];
}

/** Another device of the same account, restored from what lies in its topic. */
export function restored(scene: Scene, lost: Device, name: string): Device {
  const { accountSeed, relays } = lost.account();
  const device = newDevice(name, scene.clock);
  device.records.clear();
  device.put({ kind: "restore-account", accountSeed, name, relays, items: readWithWords(scene, accountSeed) });
  return device;
}
