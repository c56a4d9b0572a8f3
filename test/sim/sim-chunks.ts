/** Chunks of files at one relay and at the devices that serve them. */
import type { ChunkGiver, ChunkHoldings, ChunkNetwork } from "../../src/client/ports/chunks.ts";
import type { Clock } from "../../src/client/ports/clock.ts";
import type { ChunkId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";

export interface SimChunks {
  /** What the relay has: topic and chunk, in hex. */
  readonly stored: Map<string, Map<string, Uint8Array>>;
  /** Whether the relay is there; if not, only devices help each other. */
  isRelayUp: boolean;
  /** Ms that a chunk takes. */
  chunkMs: number;
  /** Why the relay takes nothing. */
  refusal: string | undefined;
  /** Devices that are away. */
  readonly away: Set<string>;
  /** Ids that were fetched, by device. */
  readonly fetched: { readonly by: string; readonly id: string; readonly from: string }[];
  /** Who gives a false chunk before the right one comes from elsewhere; once for each fetch. */
  liar: ChunkGiver | undefined;
  /** Called before each chunk that a device is given. */
  onChunk: (device: string) => void;
  /** Somebody new may be there. */
  readonly news: () => void;
  /** The network of a device that starts now. */
  readonly of: (device: string, clock: Clock) => ChunkNetwork;
}

export function simChunks(): SimChunks {
  const serving = new Map<string, Set<ChunkHoldings>>();
  const watching = new Set<() => void>();
  const hub: SimChunks = {
    stored: new Map(),
    isRelayUp: true,
    chunkMs: 1,
    refusal: undefined,
    away: new Set(),
    liar: undefined,
    fetched: [],
    onChunk: () => undefined,
    news: () => {
      for (const wake of [...watching]) wake();
    },
    of: (device, clock) => {
      const own = new Set<ChunkHoldings>();
      serving.set(device, own);
      const later = () => new Promise<void>((resolve) => clock.after(hub.chunkMs, resolve));
      const find = async (topic: string, id: ChunkId) => {
        const kept = hub.isRelayUp ? hub.stored.get(topic)?.get(toHex(id)) : undefined;
        if (kept) return { from: "relay", bytes: kept };
        for (const [other, all] of serving) {
          if (other === device || hub.away.has(other) || hub.away.has(device)) continue;
          for (const holdings of all) {
            if (toHex(holdings.topic) !== topic || !(await holdings.has([id]))[0]) continue;
            const bytes = await holdings.read(id);
            if (!bytes) continue;
            holdings.served?.(id);
            return { from: other, bytes };
          }
        }
        return undefined;
      };
      return {
        serve: (holdings) => {
          own.add(holdings);
          return () => own.delete(holdings);
        },
        fetch: async ({ topic }, wanted, { arrived, blamed, signal }) => {
          let left = 0;
          if (hub.liar) blamed?.(hub.liar);
          for (const id of wanted) {
            await later();
            if (signal.aborted) return { kind: "cancelled" };
            const found = await find(toHex(topic), id);
            hub.onChunk(device);
            if (signal.aborted) return { kind: "cancelled" };
            if (!found) {
              left++;
              continue;
            }
            hub.fetched.push({ by: device, id: toHex(id), from: found.from });
            await arrived(id, found.bytes);
          }
          return left === 0 ? { kind: "complete" } : { kind: "lacking", asked: 1 };
        },
        upload: async (holdings, ids, { stored, signal }) => {
          for (const id of ids) {
            await later();
            if (signal.aborted) return { kind: "cancelled" };
            if (!hub.isRelayUp || hub.away.has(device)) return { kind: "unreachable" };
            if (hub.refusal !== undefined) return { kind: "refused", reason: hub.refusal };
            const name = toHex(holdings.topic);
            const at = hub.stored.get(name) ?? new Map<string, Uint8Array>();
            hub.stored.set(name, at);
            const bytes = at.get(toHex(id)) ?? (await holdings.read(id));
            hub.onChunk(device);
            if (!bytes) continue;
            at.set(toHex(id), bytes);
            stored(id);
          }
          return { kind: "stored" };
        },
        release: ({ topic }) => void hub.stored.delete(toHex(topic)),
        watch: (_, wake) => {
          watching.add(wake);
          return () => watching.delete(wake);
        },
      };
    },
  };
  return hub;
}
