/** Who is told what happens: screens that listen, and calls that wait for something. */
import type { ProtocolEvent } from "../protocol/effects.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import type { CancelSignal } from "./api.ts";
import type { Clock } from "./ports/clock.ts";
import type { PeerStatus, RelayStatus } from "./ports/network.ts";
import type { ConversationLine } from "./ports/profile.ts";

/** Anything that a waiting call may be interested in. */
export type ClientNotice =
  | ProtocolEvent
  | { readonly kind: "relay"; readonly status: RelayStatus }
  | { readonly kind: "peer"; readonly peer: PeerStatus; readonly state: "connected" | "gone" }
  | { readonly kind: "caught-up" }
  /** The newest messages of a topic come now, ahead of those that are missing before them. */
  | { readonly kind: "newest-first" }
  /** A relay holds our prekeys. */
  | { readonly kind: "introduced" }
  | { readonly kind: "outbox" }
  /** Messages that were missing have been looked for. */
  | { readonly kind: "gaps" }
  /** Nothing of the group (hex) is new any more. */
  | { readonly kind: "read"; readonly group: string }
  /** More of a file has come or gone; at most 4 a second for each. */
  | { readonly kind: "file-progress"; readonly group: GroupId; readonly file: MessageId }
  /** One of ours was sent, from the window that this names. */
  | { readonly kind: "own-message"; readonly line: ConversationLine; readonly window: string | undefined };

export interface EventHub {
  readonly tell: (notice: ClientNotice) => void;
  /** Calls `listener` for each notice until the answer is called. */
  readonly listen: (listener: (notice: ClientNotice) => void) => () => void;
  /** What nobody would learn of in another way and was told before this was first asked; asked again: nothing. */
  readonly takeEarly: () => readonly ClientNotice[];
}

/** Notices kept for the first screen: a start that finds weeks of changes. Later ones make no difference to a reader. */
const EARLY_MAX = 1_000;
/** Kinds that stand nowhere else: messages are unread lines, relays and peers are asked for. */
const KEPT: ReadonlySet<ClientNotice["kind"]> = new Set(["member", "warning", "join-refused", "newest-first"]);
/** What need not be kept twice. */
const isKept = (early: readonly ClientNotice[], { kind }: ClientNotice): boolean =>
  kind === "newest-first" && early.some((each) => each.kind === kind);

export function createEventHub(): EventHub {
  const listeners = new Set<(notice: ClientNotice) => void>();
  let early: ClientNotice[] | undefined = [];
  return {
    takeEarly: () => {
      const taken = early ?? [];
      early = undefined;
      return taken;
    },
    tell: (notice) => {
      if (early && early.length < EARLY_MAX && KEPT.has(notice.kind) && !isKept(early, notice)) early.push(notice);
      for (const listener of [...listeners]) listener(notice);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export interface Waiting {
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly waitMs: number;
  readonly signal?: CancelSignal | undefined;
}

/**
 * Resolves with true as soon as `holds` answers true, which is asked now and after each notice; with false after
 * `waitMs` or when the call is cancelled. A rejection of `holds` rejects.
 */
export function waitUntil(holds: () => Promise<boolean>, { hub, clock, waitMs, signal }: Waiting): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let asking = false;
    let again = false;
    const end = (settle: () => void): void => {
      stop();
      cancel();
      signal?.removeEventListener("abort", cancelled); // one signal serves all waits of a call
      settle();
    };
    const cancelled = (): void => end(() => resolve(false));
    const ask = async (): Promise<void> => {
      again = true;
      if (asking) return;
      asking = true;
      while (again) {
        again = false;
        if (await holds()) return end(() => resolve(true));
      }
      asking = false;
    };
    const check = (): void => {
      ask().catch((error) => end(() => reject(error)));
    };
    const stop = hub.listen(check);
    const cancel = clock.after(waitMs, () => end(() => resolve(false)));
    signal?.addEventListener("abort", cancelled);
    check();
  });
}
