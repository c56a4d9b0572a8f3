/** Every kind of record that a profile saves, as its module declares it. */
import * as records from "../../src/protocol/records.ts";
import type { RecordType } from "../../src/protocol/step.ts";

/** By prefix. */
export const RECORD_TYPES: ReadonlyMap<string, RecordType<object>> = new Map(
  Object.values(records).flatMap((each) => {
    const isType = typeof each === "object" && "prefix" in each && "codec" in each;
    return isType ? [[each.prefix, each as unknown as RecordType<object>] as const] : [];
  }),
);
