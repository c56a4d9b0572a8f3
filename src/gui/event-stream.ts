/**
 * What happened, numbered, so that a tab that slept goes on where it was.
 *
 * 1. Numbers of one stream have no holes; a tab gets all after its own, in order, or is told to begin anew.
 * 2. Memory is bounded: the oldest are forgotten.
 */
import { randomBytes } from "node:crypto";
import type { ClientEvent } from "../client/event-api.ts";

/** Events that are remembered, and characters of them: a night's sleep in busy groups. */
const EVENTS_MAX = 10_000;
const CHARACTERS_MAX = 16 * 1_024 * 1_024;

/** An event as it is sent, and its number. */
export interface NumberedEvent {
  readonly number: number;
  readonly text: string;
}

export interface EventStream {
  readonly name: () => string;
  /** Number of the newest event, 0 before the first. */
  readonly newest: () => number;
  readonly add: (event: ClientEvent) => NumberedEvent;
  /** Those after that number, or `undefined` when it is of another stream or too long ago. */
  readonly after: (stream: string, number: number) => readonly NumberedEvent[] | undefined;
  /** Something was lost: all tabs begin anew, under another name. */
  readonly renew: () => void;
}

export function createEventStream(): EventStream {
  const newName = (): string => randomBytes(9).toString("base64url");
  let name = newName();
  let newest = 0;
  let characters = 0;
  let events: NumberedEvent[] = [];
  const forget = (): void => {
    let count = 0;
    while (events.length - count > EVENTS_MAX || (characters > CHARACTERS_MAX && count < events.length)) {
      characters -= events[count]?.text.length ?? 0;
      count++;
    }
    // In large steps, so that one more event costs little.
    if (count > 0) events = events.slice(count);
  };
  return {
    name: () => name,
    newest: () => newest,
    add: (event) => {
      const added = { number: ++newest, text: JSON.stringify({ kind: "event", number: newest, event }) };
      events.push(added);
      characters += added.text.length;
      if (events.length > 1.5 * EVENTS_MAX || characters > CHARACTERS_MAX) forget();
      return added;
    },
    after: (stream, number) => {
      const oldest = events[0]?.number ?? newest + 1;
      if (stream !== name || number > newest || number < oldest - 1) return undefined;
      return events.slice(events.length - (newest - number));
    },
    renew: () => {
      name = newName();
      newest = 0;
      characters = 0;
      events = [];
    },
  };
}
