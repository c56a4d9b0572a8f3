/** The caller's side of the local socket: one connection, one request. */
import { connect } from "node:net";
import { Fault } from "../wire/fault.ts";
import { decodeAnswer, encodeCall, type LocalAnswer, type LocalRequest, lineSplitter } from "./socket-lines.ts";
import { errorCode } from "./storage-fault.ts";

/** All may be left out. */
export interface LocalCallOptions {
  /** Takes events, in order; must not throw. */
  readonly onEvent?: (event: unknown) => void;
  /** Answers whether all events so far have reached whoever called; `place` is what a repeated call gives as its `from`. Left out: not asked. */
  readonly taken?: (place: number | undefined) => Promise<boolean>;
  /** Aborting tells the owner and rejects with `usage/cancelled`. */
  readonly signal?: AbortSignal;
}

/**
 * Has the owner of a profile do something; resolves with its result (JSON). Rejects with the owner's fault, or with
 * `network/closed` when there is no owner (any more): the request may or may not have been carried out, so the caller
 * takes the lock and repeats it with the same id.
 */
export function callLocalSocket(path: string, request: LocalRequest, options: LocalCallOptions = {}): Promise<unknown> {
  const { onEvent, taken, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(cancelledFault());
    const socket = connect(path);
    let open = true;
    const finish = (settle: () => void) => {
      open = false;
      signal?.removeEventListener("abort", cancel);
      socket.destroySoon();
      settle();
    };
    const fail = (fault: Fault) => finish(() => reject(fault));
    const cancel = () => {
      socket.write(encodeCall({ kind: "cancel", id: request.id }));
      fail(cancelledFault());
    };
    const onPlace = async (place: number | undefined) => {
      if ((await taken?.(place)) === true && open) socket.write(encodeCall({ kind: "taken", id: request.id }));
    };
    const onLine = (line: string) => {
      if (!open) return;
      const answer = decodeAnswer(line);
      if (answer === undefined || answer.id !== request.id) return fail(closedFault());
      if (answer.kind === "event") onEvent?.(answer.event);
      else if (answer.kind === "place") void onPlace(answer.place ?? undefined);
      else finish(() => settleAnswer(answer, resolve, reject));
    };
    signal?.addEventListener("abort", cancel, { once: true });
    socket.on(
      "data",
      lineSplitter(onLine, () => fail(closedFault())),
    );
    socket.on("error", (error) => fail(connectFault(error)));
    socket.on("close", () => fail(closedFault()));
    socket.write(
      encodeCall({ kind: "request", request: taken ? { ...request, from: request.from ?? null } : request }),
    );
  });
}

function settleAnswer(
  answer: Extract<LocalAnswer, { kind: "result" | "error" }>,
  resolve: (result: unknown) => void,
  reject: (fault: Fault) => void,
): void {
  if (answer.kind === "result") resolve(answer.result);
  else reject(new Fault(answer.code, answer.message, { next: answer.next }));
}

function connectFault(error: Error): Fault {
  const code = errorCode(error);
  if (code !== "EACCES" && code !== "EPERM") return closedFault(error);
  return new Fault(
    "network/refused",
    "the profile is in use by a process of another user, so this command cannot reach it; run it as that user.",
    { cause: error },
  );
}

function closedFault(cause?: unknown): Fault {
  return new Fault(
    "network/closed",
    "the process that owned the profile ended before it answered, so it is unknown whether the command was done; repeat it.",
    { cause },
  );
}

function cancelledFault(): Fault {
  return new Fault("usage/cancelled", "the command was cancelled.");
}
