/**
 * Reading the account topic with nothing but the account's seed, before there is a profile: what a relay keeps of the
 * account's groups, devices and settings.
 * @see PROTOCOL.md § Account topic
 */
import type { Primitives } from "../crypto/primitives.ts";
import { accountTopicKeys, openAccountSnapshot } from "../protocol/account-topic-box.ts";
import { newestItems } from "../protocol/account-topic-items.ts";
import type { AccountItem } from "../wire/account-snapshot.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { Sequence } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { proofBy } from "./effects-performer.ts";
import type { Clock } from "./ports/clock.ts";
import type { Network } from "./ports/network.ts";

/** What the relays have of an account. */
export type AccountReading =
  | {
      readonly kind: "found";
      readonly items: readonly AccountItem[];
      readonly name: string;
      readonly relays: readonly string[];
    }
  /** Relays answered, and none has anything that these words open. */
  | { readonly kind: "nothing" }
  /** No relay could be reached. `reason`: a sentence about one of them. */
  | { readonly kind: "unreachable"; readonly reason: string };

/** A network that has its relays and was not started yet; it is stopped in the end. */
export interface AccountReadingParts {
  readonly primitives: Primitives;
  readonly network: Network;
  readonly clock: Clock;
}

/** Reads the topic of that account (seed: 32 bytes) at every relay that answers, for at most `waitMs`. */
export async function readAccountTopic(
  { primitives, network, clock }: AccountReadingParts,
  accountSeed: Uint8Array,
  waitMs: number,
): Promise<AccountReading> {
  const keys = accountTopicKeys(primitives, accountSeed);
  const items: AccountItem[] = [];
  const caughtUp = new Set<string>();
  let settled: () => void = () => undefined;
  const isRead = new Promise<void>((resolve) => {
    settled = resolve;
  });
  const look = (): void => {
    const states = network.relays().map(({ state }) => state);
    const connected = states.filter((state) => state === "connected").length;
    if (!states.includes("connecting") && caughtUp.size >= connected) settled();
  };
  const cancel = clock.after(waitMs, () => settled());
  try {
    await network.start({
      delivered: async (delivery) => {
        for (const { envelope } of delivery.items) {
          const body = decodeEnvelope(envelope)?.body;
          items.push(...((body && openAccountSnapshot(primitives, keys, body)?.items) ?? []));
        }
      },
      caughtUp: (_, log) => {
        caughtUp.add(toHex(log));
        look();
      },
      relayChanged: look,
    });
    const prove = proofBy(primitives, { topic: keys.topic, seed: keys.topicSeed, inbox: true });
    network.subscribe({ topic: keys.topic, inbox: true, prove, cursor: async () => 0 as Sequence });
    await isRead;
    return caughtUp.size > 0 ? outcome(primitives, items) : { kind: "unreachable", reason: reasonOf(network) };
  } finally {
    cancel();
    await network.stop();
  }
}

function outcome(primitives: Primitives, items: readonly AccountItem[]): AccountReading {
  const newest = newestItems(primitives, items);
  const settings = newest.get("settings")?.value;
  if (settings?.kind !== "settings") return { kind: "nothing" };
  return { kind: "found", items: [...newest.values()], name: settings.name, relays: settings.relays };
}

function reasonOf(network: Network): string {
  return network.relays().find(({ reason }) => reason !== undefined)?.reason ?? "none answered in time";
}
