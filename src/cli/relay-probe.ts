/**
 * Why a relay cannot be reached, layer by layer: does its name resolve, does anything answer there. What comes after
 * (handshake, identity, token) is the client's to say.
 */
import { lookup } from "node:dns/promises";
import { connect } from "node:net";

/** How far a plain connection gets. */
export type Probe =
  | { readonly kind: "answers"; readonly place: string }
  | { readonly kind: "no-name"; readonly host: string }
  | { readonly kind: "closed" | "silent"; readonly place: string }
  /** Not an address whose parts we know. */
  | { readonly kind: "unknown" };

/** How long one layer may take (ms): three tries of TCP's first packet. */
const LAYER_MS = 4_000;

const ADDRESS = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/;

/** Tries what the multiaddr names; ends within two layers' time. */
export async function probeRelay(address: string): Promise<Probe> {
  const [, kind = "", host = "", port = ""] = ADDRESS.exec(address) ?? [];
  if (host === "") return { kind: "unknown" };
  const resolved = kind.startsWith("ip") ? host : await resolve(host, kind);
  if (resolved === undefined) return { kind: "no-name", host };
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { kind: await knock(resolved, Number(port)), place };
}

async function resolve(host: string, kind: string): Promise<string | undefined> {
  const family = kind === "dns4" ? 4 : kind === "dns6" ? 6 : 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), LAYER_MS);
  });
  const found = lookup(host, { family }).then(
    ({ address }) => address,
    () => undefined,
  );
  return await Promise.race([found, late]).finally(() => clearTimeout(timer));
}

function knock(host: string, port: number): Promise<"answers" | "closed" | "silent"> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome: "answers" | "closed" | "silent") => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end("silent"), LAYER_MS);
    socket.once("connect", () => end("answers"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "closed" : "silent"));
  });
}
