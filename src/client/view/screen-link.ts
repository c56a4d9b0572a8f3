/** What the view model needs from the outside: the process behind the screen, a clock, a calendar. */
import type { CancelSignal } from "../api.ts";
import type { ClientEvent } from "../event-api.ts";
import type { ProfileState } from "./screen-messages.ts";
import type { ScreenMethod, ScreenMethods } from "./screen-methods.ts";

/** How a call is made; all may be left out. */
export interface LinkCallOptions {
  /** Makes it safe to repeat: it is, when the process is lost and found again. Left out: it fails then. */
  readonly id?: string;
  readonly signal?: CancelSignal;
}

/** What comes from the process. */
export type LinkNews =
  /** It answers. Not `resumed`: what is shown has to be asked for anew. */
  | { readonly kind: "live"; readonly profile: ProfileState; readonly resumed: boolean }
  | { readonly kind: "lost" }
  | { readonly kind: "shut-out" }
  | { readonly kind: "profile"; readonly profile: ProfileState }
  | { readonly kind: "event"; readonly event: ClientEvent }
  /** Events were lost. */
  | { readonly kind: "anew" };

export interface ScreenLink {
  /** Rejects with a `Failure`. */
  readonly call: <M extends ScreenMethod>(
    method: M,
    params: ScreenMethods[M][0],
    options?: LinkCallOptions,
  ) => Promise<ScreenMethods[M][1]>;
  /** Tells everything from now on, in order; once. */
  readonly start: (tell: (news: LinkNews) => void) => void;
}

export interface ViewSurroundings {
  readonly link: ScreenLink;
  readonly nowMs: () => number;
  /** Local calendar day of a time in ms, as yyyy-mm-dd. */
  readonly dayOf: (ms: number) => string;
  /** Calls `wake` once after `delayMs`; the answer cancels. */
  readonly after: (delayMs: number, wake: () => void) => () => void;
  /** A text that nobody has used before. */
  readonly newId: () => string;
}
