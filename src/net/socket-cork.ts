/**
 * Workaround, in this one place: @libp2p/tcp 11 hands each piece of an encrypted packet to the socket by itself (no upstream
 * issue yet). A small delivery costs two system calls so, a 2 KiB one four or five, and bulk three for 64 KiB, of which two
 * carry 18 bytes and wake the other side for them. Corking the socket meanwhile makes one call of each packet.
 *
 * libp2p does not offer the socket: it is found through private fields. Where they are not there (a circuit, another
 * transport, a later libp2p) nothing is corked and nothing else changes.
 */
import type { Connection } from "@libp2p/interface";

interface Corkable {
  readonly cork: () => void;
  readonly uncork: () => void;
}

type Send = (data: unknown) => unknown;

/** From now on the connection's TCP socket, where it has one, gets each packet in one call. */
export function corkPackets(connection: Connection): void {
  const { maConn } = connection as { maConn?: { socket?: Partial<Corkable>; sendData?: Send } };
  const { socket, sendData } = maConn ?? {};
  if (!maConn || !sendData || typeof socket?.cork !== "function" || typeof socket.uncork !== "function") return;
  const { cork, uncork } = socket as Corkable;
  maConn.sendData = (data) => {
    cork.call(socket);
    try {
      return sendData.call(maConn, data);
    } finally {
      uncork.call(socket);
    }
  };
}
