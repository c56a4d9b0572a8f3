/**
 * Finds out why an address cannot be listened on, before libp2p wraps the reason in a text of several lines.
 * Between the check and libp2p's own attempt somebody else may take the port; then libp2p's text has to do.
 */
import { createServer } from "node:net";
import { Fault } from "../src/wire/fault.ts";

const TCP = /^\/(?:ip4|ip6)\/([^/]+)\/tcp\/(\d+)/;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program, perhaps another relay, uses this port: stop it or choose another --listen",
  EADDRNOTAVAIL: "this machine has no such address: choose another --listen",
  EACCES: "ports below 1024 need a privilege: choose another --listen",
};

/** Resolves when all `listen` addresses (multiaddrs) are free; throws `network/refused` for the first that is not. */
export async function checkListen(listen: readonly string[]): Promise<void> {
  for (const address of listen) {
    const [, host, port] = TCP.exec(address) ?? [];
    if (host === undefined || port === undefined) continue;
    const code = await attempt(host, Number(port));
    if (code === undefined) continue;
    throw new Fault("network/refused", `cannot listen on ${address}: ${REASONS[code] ?? "see the code"} (${code}).`);
  }
}

/** The error code, or undefined when it worked. */
function attempt(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown error"));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
