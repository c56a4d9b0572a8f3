/** One sender in the middle of many receivers, whoever carries it: the shape that all fan-out contestants have. */

/** A running relay of some kind with its connected clients, all in this process. */
export interface Star {
  readonly name: string;
  /** The process whose cost counts. */
  readonly relayPid: number;
  /** Deliveries that one message causes. */
  readonly perMessage: number;
  /** What the sender does before the clock runs in a burst: encode, sign. */
  readonly prepare: (payload: Uint8Array) => Uint8Array;
  /** Sends; resolves when more may be sent. */
  readonly publish: (messages: readonly Uint8Array[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Called with each delivered payload. */
export type Arrived = (payload: Uint8Array) => void;

/** Starts a star with so many subscribers. */
export type StarMaker = (subscribers: number, arrived: Arrived) => Promise<Star>;

/** Clients that connect at the same time: setting up is not what is measured. */
const CONNECTING = 8;

/** Makes `count` of something, a few at a time, in order. */
export async function several<T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  for (let at = 0; at < count; at += CONNECTING) {
    const some = Array.from({ length: Math.min(CONNECTING, count - at) }, (_, i) => make(at + i));
    made.push(...(await Promise.all(some)));
  }
  return made;
}
