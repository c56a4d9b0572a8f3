/** The lines of the local socket: one JSON object each, ended by a newline. */
import { FAULT_CODES, type FaultCode, NEXT_STEPS, type NextStep } from "../wire/fault.ts";

/** Longest line in either direction; the longest honest one is a page of history. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** One call of a method of the owner. */
export interface LocalRequest {
  /** Chosen by the caller, 1 to 100 characters; the same on a repeat, so that the owner can tell. */
  readonly id: string;
  readonly method: string;
  /** Any JSON value. */
  readonly params: unknown;
  /**
   * Where a call that this one repeats had come to, null: nowhere yet. Left out by a caller that does not answer when it is
   * asked whether it has taken the events.
   */
  readonly from?: number | null | undefined;
}

/** What the owner writes about a request: any number of events, then one result or error. */
export type LocalAnswer =
  | { readonly kind: "event"; readonly id: string; readonly event: unknown }
  /** Asks whether the events so far were taken. `place`: from where the call would go on elsewhere; null: from its beginning. */
  | { readonly kind: "place"; readonly id: string; readonly place: number | null }
  | { readonly kind: "result"; readonly id: string; readonly result: unknown }
  | {
      readonly kind: "error";
      readonly id: string;
      readonly code: FaultCode;
      readonly message: string;
      readonly next?: NextStep | undefined;
    };

/** What a caller writes: requests, that it has taken what came before the oldest open question, and the end of its interest in one. */
export type LocalCall =
  | { readonly kind: "request"; readonly request: LocalRequest }
  | { readonly kind: "taken"; readonly id: string }
  | { readonly kind: "cancel"; readonly id: string };

/** Splits a stream into lines; calls `tooLong` once instead of holding more than {@link MAX_LINE_BYTES}. */
export function lineSplitter(onLine: (line: string) => void, tooLong: () => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]);
      parts = [];
      heldBytes = 0;
      start = end + 1;
      if (line.length > MAX_LINE_BYTES) return tooLong();
      onLine(line.toString("utf8"));
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    heldBytes += chunk.length - start;
    if (heldBytes > MAX_LINE_BYTES) tooLong();
  };
}

/** The line of an answer. Throws what JSON.stringify throws. */
export function encodeAnswer(answer: LocalAnswer): string {
  const { id } = answer;
  switch (answer.kind) {
    case "event":
      return `${JSON.stringify({ id, event: answer.event ?? null })}\n`;
    case "place":
      return `${JSON.stringify({ id, place: answer.place })}\n`;
    case "result":
      return `${JSON.stringify({ id, result: answer.result ?? null })}\n`;
    case "error":
      return `${JSON.stringify({ id, error: { code: answer.code, message: answer.message, next: answer.next } })}\n`;
  }
}

/** The answer in a line, or undefined. */
export function decodeAnswer(line: string): LocalAnswer | undefined {
  const value = parseObject(line);
  if (value === undefined || typeof value["id"] !== "string") return undefined;
  const { id, event, place, result, error } = value as Record<"event" | "place" | "result" | "error", unknown> & {
    id: string;
  };
  if ("event" in value) return { kind: "event", id, event };
  if ("place" in value) return isPlace(place) ? { kind: "place", id, place } : undefined;
  if ("result" in value) return { kind: "result", id, result };
  if (!isRecord(error) || typeof error["message"] !== "string") return undefined;
  return {
    kind: "error",
    id,
    code: faultCode(error["code"]),
    message: error["message"],
    next: nextStep(error["next"]),
  };
}

/** The line of a call. */
export function encodeCall(call: LocalCall): string {
  if (call.kind === "cancel") return `${JSON.stringify({ id: call.id, cancel: true })}\n`;
  if (call.kind === "taken") return `${JSON.stringify({ id: call.id, taken: true })}\n`;
  const { id, method, params, from } = call.request;
  return `${JSON.stringify({ id, method, params: params ?? null, from })}\n`;
}

/** The call in a line, or undefined. */
export function decodeCall(line: string): LocalCall | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const { id, method, params, from, cancel, taken } = value;
  if (typeof id !== "string" || id.length < 1 || id.length > 100) return undefined;
  if (cancel === true) return { kind: "cancel", id };
  if (taken === true) return { kind: "taken", id };
  if (typeof method !== "string" || !(from === undefined || isPlace(from))) return undefined;
  return { kind: "request", request: { id, method, params, ...(from === undefined ? {} : { from }) } };
}

const isPlace = (value: unknown): value is number | null =>
  value === null || (typeof value === "number" && Number.isSafeInteger(value));

/** A newer owner may know codes that we do not. */
function faultCode(code: unknown): FaultCode {
  return FAULT_CODES.find((known) => known === code) ?? "internal/invariant";
}

/** The same of steps; a sentence stands without. */
function nextStep(next: unknown): NextStep | undefined {
  return NEXT_STEPS.find((known) => known === next);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
