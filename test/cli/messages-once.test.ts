import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { eachMessageOnce } from "../../src/cli/messages-once.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";

const group = { id: "aa", name: "gardeners" };
const message = (id: string) => ({ event: "message", group, message: { id } }) as ClientEvent;
const withdrawn = (id: string): ClientEvent => ({ event: "withdrawn", group, message: { id } });

describe("messages that more than one owner tells of", () => {
  const shown = (...events: readonly ClientEvent[]): readonly string[] => {
    const seen: string[] = [];
    const emit = eachMessageOnce((event) => {
      if (event.event === "message" || event.event === "withdrawn") seen.push(`${event.event} ${event.message.id}`);
    });
    for (const event of events) emit(event);
    return seen;
  };

  it("are shown once", () => {
    assert.deepEqual(shown(message("1"), message("2"), message("1")), ["message 1", "message 2"]);
  });

  it("are shown again when they were withdrawn in between", () => {
    assert.deepEqual(shown(message("1"), withdrawn("1"), message("1"), message("1")), [
      "message 1",
      "withdrawn 1",
      "message 1",
    ]);
  });
});
