/** Compares an object with what the documents say of it: these keys, no others, values of this kind. */
import assert from "node:assert/strict";

/** A pattern for a text, a predicate, a literal, a list whose items are all alike, or an object with exactly these keys. */
export type Shape =
  | RegExp
  | ((value: unknown) => boolean)
  | string
  | number
  | boolean
  | readonly [Shape]
  | ShapeOfObject;
interface ShapeOfObject {
  readonly [key: string]: Shape;
}

/** Throws where `actual` differs from `shape`; `where` names it in the message. */
export function assertShape(actual: unknown, shape: Shape, where: string): void {
  const differs = `${where} is ${JSON.stringify(actual)}`;
  if (shape instanceof RegExp) {
    assert(typeof actual === "string", differs);
    assert.match(actual, shape, differs);
  } else if (typeof shape === "function") assert(shape(actual), differs);
  else if (typeof shape !== "object") assert.equal(actual, shape, differs);
  else if (isList(shape)) {
    assert(Array.isArray(actual), differs);
    for (const [i, item] of actual.entries()) assertShape(item, shape[0], `${where}[${i}]`);
  } else {
    assert(typeof actual === "object" && actual !== null, differs);
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(shape).sort(), differs);
    for (const [key, value] of Object.entries(actual)) assertShape(value, shape[key] ?? isNever, `${where}.${key}`);
  }
}

const isList = (shape: readonly [Shape] | ShapeOfObject): shape is readonly [Shape] => Array.isArray(shape);
const isNever = (): boolean => false;
