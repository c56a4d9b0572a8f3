/** Shows that an operation changed nothing it was given. */
import assert from "node:assert/strict";

/** Runs `operation` on `input` and fails when any byte or field of `input` is different afterwards. */
export function unchanged<T, R>(input: T, operation: (input: T) => R): R {
  const before = structuredClone(input);
  const result = operation(input);
  assert.deepEqual(input, before, "an operation changed its input");
  return result;
}

/** Whether `needle` occurs anywhere in `haystack`. */
export function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack).includes(Buffer.from(needle));
}
