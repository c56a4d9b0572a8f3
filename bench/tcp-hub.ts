/** The least that a relay can be: whatever one socket says, all sockets get. Length-prefixed (u32) frames. */
import { createServer, type Socket } from "node:net";
import { framed, onFrames } from "./tcp-frames.ts";

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  socket.setNoDelay(true);
  sockets.add(socket);
  socket.write(framed(new Uint8Array(0))); // from now on it misses nothing
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => sockets.delete(socket));
  onFrames(socket, (frame) => {
    for (const each of sockets) each.write(frame);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`port ${typeof address === "object" ? address?.port : 0}\n`);
});
