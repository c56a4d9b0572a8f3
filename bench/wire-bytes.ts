/** Bytes that this process has written to sockets, framing and encryption of libp2p included, TCP's own headers not. */
import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";

const open = new Set<Socket>();
let closedBytes = 0;

function watch(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  open.add(socket);
  socket.once("close", () => {
    closedBytes += socket.bytesWritten;
    open.delete(socket);
  });
}

channel("net.client.socket").subscribe(watch);
channel("net.server.socket").subscribe(watch);

/** Of all sockets since this module was loaded. */
export function bytesWritten(): number {
  let sum = closedBytes;
  for (const socket of open) sum += socket.bytesWritten;
  return sum;
}
