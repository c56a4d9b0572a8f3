/**
 * Workaround, in this one place: yamux lets a stream's window grow from 256 KiB only while data is taken within four round trips,
 * and measures those in whole milliseconds. Within a machine or a network of one room that is never, so each chunk, which is longer
 * than that with its head, would stop in the middle and wait for the other end. And it tells of each piece that was taken by a
 * packet of its own, where half of a window leaves time enough (no upstream issues yet).
 *
 * libp2p does not offer the window: it is found through private fields. Where they are not there nothing changes.
 */
import type { Stream } from "@libp2p/interface";

interface Window {
  recvWindow: number;
  recvWindowCapacity: number;
  state: number;
  readonly maxStreamWindowSize: number;
  sendWindowUpdate: () => void;
}

/** yamux's own number of a stream that both ends know. */
const ESTABLISHED = 3;

/** Lets the peer send as much as the stream may ever hold, and tells it what was taken when it has used half of that. */
export function openWindow(stream: Stream): void {
  const window = stream as unknown as Partial<Window>;
  if (typeof window.recvWindow !== "number" || typeof window.maxStreamWindowSize !== "number") return;
  const { sendWindowUpdate } = window;
  if (typeof window.recvWindowCapacity !== "number" || !sendWindowUpdate) return;
  const own = window as Window;
  own.recvWindow = own.maxStreamWindowSize;
  own.sendWindowUpdate = () => {
    const isRoomy = own.state === ESTABLISHED && own.recvWindowCapacity > own.recvWindow / 2;
    if (!isRoomy) sendWindowUpdate.call(own);
  };
}
