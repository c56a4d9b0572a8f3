/**
 * Workaround, in this one place: @libp2p/tcp 11 lets Node make memory of 64 KiB for each piece that a socket brings, and hands it
 * on by two events (no upstream issue yet). Here all sockets read into one room, of which what came is decrypted before the next is
 * read: it needs no memory of its own, and is still in the processor's cache.
 *
 * Node offers this for sockets that dial (`onread`), not for those that a server accepts, and libp2p offers neither: it is set
 * through private fields. Where they are not there (a circuit, another transport, a later Node) nothing changes.
 */
/** Two packets of bulk. Node reads up to 32 times before it looks after others, so that more would hold them up. */
const ROOM_BYTES = 131_072;

const ROOM = new Uint8Array(new ArrayBuffer(ROOM_BYTES));

interface Handle {
  readonly useUserBuffer?: (room: Uint8Array) => void;
}

/** From now on `take` gets what comes, instead of the socket's readers; the bytes are only valid during the call. Answers whether it does. */
export function readInRoom(socket: object, take: (bytes: Uint8Array) => void): boolean {
  const { _handle: handle } = socket as { readonly _handle?: Handle };
  const [kBuffer, kCallback] = ["kBuffer", "kBufferCb"].map((name) =>
    Object.getOwnPropertySymbols(socket).find(({ description }) => description === name),
  );
  if (!handle?.useUserBuffer || !kBuffer || !kCallback) return false;
  Object.assign(socket, {
    [kBuffer]: ROOM,
    [kCallback]: (bytes: number) => {
      take(ROOM.subarray(0, bytes));
      return true; // read on
    },
  });
  handle.useUserBuffer(ROOM);
  return true;
}
