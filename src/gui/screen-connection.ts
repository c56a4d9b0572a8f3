/**
 * One tab: its WebSocket from `hello` to the end.
 *
 * 1. Nothing is answered before a `hello` with the key; a message that our own page does not send ends the connection.
 * 2. Memory is bounded: the length of a message, calls at once, and what a slow reader has not taken. A tab that was
 *    cut off comes back and is told what it missed.
 * 3. A tab that is silent although it was called is dead: its connection ends.
 */
import { setInterval, setTimeout } from "node:timers";
import type { WebSocket } from "ws";
import type { ScreenReply, ScreenRequest } from "../client/view/screen-messages.ts";
import type { Failure } from "../client/view/screen-methods.ts";
import type { NumberedEvent } from "./event-stream.ts";
import { readRequest } from "./request-reader.ts";

/** How long a page may take for its `hello` (ms). */
const HELLO_MS = 5_000;
/** How often a tab is asked whether it is there (ms); after two times without an answer it is not. */
const HEARTBEAT_MS = 20_000;
const CALLS_MAX = 64;
/** What a tab may leave unread (bytes): several large pages of history. */
const UNREAD_MAX_BYTES = 32 * 1_024 * 1_024;

/** Codes with which we end a connection. */
const CLOSE = { strange: 4_400, shutOut: 4_401, over: 1_001 } as const;

/** What a connection asks of the server. */
export interface ConnectionHost {
  readonly isKey: (key: string) => boolean;
  /** The welcome for a tab that was there before, or was not, and the events that follow it. */
  readonly welcome: (resume: Extract<ScreenRequest, { kind: "hello" }>["resume"]) => {
    readonly reply: ScreenReply;
    readonly missed: readonly NumberedEvent[];
  };
  /** Rejects with a {@link Failure}. */
  readonly call: (call: Extract<ScreenRequest, { kind: "call" }>, signal: AbortSignal) => Promise<unknown>;
  readonly failureOf: (error: unknown) => Failure;
}

/** A tab as the server sees it. */
export interface ScreenConnection {
  /** Events and news of the profile, as JSON, once the tab has said hello. */
  readonly tell: (text: string) => void;
  readonly close: () => void;
}

interface Tab {
  readonly socket: WebSocket;
  readonly host: ConnectionHost;
  /** Calls under way. */
  readonly running: Map<string, AbortController>;
  isWelcome: boolean;
}

/** Serves an open WebSocket; `ended` is called once. */
export function serveConnection(socket: WebSocket, host: ConnectionHost, ended: () => void): ScreenConnection {
  const tab: Tab = { socket, host, running: new Map(), isWelcome: false };
  let isAlive = true;
  const late = setTimeout(() => {
    if (!tab.isWelcome) socket.close(CLOSE.shutOut);
  }, HELLO_MS);
  const heartbeat = setInterval(() => {
    if (!isAlive) socket.terminate();
    isAlive = false;
    socket.ping();
  }, HEARTBEAT_MS);
  socket.on("message", (data, isBinary) => take(tab, isBinary ? undefined : readRequest(String(data))));
  socket.on("pong", () => {
    isAlive = true;
  });
  socket.on("error", () => undefined); // is followed by "close"
  socket.once("close", () => {
    clearTimeout(late);
    clearInterval(heartbeat);
    for (const controller of tab.running.values()) controller.abort();
    ended();
  });
  return {
    tell: (text) => {
      if (tab.isWelcome) write(socket, text);
    },
    close: () => socket.close(CLOSE.over),
  };
}

function take(tab: Tab, request: ScreenRequest | undefined): void {
  const { socket, running } = tab;
  if (request === undefined) socket.close(CLOSE.strange);
  else if (request.kind === "hello") greet(tab, request);
  else if (!tab.isWelcome) socket.close(CLOSE.shutOut);
  else if (request.kind === "ping") reply(socket, { kind: "pong", number: request.number });
  else if (request.kind === "cancel") running.get(request.id)?.abort();
  else if (running.has(request.id) || running.size >= CALLS_MAX) socket.close(CLOSE.strange);
  else void perform(tab, request);
}

function greet(tab: Tab, { key, resume }: Extract<ScreenRequest, { kind: "hello" }>): void {
  const { socket, host } = tab;
  if (tab.isWelcome || !host.isKey(key)) {
    socket.close(CLOSE.shutOut);
    return;
  }
  tab.isWelcome = true;
  const welcome = host.welcome(resume);
  reply(socket, welcome.reply);
  for (const { text } of welcome.missed) write(socket, text);
}

async function perform({ socket, host, running }: Tab, call: Extract<ScreenRequest, { kind: "call" }>): Promise<void> {
  const { id } = call;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    reply(socket, { kind: "result", id, result: (await host.call(call, controller.signal)) ?? null });
  } catch (error) {
    reply(socket, { kind: "failure", id, failure: host.failureOf(error) });
  } finally {
    running.delete(id);
  }
}

const reply = (socket: WebSocket, message: ScreenReply): void => write(socket, JSON.stringify(message));

function write(socket: WebSocket, text: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(text);
  if (socket.bufferedAmount > UNREAD_MAX_BYTES) socket.terminate();
}
