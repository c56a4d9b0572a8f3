/**
 * The prekey directories of our relays as one. Those that only a peer told us are asked for that peer's prekeys, and never
 * given ours.
 */
import type { Network } from "../client/ports/network.ts";
import { Signature } from "../wire/ids.ts";
import type { PrekeyAnswer, PrekeyRequest } from "../wire/prekey-frames.ts";
import type { PrekeyAsker } from "./prekey-client.ts";
import type { RelayLinks } from "./relay-links.ts";

export interface RelayDirectory extends Pick<Network, "publishPrekeys" | "countPrekeys"> {
  /** From all that are connected; empty: they have none; undefined: none answered. */
  readonly takePrekeys: Network["takePrekeys"];
}

export function relayDirectory(links: Pick<RelayLinks, "connected" | "ours">, ask: PrekeyAsker): RelayDirectory {
  const askOurs = async (request: PrekeyRequest): Promise<PrekeyAnswer[]> => {
    const answers = await Promise.all(links.ours().map(({ connection }) => ask(connection, request)));
    return answers.filter((answer) => answer !== undefined);
  };
  return {
    publishPrekeys: async (record, signature) => {
      const answers = await askOurs({ kind: "publish", record, signature: Signature.from(signature) });
      const left = answers.filter((answer) => answer.kind === "published").map((answer) => answer.left);
      if (left.length > 0) return { left: Math.max(...left) };
      return answers.length > 0 ? "refused" : "unreachable";
    },
    takePrekeys: async (directoryKey) => {
      // a device can be known at some relays only
      const asked = links.connected().map(({ connection }) => ask(connection, { kind: "take", directoryKey }));
      const answers = (await Promise.all(asked)).filter((answer) => answer !== undefined);
      const taken = answers.flatMap((answer) => (answer.kind === "taken" ? [answer.devices] : []));
      return taken.length > 0 ? taken.flat() : undefined;
    },
    countPrekeys: async (directoryKey, slot) => {
      const answers = await askOurs({ kind: "count", directoryKey, slot });
      const left = answers.filter((answer) => answer.kind === "counted").map((answer) => answer.left);
      return left.length > 0 ? Math.min(...left) : undefined; // the relay that has the fewest needs more
    },
  };
}
