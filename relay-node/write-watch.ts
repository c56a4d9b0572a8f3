/** Tells the operator once when the store stops taking envelopes, and once when it goes on. */
import type { TopicLog } from "../src/net/topic-log.ts";
import type { RelayLog } from "./relay-log.ts";

/** A function to call after each append. */
export function writeWatch(health: TopicLog["health"], log: RelayLog): () => void {
  let before = true;
  return () => {
    const { writable } = health();
    if (writable === before) return;
    before = writable;
    if (writable) return log("info", "store-writable");
    const advice = "the disk is full or failing; clients keep their messages queued until there is room";
    log("error", "store-unwritable", { advice });
  };
}
