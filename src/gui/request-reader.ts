/**
 * The one door through which messages of a browser come in.
 *
 * Parameters are flat: texts, numbers, yes or no, and lists of texts. What a method makes of them is its own business;
 * nothing nested, huge or strange gets that far.
 */
import type { ScreenRequest } from "../client/view/screen-messages.ts";

/** A text of 60,000 bytes, all of it escaped in JSON, and what stands around it (bytes). */
export const REQUEST_MAX_BYTES = 524_288;
const ID_MAX = 100;
const SECRET_MAX = 100;
const PARAMETERS_MAX = 16;
const TEXT_MAX = 262_144;
const LIST_MAX = 256;

/** Methods that stream, or that reach for any file of this machine: the server has its own way to each of these. */
const CLOSED: ReadonlySet<string> = new Set(["listen", "follow", "file-send"]);

/** The request in a message, or `undefined` for anything that our own page does not say. */
export function readRequest(text: string): ScreenRequest | undefined {
  const value = parsed(text);
  if (value === undefined) return undefined;
  const { kind, id, key, method, number, params, resume } = value;
  switch (kind) {
    case "hello":
      return isText(key, SECRET_MAX) ? { kind, key, ...resumeOf(resume) } : undefined;
    case "call":
      return isText(id, ID_MAX) && isText(method, ID_MAX) && !CLOSED.has(method) && areParameters(params)
        ? { kind, id, method, params }
        : undefined;
    case "cancel":
      return isText(id, ID_MAX) ? { kind, id } : undefined;
    case "ping":
      return isNumber(number) ? { kind, number } : undefined;
    default:
      return undefined;
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A resume that makes no sense is none: the tab begins anew. */
function resumeOf(value: unknown) {
  if (!isRecord(value)) return {};
  const { stream, after } = value;
  return isText(stream, ID_MAX) && isNumber(after) ? { resume: { stream, after } } : {};
}

function areParameters(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= PARAMETERS_MAX && entries.every(([name, each]) => name.length <= ID_MAX && isParameter(each))
  );
}

function isParameter(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length <= LIST_MAX && value.every((each) => isText(each, TEXT_MAX) || each === "");
  return value === null || value === "" || typeof value === "boolean" || isNumber(value) || isText(value, TEXT_MAX);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown, max: number): value is string =>
  typeof value === "string" && value !== "" && value.length <= max;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value);
