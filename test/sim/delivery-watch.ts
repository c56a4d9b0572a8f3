/**
 * Nobody is told that more devices have a message than had stored it two seconds before: so neither does a report claim
 * what is not there, nor does it tell when something came.
 */
import type { ProfileChanges } from "../../src/client/ports/profile.ts";
import { SEEN } from "../../src/protocol/records/conversation.ts";
import type { Ledger } from "./ledger.ts";

/** Ms between what comes and the earliest report of it. */
const UNTOLD_MS = 2_000;

/** Who committed what. */
export interface DeliveryMoment {
  readonly device: string;
  /** Hex. */
  readonly account: string;
  readonly nowMs: number;
  /** A device that went back to an old copy writes at places of which others speak already, until it notices. */
  readonly isCopy: boolean;
}

export interface DeliveryWatch {
  readonly committed: (moment: DeliveryMoment, changes: ProfileChanges) => void;
  /** Counts that were shown to authors. */
  readonly counted: () => number;
}

/** `liars`: so many devices may claim what they like. */
export function watchDeliveries(ledger: Pick<Ledger, "violate">, liars: number): DeliveryWatch {
  /** When each device stored a message, by message id (hex) and device. */
  const stored = new Map<string, Map<string, { readonly account: string; readonly atMs: number }>>();
  let counted = 0;
  return {
    counted: () => counted,
    committed: ({ device, account, nowMs, isCopy }, { records, lines, lineStates }) => {
      const seen = [...records].flatMap(([key, value]) =>
        value && key.startsWith(SEEN.prefix) ? [key.slice(SEEN.prefix.length)] : [],
      );
      for (const id of [...seen, ...lines.map((line) => line.id)]) {
        const holders = stored.get(id) ?? new Map();
        if (!holders.has(device)) holders.set(device, { account, atMs: nowMs });
        stored.set(id, holders);
      }
      for (const { id, delivery } of isCopy ? [] : lineStates) {
        if (!delivery) continue;
        counted += 1;
        const holders = [...(stored.get(id)?.values() ?? [])].filter((each) => each.account !== account);
        const ripe = holders.filter(({ atMs }) => atMs + UNTOLD_MS <= nowMs);
        if (delivery.devices > ripe.length + liars)
          ledger.violate(
            "delivered is stored",
            `${device} takes a message to be on ${delivery.devices} devices; ${holders.length} have it, ${ripe.length} of them for two seconds`,
          );
        if (delivery.devices > delivery.of)
          ledger.violate("delivered is stored", `${device} counts ${delivery.devices} of ${delivery.of} devices`);
      }
    },
  };
}
