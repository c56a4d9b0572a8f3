/** A wire between clients and a relay on this machine that stops passing on what the relay says after so many bytes. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface NarrowWire {
  /** Where clients connect. */
  readonly port: number;
  /** Passes on so many more bytes of the relay; `Infinity` for all. */
  readonly allow: (bytes: number) => void;
  readonly end: () => Promise<void>;
}

/** A wire to the relay that listens at `port` of 127.0.0.1; everything passes until told otherwise. */
export async function narrowWire(port: number): Promise<NarrowWire> {
  const relays = new Set<Socket>();
  const clients = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    const relay = connect(port, "127.0.0.1");
    relay.on("data", (bytes) => {
      left -= bytes.length;
      client.write(bytes);
      if (left <= 0) for (const each of relays) each.pause();
    });
    if (left <= 0) relay.pause();
    client.pipe(relay);
    const close = (): void => {
      relays.delete(relay);
      clients.delete(client);
      client.destroy();
      relay.destroy();
    };
    relays.add(relay);
    clients.add(client);
    for (const end of [client, relay]) end.on("error", close).on("close", close);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    allow: (bytes) => {
      left = bytes;
      if (left > 0) for (const each of relays) each.resume();
    },
    end: () => {
      for (const each of clients) each.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
