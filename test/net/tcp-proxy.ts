/** A user-space wire between client and relay that a test can silence or cut. */
import net from "node:net";

export interface TcpProxy {
  /** The relay's address with our port in place of its own. */
  readonly through: (address: string) => string;
  /** Forwards nothing any more, yet keeps every socket open: a dropped link, as TCP sees it. */
  readonly silence: () => void;
  /** Resets every connection and refuses new ones: a killed relay. */
  readonly kill: () => Promise<void>;
  /** Listens again on the same port, for new connections. */
  readonly revive: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  let silent = false;
  let port = 0;
  const server = net.createServer((near) => {
    const far = net.connect(targetPort, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => {
        if (!silent) to.write(data);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        if (!silent) to.destroy();
      });
    }
  });
  const listen = (): Promise<void> =>
    new Promise((resolve) => {
      server.listen(port, "127.0.0.1", () => {
        port = (server.address() as net.AddressInfo).port;
        resolve();
      });
    });
  const kill = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  await listen();
  return {
    through: (address) => address.replace(/\/tcp\/\d+/, `/tcp/${port}`),
    silence: () => {
      silent = true;
    },
    kill,
    revive: async () => {
      silent = false;
      await listen();
    },
    stop: async () => {
      if (server.listening) await kill();
    },
  };
}
