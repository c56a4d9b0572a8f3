/**
 * Where a running relay answers its operator: GET /status, /metrics and /health over HTTP, on a socket in the data
 * directory that only the relay's own user can open, and on a TCP address if the operator names one.
 *
 * 1. It changes nothing and takes no input but the path.
 * 2. That it cannot be opened never keeps a relay from serving, unless the operator asked for the TCP address.
 */
import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Fault } from "../src/wire/fault.ts";
import { errnoOf } from "./errno.ts";
import { metricsText, type RelayReport } from "./relay-report.ts";

/** Time that one request may take (ms), so that a silent peer holds nothing for long. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Connections at once: a scraper, a health check and a person. */
const CONNECTIONS_MAX = 16;

/** Open listeners. */
export interface ReportServer {
  /** URL of the TCP listener, undefined without one. */
  readonly url: string | undefined;
  readonly close: () => Promise<void>;
}

/** Path of the status socket of the relay on `directory` (absolute). */
export function statusSocket(directory: string, platform: NodeJS.Platform): string {
  if (platform !== "win32") return join(directory, "relay.sock");
  return `\\\\.\\pipe\\hermes-relay-${createHash("sha256").update(directory).digest("hex").slice(0, 32)}`;
}

/** Where to listen. */
export interface ReportPlaces {
  readonly socket: string;
  /** `HOST:PORT`, empty for none. */
  readonly address: string;
  /** Called when the socket cannot be opened. */
  readonly withoutSocket: (code: string) => void;
}

/** Answers `report` there. Throws `network/refused` when the TCP address cannot be listened on. */
export async function serveReports(places: ReportPlaces, report: () => Promise<RelayReport>): Promise<ReportServer> {
  const servers: Server[] = [];
  try {
    const local = server(report);
    await rm(places.socket, { force: true }); // left by a relay that was killed; the store's lock says that it is gone
    await listen(local, { path: places.socket });
    servers.push(local);
    if (process.platform !== "win32") await chmod(places.socket, 0o600);
  } catch (error) {
    places.withoutSocket(errnoOf(error) ?? "unknown error");
  }
  const url = places.address === "" ? undefined : await listenOn(places.address, server(report), servers);
  return {
    url,
    close: async () => {
      await Promise.all(servers.map(close));
    },
  };
}

async function listenOn(address: string, tcp: Server, servers: Server[]): Promise<string> {
  const [, host = "", port = ""] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address) ?? [];
  try {
    await listen(tcp, { host, port: Number(port) });
  } catch (cause) {
    await Promise.all(servers.map(close));
    const code = errnoOf(cause) ?? "unknown error";
    throw new Fault("network/refused", `cannot listen on ${address} for metrics (${code}).`, { cause });
  }
  servers.push(tcp);
  const bound = tcp.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
}

function server(report: () => Promise<RelayReport>): Server {
  const http = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
  http.maxConnections = CONNECTIONS_MAX;
  http.on("request", (request, response) => {
    answer(request, response, report).catch(() => response.destroy());
  });
  return http;
}

async function answer(request: IncomingMessage, response: ServerResponse, report: () => Promise<RelayReport>) {
  const reply = (status: number, type: string, body: string): void => {
    response.writeHead(status, { "content-type": type, connection: "close" }).end(body);
  };
  if (request.method !== "GET") return reply(405, "text/plain", "GET only\n");
  switch (request.url) {
    case "/status":
      return reply(200, "application/json", `${JSON.stringify(await report())}\n`);
    case "/metrics":
      return reply(200, "text/plain; version=0.0.4", metricsText(await report()));
    case "/health": {
      const { store } = await report();
      const health = { writable: store.writable, lagMs: store.lagMs };
      return reply(store.writable ? 200 : 503, "application/json", `${JSON.stringify(health)}\n`);
    }
    default:
      return reply(404, "text/plain", "/status, /metrics or /health\n");
  }
}

function listen(http: Server, where: Parameters<Server["listen"]>[0] & object): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(where, () => {
      http.off("error", reject);
      resolve();
    });
  });
}

function close(http: Server): Promise<void> {
  http.closeAllConnections();
  return new Promise((resolve) => http.close(() => resolve()));
}
