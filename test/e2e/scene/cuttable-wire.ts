/** A wire between clients and a relay on this machine that can be cut. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttableWire {
  /** Where clients connect. */
  readonly port: number;
  /** Ends all connections without a goodbye; answers how many there were. */
  readonly cut: () => number;
  readonly end: () => Promise<void>;
}

/** A wire to the relay that listens at `port` of 127.0.0.1. */
export async function cuttableWire(port: number): Promise<CuttableWire> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const relay = connect(port, "127.0.0.1");
    client.pipe(relay).pipe(client);
    const close = (): void => {
      clients.delete(client);
      client.destroy();
      relay.destroy();
    };
    clients.add(client);
    for (const end of [client, relay]) end.on("error", close).on("close", close);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): number => {
    const cutting = [...clients];
    for (const client of cutting) client.resetAndDestroy();
    return cutting.length;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    end: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
