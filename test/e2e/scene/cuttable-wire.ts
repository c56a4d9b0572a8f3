/**
 * A wire between clients and whoever listens on this machine, as bad as a test asks: slow, losing packets as TCP shows it
 * (what follows waits until the packet was sent again), cut, or cut in the middle of a message.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** How bad the wire is, for what passes from now on. */
export interface Roughness {
  /** One way (ms); order is kept. */
  readonly delayMs?: number;
  /** Share of packets, 0 to 1, that TCP has to send again. */
  readonly lossShare?: number;
}

/** Which way something goes: to whoever listens, or to the client that dialled. */
export type Direction = "up" | "down";

export interface CuttableWire {
  /** Where clients connect. */
  readonly port: number;
  readonly roughen: (roughness: Roughness) => void;
  /** Ends all connections without a goodbye; answers how many there were. */
  readonly cut: () => number;
  /** Lets the first half pass of the next thing of some size that goes that way, and ends its connection. Resolves when that has happened. */
  readonly cutInside: (direction: Direction) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Bytes in a packet. */
const PACKET_BYTES = 1_460;
/** Time until Linux sends a packet again (ms): its least, doubled when that is lost, too. */
const RESEND_MS = 200;
/** What is cut has more bytes than heartbeats and acknowledgements of a multiplexer have. */
const MESSAGE_BYTES = 1_000;

/** A wire to what listens at `port` of 127.0.0.1. */
export async function cuttableWire(port: number): Promise<CuttableWire> {
  const clients = new Set<Socket>();
  const cuts = new Map<Direction, () => void>();
  const isLost = lots();
  let roughness: Roughness = {};
  const server = createServer((client) => {
    const far = connect(port, "127.0.0.1");
    const close = (): void => {
      clients.delete(client);
      client.destroy();
      far.destroy();
    };
    clients.add(client);
    for (const end of [client, far]) end.on("error", close).on("close", close);
    const carry = (direction: Direction, from: Socket, to: Socket): void => {
      let freeAtMs = 0;
      const held: (() => void)[] = [];
      const after = (waitMs: number, then: () => void): void => {
        const nowMs = performance.now();
        freeAtMs = Math.max(freeAtMs, nowMs + waitMs);
        if (held.length === 0 && freeAtMs <= nowMs) return void then();
        held.push(then);
        // A timer may be late: whichever ends, what came first goes first.
        setTimeout(() => held.shift()?.(), freeAtMs - nowMs);
      };
      from.on("data", (data) => {
        const cut = data.length >= MESSAGE_BYTES ? cuts.get(direction) : undefined;
        const { delayMs = 0, lossShare = 0 } = roughness;
        if (cut) cuts.delete(direction);
        after(delayMs + stallMs(data.length, () => isLost(lossShare)), () => {
          if (!cut) return void to.write(data);
          to.end(data.subarray(0, data.length / 2));
          from.destroy();
          cut();
        });
      });
    };
    carry("up", client, far);
    carry("down", far, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): number => {
    const cutting = [...clients];
    for (const client of cutting) client.resetAndDestroy();
    return cutting.length;
  };
  return {
    port: (server.address() as AddressInfo).port,
    roughen: (now) => {
      roughness = now;
    },
    cut,
    cutInside: (direction) => new Promise((resolve) => cuts.set(direction, resolve)),
    end: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** For how long so many bytes, and all that follow them, are held up. */
function stallMs(bytes: number, isLost: () => boolean): number {
  let sumMs = 0;
  for (let packets = Math.ceil(bytes / PACKET_BYTES); packets > 0; packets--)
    for (let resendMs = RESEND_MS; isLost(); resendMs *= 2) sumMs += resendMs;
  return sumMs;
}

/** The same lots in each run: true for this share of them. */
function lots(): (share: number) => boolean {
  let state = 1;
  return (share) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < share;
  };
}
