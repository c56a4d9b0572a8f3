/**
 * Workaround, in this one place: @chainsafe/libp2p-noise 17 finds packets in what a socket brings with a decoder that throws
 * whenever it has come to the end, which records a stack; it copies each packet for a decryption in place, which node:crypto does
 * not do; and each of them comes and goes on as an event (no upstream issues yet). Here all packets that a socket brings at once are
 * decrypted where they lie (socket-reading.ts), and go on together.
 *
 * libp2p does not offer any of it: it is replaced behind the handshake, in fields that are private. Where these are not there
 * (a later version) nothing is replaced and nothing else changes.
 */
import type { ConnectionEncrypter } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { readInRoom } from "./socket-reading.ts";

const TAG_BYTES = 16;

interface Decrypting {
  decoder: Decoder;
  decrypt: (packet: Uint8Array) => Uint8Array | Uint8ArrayList;
  readonly handshake: { readonly decrypt: (packet: Uint8Array) => Uint8Array | Uint8ArrayList };
  readonly stream: Piped & { readonly socket?: object };
  readonly onData: (plain: Uint8ArrayList) => void;
  readonly abort: (error: unknown) => void;
}

interface Decoder {
  readonly decode: (data: Uint8Array | Uint8ArrayList) => Iterable<Uint8Array>;
  /** The beginning of a packet, in libp2p's own decoder. */
  readonly buffer?: Uint8ArrayList;
  /** What it takes in ours: counted by held-bytes.ts. */
  readonly heldBytes?: () => number;
}

/** What brings the packets. */
interface Piped {
  readonly readStatus: string;
  readonly readBuffer: Uint8ArrayList;
  readonly onData: (bytes: Uint8Array) => void;
}

/** The same encryption, with packets found quickly. */
export function quickPackets<Components>(
  make: (components: Components) => ConnectionEncrypter,
): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const encrypter = make(components);
    const { secureInbound, secureOutbound } = encrypter;
    encrypter.secureInbound = async (...given) => hastened(await secureInbound.apply(encrypter, given));
    encrypter.secureOutbound = async (...given) => hastened(await secureOutbound.apply(encrypter, given));
    return encrypter;
  };
}

function hastened<Secured extends { readonly connection: unknown }>(secured: Secured): Secured {
  const connection = secured.connection as Partial<Decrypting>;
  const { handshake, decoder, decrypt } = connection;
  if (typeof handshake?.decrypt !== "function" || !decoder?.buffer || !decrypt) return secured;
  connection.decoder = noisePackets(decoder.buffer); // it has looked through what came right behind the handshake
  connection.decrypt = (packet) => {
    if (packet.byteLength < TAG_BYTES) throw new Error("a packet without its tag");
    return handshake.decrypt(packet);
  };
  readStraight(connection as Decrypting);
  return secured;
}

/** What a socket brings is decrypted at once, where nothing that came before it is still waiting. */
function readStraight(connection: Decrypting): void {
  const { stream } = connection;
  if (!stream?.socket) return;
  readInRoom(stream.socket, (bytes) => {
    if (stream.readStatus !== "readable" || stream.readBuffer.byteLength > 0) return stream.onData(bytes.slice());
    try {
      const plain = new Uint8ArrayList();
      for (const packet of connection.decoder.decode(bytes)) plain.append(connection.decrypt(packet));
      connection.onData(plain);
    } catch (error) {
      connection.abort(error);
    }
  });
}

/** Bytes that say how long a packet is. */
const LENGTH_BYTES = 2;

/** Finds whole packets: two bytes of length, then so many; each only counts until the next is asked for. Empty ones are left out. `first`: the beginning of one. */
export function noisePackets(first: Iterable<Uint8Array> = []): Decoder {
  const begun = beginning();
  for (const bytes of first) begun.add(bytes);
  function* packetsIn(bytes: Uint8Array): Iterable<Uint8Array> {
    let at = 0;
    while (begun.isThere() && at < bytes.length) {
      const part = bytes.subarray(at, at + begun.missingBytes());
      begun.add(part);
      at += part.length;
      if (begun.missingBytes() > 0) continue;
      yield* [begun.packet()].filter(({ length }) => length > 0);
      begun.leave();
    }
    for (let end = endAt(bytes, at); end <= bytes.length; end = endAt(bytes, at)) {
      if (end > at + LENGTH_BYTES) yield bytes.subarray(at + LENGTH_BYTES, end);
      at = end;
    }
    if (at < bytes.length) begun.add(bytes.subarray(at));
  }
  return {
    heldBytes: begun.heldBytes,
    *decode(data) {
      for (const bytes of data instanceof Uint8Array ? [data] : data) yield* packetsIn(bytes);
    },
  };
}

/** Where the packet ends that begins there; behind everything while its length is not whole. */
function endAt(bytes: Uint8Array, at: number): number {
  const [high, low] = [bytes[at], bytes[at + 1]];
  return high === undefined || low === undefined ? Number.POSITIVE_INFINITY : at + LENGTH_BYTES + ((high << 8) | low);
}

/** Least room for the beginning of a packet (bytes); it grows by doubling with what comes, not with what is announced. */
const ROOM_MIN_BYTES = 512;
/** Room for any packet, which is used again: beginnings that are longer than a quarter of it get it at once. */
const ROOM_MAX_BYTES = LENGTH_BYTES + 65_535;
/** Rooms of that size that are kept empty, of all connections. */
const EMPTY_MAX = 8;
const EMPTY: Uint8Array[] = [];

/** A packet of which the rest has not come yet. */
function beginning() {
  let room: Uint8Array = NOTHING;
  let count = 0;
  const leave = (): void => {
    if (room.length === ROOM_MAX_BYTES && EMPTY.length < EMPTY_MAX) EMPTY.push(room);
    room = NOTHING;
  };
  const grow = (bytes: number): void => {
    const larger = roomFor(bytes);
    larger.set(room.subarray(0, count));
    leave();
    room = larger;
  };
  return {
    isThere: () => count > 0,
    heldBytes: () => room.length,
    missingBytes: () => (count < LENGTH_BYTES ? LENGTH_BYTES : endAt(room, 0)) - count,
    add: (bytes: Uint8Array) => {
      if (room.length < count + bytes.length) grow(count + bytes.length);
      room.set(bytes, count);
      count += bytes.length;
    },
    packet: () => room.subarray(LENGTH_BYTES, count),
    leave: () => {
      leave();
      count = 0;
    },
  };
}

const NOTHING = new Uint8Array();

function roomFor(bytes: number): Uint8Array {
  let size = ROOM_MIN_BYTES;
  while (size < bytes) size *= 2;
  if (size < ROOM_MAX_BYTES / 4) return new Uint8Array(size);
  return EMPTY.pop() ?? new Uint8Array(new ArrayBuffer(ROOM_MAX_BYTES));
}
