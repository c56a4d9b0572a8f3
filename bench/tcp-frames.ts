/** Frames of a u32 length and that many bytes. */
import type { Socket } from "node:net";

/** Calls `frame` with each whole frame, its length included. */
export function onFrames(socket: Socket, frame: (whole: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      frame(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}

/** `payload` behind its length. */
export function framed(payload: Uint8Array): Buffer {
  const out = Buffer.alloc(4 + payload.length);
  out.writeUInt32BE(payload.length, 0);
  out.set(payload, 4);
  return out;
}
