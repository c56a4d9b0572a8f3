/** NATS core: `nats-server` from the system, its own client for Node. No encryption, no store. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { startChild } from "./child-process.ts";
import { loadNats, type NatsConnection } from "./peers.ts";
import { type Arrived, type Star, several } from "./star.ts";

const SUBJECT = "bench";
/** Messages between two round trips to the server, so that the sender's buffer stays small. */
const UNFLUSHED = 512;

/** Where nats-server is, if it is installed. */
export function natsServer(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, "nats-server")).find((path) => existsSync(path));
}

/** A server of ours, on a port that it chooses. */
export async function startNats(): Promise<{
  readonly pid: number;
  readonly port: number;
  readonly stop: () => Promise<void>;
}> {
  const path = natsServer();
  if (path === undefined) throw new Error("nats-server is not installed");
  const server = await startChild(path, ["-a", "127.0.0.1", "-p", "-1"], /Listening for client connections on/);
  return { pid: server.pid, port: Number(/:(\d+)\s*$/.exec(server.line)?.[1]), stop: () => server.stop() };
}

export const connectNats = (port: number): Promise<NatsConnection> =>
  loadNats().connect({ servers: `127.0.0.1:${port}` });

/** See {@link Star}. */
export async function natsStar(subscribers: number, arrived: Arrived): Promise<Star> {
  const server = await startNats();
  const connections = await several(subscribers, async () => {
    const connection = await connectNats(server.port);
    connection.subscribe(SUBJECT, { callback: (_error, { data }) => arrived(data) });
    await connection.flush();
    return connection;
  });
  return {
    name: "NATS",
    relayPid: server.pid,
    perMessage: subscribers,
    prepare: (payload) => payload,
    publish: async (messages) => {
      const [sender] = connections;
      for (let at = 0; at < messages.length; at += UNFLUSHED) {
        for (const each of messages.slice(at, at + UNFLUSHED)) sender?.publish(SUBJECT, each);
        await sender?.flush();
      }
    },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
    },
  };
}
