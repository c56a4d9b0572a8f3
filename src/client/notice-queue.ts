/** Notices on their way to a screen that takes them at its own pace. */
import type { CancelSignal } from "./api.ts";
import type { ClientNotice, EventHub } from "./event-hub.ts";

/** Notices that may wait; further ones are dropped and end it, and the screen can start again from what is stored. */
const NOTICES_MAX = 100_000;

export interface NoticeQueue {
  /** What waits, oldest first; it waits no more. */
  readonly take: () => readonly ClientNotice[];
  readonly isEmpty: () => boolean;
  /** Cancelled, or too many have waited. */
  readonly isOver: () => boolean;
  /** Resolves when there is more, or it is over. */
  readonly more: () => Promise<void>;
  readonly stop: () => void;
}

/** Everything from now on, and what nobody was told of since the program's start. */
export function queueNotices(hub: EventHub, signal: CancelSignal | undefined): NoticeQueue {
  const notices: ClientNotice[] = [];
  let wake: () => void = () => undefined;
  let overflown = false;
  const isOver = (): boolean => overflown || signal?.aborted === true;
  const isEmpty = (): boolean => notices.length === 0;
  const cancelled = (): void => wake();
  signal?.addEventListener("abort", cancelled);
  const unlisten = hub.listen((notice) => {
    overflown ||= notices.length >= NOTICES_MAX;
    if (!overflown) notices.push(notice);
    wake();
  });
  notices.push(...hub.takeEarly());
  return {
    take: () => notices.splice(0),
    isEmpty,
    isOver,
    more: () =>
      new Promise((resolve) => {
        wake = resolve;
        if (!isEmpty() || isOver()) resolve();
      }),
    stop: () => {
      unlisten();
      signal?.removeEventListener("abort", cancelled);
    },
  };
}
