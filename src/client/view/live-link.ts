/**
 * The screen's side of the connection to its process: calls and their answers, events in order, and coming back.
 *
 * 1. Each event of a stream is told once, in order. After a break the next ones follow, or everything is asked for anew.
 * 2. A call with an id of its own waits through a break and is repeated; any other that was under way fails, since
 *    nobody knows whether it was done. What was not sent yet waits for the connection.
 * 3. A connection that is silent for longer than it may be is dead: another one is opened.
 */
import type { CancelSignal } from "../api.ts";
import type { LinkNews, ScreenLink } from "./screen-link.ts";
import type { ScreenReply, ScreenRequest } from "./screen-messages.ts";
import type { Failure } from "./screen-methods.ts";

/** Code with which the process ends the connection of somebody whom it does not know. */
export const SHUT_OUT = 4_401;
/** Between two signs of life that we ask for, and how long one may take (ms). */
const HEARTBEAT_MS = 10_000;
const ANSWER_MS = 5_000;
/** Pauses between attempts to come back (ms): a process that restarts is there within a second. */
const RETRY_MS = [100, 250, 500, 1_000, 2_000, 5_000] as const;

/** One connection. */
export interface Wire {
  readonly send: (text: string) => void;
  /** `closed` follows, unless it was called already. */
  readonly close: () => void;
}

/** What a wire tells; `closed` once, also when it never opened. */
export interface WireEvents {
  readonly opened: () => void;
  readonly message: (text: string) => void;
  readonly closed: (code: number) => void;
}

export interface LiveLinkParts {
  readonly open: (events: WireEvents) => Wire;
  /** See `POST /enter`. */
  readonly key: string;
  readonly after: (delayMs: number, wake: () => void) => () => void;
  readonly newId: () => string;
}

export interface LiveLink extends ScreenLink {
  /** Asks at once whether the process is there: after sleep, or when a network comes. */
  readonly wake: () => void;
  /** For addresses of files; "" before the first welcome. */
  readonly fileKey: () => string;
}

interface Waiting {
  readonly request: Extract<ScreenRequest, { kind: "call" }>;
  readonly isRepeatable: boolean;
  isSent: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (failure: Failure) => void;
}

interface Live {
  readonly parts: LiveLinkParts;
  readonly calls: Map<string, Waiting>;
  tell: (news: LinkNews) => void;
  wire: Wire | undefined;
  isWelcome: boolean;
  stream: string;
  after: number;
  attempts: number;
  pings: number;
  cancelTimer: () => void;
  fileKey: string;
}

export function createLiveLink(parts: LiveLinkParts): LiveLink {
  const live: Live = {
    parts,
    calls: new Map(),
    tell: () => undefined,
    wire: undefined,
    isWelcome: false,
    stream: "",
    after: 0,
    attempts: 0,
    pings: 0,
    cancelTimer: () => undefined,
    fileKey: "",
  };
  return {
    start: (tell) => {
      live.tell = tell;
      connect(live);
    },
    call: (method, params, { id, signal } = {}) =>
      new Promise((resolve, reject) => {
        const request = { kind: "call" as const, id: id ?? parts.newId(), method, params };
        const isRepeatable = id !== undefined;
        const waiting: Waiting = {
          request,
          isRepeatable,
          isSent: false,
          resolve: resolve as Waiting["resolve"],
          reject,
        };
        live.calls.set(request.id, waiting);
        if (signal) cancelWith(live, waiting, signal);
        if (live.isWelcome && live.calls.has(request.id)) put(live, waiting);
      }),
    wake: () => {
      if (live.isWelcome) ping(live);
      else if (live.wire === undefined) connect(live);
    },
    fileKey: () => live.fileKey,
  };
}

const say = ({ wire }: Live, request: ScreenRequest): void => wire?.send(JSON.stringify(request));

function put(live: Live, waiting: Waiting): void {
  waiting.isSent = true;
  say(live, waiting.request);
}

function cancelWith(live: Live, waiting: Waiting, signal: CancelSignal): void {
  const cancel = (): void => {
    const { id } = waiting.request;
    if (!live.calls.delete(id)) return;
    if (waiting.isSent && live.isWelcome) say(live, { kind: "cancel", id });
    waiting.reject({ code: "usage/cancelled", message: "This was cancelled." });
  };
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel);
}

function connect(live: Live): void {
  live.cancelTimer();
  live.cancelTimer = () => undefined;
  let isOver = false;
  const wire = live.parts.open({
    opened: () => {
      const resume = live.stream === "" ? {} : { resume: { stream: live.stream, after: live.after } };
      wire.send(JSON.stringify({ kind: "hello", key: live.parts.key, ...resume } satisfies ScreenRequest));
    },
    message: (text) => {
      if (!isOver) heard(live, JSON.parse(text) as ScreenReply); // of our own process
    },
    closed: (code) => {
      if (isOver) return;
      isOver = true;
      closed(live, code);
    },
  });
  live.wire = wire;
}

/** The connection has ended: says so, fails what cannot be repeated, and comes back. */
function closed(live: Live, code: number): void {
  live.wire = undefined;
  live.cancelTimer();
  if (live.isWelcome || code === SHUT_OUT) live.tell({ kind: code === SHUT_OUT ? "shut-out" : "lost" });
  live.isWelcome = false;
  for (const [id, waiting] of live.calls) {
    const isLost = waiting.isSent && !waiting.isRepeatable;
    waiting.isSent = false;
    if (!isLost && code !== SHUT_OUT) continue;
    live.calls.delete(id);
    waiting.reject({
      code: "network/closed",
      message: "Hermes was gone for a moment, and it is unknown whether this was done; look, and try again.",
    });
  }
  if (code === SHUT_OUT) return;
  const pauseMs = RETRY_MS[Math.min(live.attempts++, RETRY_MS.length - 1)] ?? HEARTBEAT_MS;
  live.cancelTimer = live.parts.after(pauseMs, () => connect(live));
}

function heard(live: Live, reply: ScreenReply): void {
  switch (reply.kind) {
    case "welcome":
      welcome(live, reply);
      return;
    case "profile":
      live.stream = reply.stream;
      live.after = 0;
      live.tell({ kind: "profile", profile: reply.profile });
      return;
    case "anew":
      live.stream = reply.stream;
      live.after = 0;
      live.tell({ kind: "anew" });
      return;
    case "event":
      if (reply.number !== live.after + 1) return;
      live.after = reply.number;
      live.tell({ kind: "event", event: reply.event });
      return;
    case "result":
    case "failure":
      settle(live, reply);
      return;
    case "pong":
      if (reply.number === live.pings) beat(live);
      return;
  }
}

function welcome(live: Live, reply: Extract<ScreenReply, { kind: "welcome" }>): void {
  const { stream, after, resumed, fileKey, profile } = reply;
  live.isWelcome = true;
  live.attempts = 0;
  live.stream = stream;
  live.after = after;
  live.fileKey = fileKey;
  live.tell({ kind: "live", profile, resumed });
  for (const waiting of live.calls.values()) if (!waiting.isSent) put(live, waiting);
  beat(live);
}

function settle({ calls }: Live, reply: Extract<ScreenReply, { kind: "result" | "failure" }>): void {
  const waiting = calls.get(reply.id);
  calls.delete(reply.id);
  if (reply.kind === "result") waiting?.resolve(reply.result);
  else waiting?.reject(reply.failure);
}

/** Asks for a sign of life a little later. */
function beat(live: Live): void {
  live.cancelTimer();
  live.cancelTimer = live.parts.after(HEARTBEAT_MS, () => ping(live));
}

/** Asks for a sign of life; without one in time the connection is given up. */
function ping(live: Live): void {
  live.cancelTimer();
  say(live, { kind: "ping", number: ++live.pings });
  live.cancelTimer = live.parts.after(ANSWER_MS, () => live.wire?.close());
}
