/** Messages that more than one owner of a profile tells of, shown once. */
import type { ClientEvent } from "../client/event-api.ts";

/** Messages by which a listener knows what it has shown: the most that an owner shows before it marks them as read. */
const REMEMBERED_MESSAGES = 10_000;

/** A new owner shows again what the one before may have shown last. */
export function eachMessageOnce(emit: (event: ClientEvent) => void): (event: ClientEvent) => void {
  const seen = new Set<string>();
  return (event) => {
    if (event.event === "withdrawn") seen.delete(event.message.id); // when it is back it is to be shown
    if (event.event === "message") {
      if (seen.has(event.message.id)) return;
      seen.add(event.message.id);
      const [oldest] = seen;
      if (seen.size > REMEMBERED_MESSAGES && oldest !== undefined) seen.delete(oldest);
    }
    emit(event);
  };
}
