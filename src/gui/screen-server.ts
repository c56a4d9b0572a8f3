/**
 * The web screen's process: a server on loopback that shows one profile to the browser of whoever started it.
 *
 * 1. Only 127.0.0.1 is listened at.
 * 2. Keys, protocol and passphrase stay in this process; the page gets words for people and sends commands.
 * 3. Any number of tabs see the same: each is told everything, in order, and none twice.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { WebSocketServer } from "ws";
import type { FileTools } from "../cli/compose-files.ts";
import { failureOf } from "../cli/output.ts";
import type { ProfileChoice, Profiles } from "../cli/session.ts";
import type { ClientMethod, ClientMethods } from "../client/api.ts";
import type { ScreenReply, ScreenRequest } from "../client/view/screen-messages.ts";
import type { Failure, ProfileMethods } from "../client/view/screen-methods.ts";
import { Fault } from "../wire/fault.ts";
import { cookieOf } from "./cookie.ts";
import { createEntryKeys, type EntryKeys } from "./entry-keys.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { createFileDoor, type FileCall, type FileDoor } from "./file-door.ts";
import { createPassphraseTries } from "./passphrase-tries.ts";
import { PROFILE_CALLS, type ProfileCallParts } from "./profile-calls.ts";
import { createProfileKeeper, type ProfileKeeper } from "./profile-keeper.ts";
import { refusalOf } from "./request-guard.ts";
import { REQUEST_MAX_BYTES } from "./request-reader.ts";
import { type ConnectionHost, type ScreenConnection, serveConnection } from "./screen-connection.ts";
import { screenRoutes } from "./screen-routes.ts";

/** Tabs at once. */
const TABS_MAX = 32;
/** Sockets at once: tabs, and what they load. */
const SOCKETS_MAX = 256;
/** The longest that a file may take from the browser to the disk (ms). */
const UPLOAD_MAX_MS = 3_600_000;

export interface ScreenOptions {
  readonly profiles: Profiles;
  readonly choice: ProfileChoice;
  /** 0 for a free one. */
  readonly port: number;
  /** Directory of the built page. */
  readonly assets: string;
  /** See `FileDoorParts`. */
  readonly offer: FileTools["offer"];
  /** For a new profile. */
  readonly defaultRelays: readonly string[];
  /** A link that the program was started with. */
  readonly invite?: string | undefined;
  /** Show what an unexpected error says. */
  readonly debug: boolean;
}

export interface ScreenServer {
  /** With the token, good for one browser. */
  readonly url: string;
  /** Ends all tabs and closes the profile. */
  readonly close: () => Promise<void>;
}

/** Starts serving. Throws `network/refused` when the port is taken, and what opening the profile throws. */
export async function serveScreen(options: ScreenOptions): Promise<ScreenServer> {
  const tabs = new Set<ScreenConnection>();
  const { stream, keeper, files } = await openBehind(options, (message) => {
    for (const tab of tabs) tab.tell(message);
  });
  const server = createServer({ maxHeaderSize: 16_384 });
  server.maxConnections = SOCKETS_MAX;
  server.requestTimeout = UPLOAD_MAX_MS;
  const origin = await listen(server, options.port).catch(async (error: unknown) => {
    await keeper.lock();
    throw error;
  });
  const keys = createEntryKeys();
  const cookieName = `hermes-${new URL(origin).port}`;
  const failure = (error: unknown): Failure => {
    const { code, message, next } = failureOf(error, options.debug);
    return { code, message, ...(next ? { next } : {}) };
  };
  const routes = screenRoutes({ origin, cookieName, keys, assets: options.assets, files, failureOf: failure });
  server.on("request", getRequestListener(routes.fetch));
  const parts: ProfileCallParts = { keeper, tries: createPassphraseTries(() => performance.now()) };
  const host: ConnectionHost = {
    isKey: keys.isKey,
    welcome: (resume) => welcome(stream, resume, { fileKey: keys.fileKey, profile: keeper.state() }),
    call: (call, signal) => perform(parts, call, signal),
    failureOf: failure,
  };
  acceptTabs(server, { origin, cookieName, keys, host, tabs });
  return {
    url: `${origin}/#enter=${keys.token}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const tab of tabs) tab.close();
      await keeper.lock();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Behind {
  readonly stream: EventStream;
  readonly keeper: ProfileKeeper;
  readonly files: FileDoor;
}

/** The profile, what happens in it, and its files; `tellAll` reaches every tab. */
async function openBehind(options: ScreenOptions, tellAll: (message: string) => void): Promise<Behind> {
  const { profiles, choice, defaultRelays, invite } = options;
  const stream = createEventStream();
  const { directory } = choice;
  const files = createFileDoor({ directory, call: fileCalls(() => keeper), offer: options.offer });
  await files.tidy();
  const keeper = await createProfileKeeper({
    profiles,
    choice,
    defaultRelays,
    invite,
    happened: (event) => tellAll(stream.add(event).text),
    lost: () => {
      stream.renew();
      tellAll(reply({ kind: "anew", stream: stream.name() }));
    },
    changed: (profile) => {
      stream.renew(); // what happened in the profile before is nobody's business while it is locked
      tellAll(reply({ kind: "profile", profile, stream: stream.name() }));
    },
  });
  await keeper.begin();
  return { stream, keeper, files };
}

const reply = (message: ScreenReply): string => JSON.stringify(message);

function welcome(
  stream: EventStream,
  resume: Extract<ScreenRequest, { kind: "hello" }>["resume"],
  rest: Pick<Extract<ScreenReply, { kind: "welcome" }>, "fileKey" | "profile">,
): ReturnType<ConnectionHost["welcome"]> {
  const missed = resume && stream.after(resume.stream, resume.after);
  const after = missed && resume ? resume.after : stream.newest();
  const greeting = { stream: stream.name(), after, resumed: missed !== undefined };
  return { reply: { kind: "welcome", ...greeting, ...rest }, missed: missed ?? [] };
}

/** Files of the profile that is open. */
function fileCalls(keeper: () => ProfileKeeper): FileCall {
  return (method, params) =>
    keeper()
      .session()
      .call(method as never, params as never) as Promise<never>;
}

/** A call about the profile, or of its client. */
async function perform(
  parts: ProfileCallParts,
  { id, method, params }: Extract<ScreenRequest, { kind: "call" }>,
  signal: AbortSignal,
): Promise<unknown> {
  if (Object.hasOwn(PROFILE_CALLS, method)) {
    const call = PROFILE_CALLS[method as keyof ProfileMethods] as (p: ProfileCallParts, q: unknown) => Promise<unknown>;
    return await call(parts, params);
  }
  if (method === "file-get" && typeof params === "object" && params !== null && "out" in params)
    throw new Fault("usage/not-allowed", "a page does not choose where files are put on this machine.");
  // Each method says itself what is wrong with what it gets.
  const asked = params as ClientMethods[ClientMethod][0];
  return await parts.keeper.session().call(method as ClientMethod, asked, { id, signal });
}

/** Listens at a port of 127.0.0.1; answers the origin. */
function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new Fault(
          "network/refused",
          `port ${port} of this machine cannot be used (${error.code ?? "unknown"}); name another one, or none for a free one.`,
        ),
      ),
    );
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

interface TabParts {
  readonly origin: string;
  readonly cookieName: string;
  readonly keys: EntryKeys;
  readonly host: ConnectionHost;
  readonly tabs: Set<ScreenConnection>;
}

/** WebSockets at /live, of our own page in a browser that has the cookie. */
function acceptTabs(server: Server, { origin, cookieName, keys, host, tabs }: TabParts): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: REQUEST_MAX_BYTES, perMessageDeflate: false });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => undefined); // whoever hangs up in the middle has left
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? undefined : value;
    };
    const isOurs =
      request.url === "/live" &&
      refusalOf({ method: "CONNECT", header }, origin) === undefined && // a WebSocket names its origin
      keys.isCookie(cookieOf(header("cookie"), cookieName)) &&
      tabs.size < TABS_MAX;
    if (!isOurs) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const tab = serveConnection(opened, host, () => tabs.delete(tab));
      tabs.add(tab);
    });
  });
}
