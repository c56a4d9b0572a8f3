/** Which provider a program runs with: the native one where it loads, otherwise the portable one. */
import { noblePrimitives } from "../crypto/noble-primitives.ts";
import type { Primitives } from "../crypto/primitives.ts";

/** `prefer`: "noble" keeps to the portable provider; anything else takes the native one if it loads on this machine. */
export async function choosePrimitives(prefer?: string): Promise<Primitives> {
  if (prefer === "noble") return noblePrimitives;
  try {
    return (await import("./native-primitives.ts")).nativePrimitives;
  } catch {
    return noblePrimitives; // no prebuilt binary fits this machine; `status` says which provider runs
  }
}
