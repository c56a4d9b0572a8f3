/**
 * Workaround, in this one place: @chainsafe/libp2p-noise 17 finds packets in what a socket brings with a decoder that throws
 * whenever it has come to the end, which records a stack; and it copies each packet for a decryption in place, which node:crypto
 * does not do (no upstream issue yet). Both are left out here: a fifth of what a relay costs that is asked for a file.
 *
 * libp2p does not offer either: they are replaced behind the handshake, in fields that are private. Where these are not there
 * (a later version) nothing is replaced and nothing else changes.
 */
import type { ConnectionEncrypter } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { joinPieces } from "./joined-pieces.ts";

const TAG_BYTES = 16;

interface Decrypting {
  decoder: { readonly decode: (data: Uint8Array | Uint8ArrayList) => Iterable<Uint8ArrayList> };
  decrypt: (packet: Uint8ArrayList) => Uint8Array | Uint8ArrayList;
  readonly handshake: { readonly decrypt: (packet: Uint8ArrayList) => Uint8Array | Uint8ArrayList };
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
  if (typeof handshake?.decrypt !== "function" || !decoder || !decrypt) return secured;
  connection.decoder = noisePackets();
  connection.decrypt = (packet) => {
    if (packet.byteLength < TAG_BYTES) throw new Error("a packet without its tag");
    return handshake.decrypt(packet);
  };
  return secured;
}

/** Finds whole packets: two bytes of length, then so many. Empty ones are left out. */
export function noisePackets(): Decrypting["decoder"] {
  const buffer = new Uint8ArrayList();
  return {
    decode: (data) => {
      buffer.append(data);
      const packets: Uint8ArrayList[] = [];
      while (buffer.byteLength >= 2) {
        const end = 2 + ((buffer.get(0) << 8) | buffer.get(1));
        if (buffer.byteLength < end) break;
        if (end > 2) packets.push(buffer.sublist(2, end));
        buffer.consume(end);
      }
      joinPieces(buffer);
      return packets;
    },
  };
}
