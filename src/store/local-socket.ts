/**
 * The owner's side of the local socket, over which a second command on the same profile has its work done.
 *
 * 1. Only this user can connect: the socket lies in a private directory.
 * 2. Memory is bounded: connections, requests on each, the length of a line, and what a slow reader has not read.
 * 3. No line from a caller can make the owner throw; one that is not a call ends its connection.
 * 4. A request ends with its connection: its signal aborts. None begins once its answer cannot be given.
 * 5. That something was written says nothing of whether the caller has it: who has to know asks it.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Fault, isFault } from "../wire/fault.ts";
import { createRuntimeDirectory } from "./runtime-directory.ts";
import {
  decodeCall,
  encodeAnswer,
  type LocalAnswer,
  type LocalRequest,
  lineSplitter,
  MAX_LINE_BYTES,
} from "./socket-lines.ts";
import { storageFault } from "./storage-fault.ts";

/** Enough for scripts that run many commands at once; more wait in nobody's queue and are refused. */
const MAX_CONNECTIONS = 64;
const MAX_REQUESTS_PER_CONNECTION = 32;
/** How long closing waits for callers to take what was written to them (ms). */
const FAREWELL_MS = 500;
/** A reader that is this far behind is cut off; its command says so and can start again from what it has. */
const MAX_UNREAD_BYTES = 4 * MAX_LINE_BYTES;

/** Does the work of a request: the result is any JSON value, rejects with a fault. */
export type LocalHandler = (request: LocalRequest, wire: CallerWire) => Promise<unknown>;

/** The way to the caller, until there is a result. */
export interface CallerWire {
  /** Streams an event. */
  readonly emit: (event: unknown) => void;
  /** Resolves with true when the caller says that it has taken all events so far, with false when it never will. */
  readonly taken: (place: number | undefined) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** A socket that is served. */
export interface LocalSocket {
  /** For `OwnedByUs.announceSocket`; under 100 bytes. */
  readonly path: string;
  /** Aborts what is running, ends all connections when what was written is taken, and removes the socket. */
  readonly close: () => Promise<void>;
}

/** Serves `handler` on a new socket. `env` decides about the place (XDG_RUNTIME_DIR). Throws `storage/failed`. */
export async function serveLocalSocket(handler: LocalHandler, env = process.env): Promise<LocalSocket> {
  const place = await createRuntimeDirectory(env);
  const connections = new Map<Socket, { readonly end: () => void }>();
  let isClosing = false;
  const server = createServer((socket) => {
    if (isClosing) return void socket.destroy();
    connections.set(socket, serveConnection(socket, handler));
    socket.once("close", () => connections.delete(socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await listen(server, place.socketPath);
  } catch (error) {
    await place.remove();
    throw storageFault(error, place.socketPath);
  }
  return {
    path: place.socketPath,
    close: async () => {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { end } of connections.values()) end();
      const late = setTimeout(() => {
        for (const socket of connections.keys()) socket.destroy();
      }, FAREWELL_MS);
      await closed;
      clearTimeout(late);
      await place.remove();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // Failing accepts (no file handles left, say) concern the caller that came; the owner lives on.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

/** Answers what comes; `end` aborts it all and lets the caller have what was written so far, and nothing more. */
function serveConnection(socket: Socket, handler: LocalHandler): { readonly end: () => void } {
  const running = new Map<string, Running>();
  let isEnding = false;
  const end = () => socket.destroy();
  const onLine = (line: string) => {
    // what it answered could reach nobody: a listener would mark messages as read that nobody has seen
    if (isEnding) return;
    const call = socket.destroyed ? undefined : decodeCall(line);
    if (call?.kind === "cancel") return running.get(call.id)?.controller.abort();
    if (call?.kind === "taken") return running.get(call.id)?.asked.shift()?.(true);
    if (call === undefined || running.has(call.request.id) || running.size >= MAX_REQUESTS_PER_CONNECTION) {
      end();
      return;
    }
    const { id } = call.request;
    const begun: Running = { controller: new AbortController(), asked: [] };
    running.set(id, begun);
    void answer(socket, call.request, { handler, ...begun }).finally(() => running.delete(id));
  };
  socket.on("data", lineSplitter(onLine, end));
  // A caller that ends its side has left; errors are followed by "close".
  socket.on("end", end);
  socket.on("error", () => undefined);
  const abort = (): void => {
    for (const { controller } of running.values()) controller.abort();
  };
  socket.once("close", abort);
  return {
    end: () => {
      isEnding = true;
      socket.end();
      abort();
    },
  };
}

/** A request that has no result yet. */
interface Running {
  readonly controller: AbortController;
  /** Those who wait to hear whether what they wrote was taken, oldest first. */
  readonly asked: ((isTaken: boolean) => void)[];
}

async function answer(
  socket: Socket,
  request: LocalRequest,
  { handler, controller, asked }: Running & { readonly handler: LocalHandler },
): Promise<void> {
  const { id } = request;
  const { signal } = controller;
  let unsent: unknown;
  // Called from anywhere in the owner, so what cannot be sent ends the request and not the owner.
  const emit = (event: unknown) => {
    if (signal.aborted) return;
    try {
      write(socket, { kind: "event", id, event });
    } catch (error) {
      unsent = error;
      controller.abort();
    }
  };
  const taken: CallerWire["taken"] = (place) =>
    new Promise((resolve) => {
      if (signal.aborted || !socket.writable) return resolve(false);
      if (request.from === undefined) return resolve(true);
      asked.push(resolve);
      write(socket, { kind: "place", id, place: place ?? null });
    });
  signal.addEventListener("abort", () => {
    for (const resolve of asked.splice(0)) resolve(false);
  });
  try {
    const result = await handler(request, { emit, taken, signal });
    if (unsent !== undefined) throw unsent;
    write(socket, { kind: "result", id, result });
  } catch (error) {
    const reason = unsent ?? error;
    const { code, message, next } = isFault(reason) ? reason : unexpected(unsent === undefined && signal.aborted);
    write(socket, { kind: "error", id, code, message, next });
  }
}

/** Text of an error that is not a fault may hold anything, so it stays here. */
function unexpected(cancelled: boolean): Fault {
  if (cancelled) return new Fault("usage/cancelled", "the command was cancelled.");
  return new Fault(
    "internal/invariant",
    "the process that owns the profile failed at this command; please report this.",
  );
}

function write(socket: Socket, answer: LocalAnswer): void {
  if (!socket.writable) return;
  const line = encodeAnswer(answer);
  if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
    throw new Fault(
      "usage/too-long",
      "the answer is too long for the local socket and was not sent; ask for less at once.",
    );
  }
  socket.write(line);
  if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
}
