/**
 * Workaround, in this one place: @libp2p/tcp 11 hands each piece of an encrypted packet to the socket by itself,
 * so a small delivery costs two system calls and a 2 KiB one four or five (no upstream issue yet; measured at a
 * third of the relay's CPU under a steady trickle). Corking the socket while we write makes one call of them.
 *
 * libp2p does not offer the socket: it is found through two private fields. Where they are not there (a circuit,
 * another transport, a later libp2p) nothing is corked and nothing else changes.
 */
import type { Connection } from "@libp2p/interface";

interface Corkable {
  readonly cork: () => void;
  readonly uncork: () => void;
}

/** Runs `write` with the connection's TCP socket corked, where it has one. */
export function withCorkedSocket(connection: Connection, write: () => void): void {
  const socket = socketOf(connection);
  socket?.cork();
  try {
    write();
  } finally {
    socket?.uncork();
  }
}

function socketOf(connection: Connection): Corkable | undefined {
  const { maConn } = connection as { maConn?: { socket?: Partial<Corkable> } };
  const socket = maConn?.socket;
  return typeof socket?.cork === "function" && typeof socket.uncork === "function" ? (socket as Corkable) : undefined;
}
