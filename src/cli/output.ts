/**
 * Results go to standard output, everything else to standard error. With --json a result is one object a line and a
 * failure is {"error":{"code","message"}}.
 */
import { exitCodeOf, Fault, isFault, type NextStep } from "../wire/fault.ts";
import { advice } from "./next-steps.ts";

/** Two streams as functions. */
export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Where a command puts what it has to say. */
export interface Output {
  readonly format: "json" | "human";
  /** One result: the object with --json, else its text (without a newline at the end; nothing when `undefined`). */
  readonly result: (value: object, text: string | undefined) => void;
  /** A remark for people, without a newline at the end. */
  readonly note: (text: string) => void;
}

/** Output in one of the two formats. */
export function outputTo({ stdout, stderr }: Streams, format: Output["format"]): Output {
  return {
    format,
    result: (value, text) => {
      if (format === "json") stdout(`${JSON.stringify(value)}\n`);
      else if (text !== undefined) stdout(`${text}\n`);
    },
    note: (text) => stderr(`${text}\n`),
  };
}

/** Resolves with true when all that was written to it is with whoever reads it, or may be; with false when it never will be. */
export function written(stream: NodeJS.WriteStream): Promise<boolean> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve(false);
    else stream.write("", (error) => resolve(!error));
  });
}

/** How an error ends the process. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next?: NextStep | undefined;
  /** 2 where an argument or a setting was wrong, else 1. */
  readonly exit: 1 | 2;
}

/** What is told about an error. That of an unexpected one is kept back unless `debug`: it could hold anything. */
export function failureOf(error: unknown, debug: boolean): Failure {
  const fault = isFault(error) ? error : unexpected();
  const trace = debug && error instanceof Error ? `\n${error.stack ?? error.message}${causeOf(error)}` : "";
  return { code: fault.code, message: fault.message + trace, next: fault.next, exit: exitCodeOf(fault.code) };
}

/** Writes a failure in the output's format. */
export function reportFailure({ stdout, stderr }: Streams, failure: Failure, format: Output["format"]): void {
  const { code } = failure;
  const message = advice(failure);
  if (format === "json") stdout(`${JSON.stringify({ error: { code, message } })}\n`);
  else stderr(`hermes: ${message}\n`);
}

function unexpected(): Fault {
  return new Fault(
    "internal/invariant",
    "something went wrong that should not be able to; if Hermes was updated while a process of it has the profile open, end that one and try again, else run the command again with HERMES_DEBUG=1 and report what it prints.",
  );
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : "";
}
