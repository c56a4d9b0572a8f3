/**
 * What the web screen and its process say to each other over the WebSocket: one JSON object a message.
 *
 * 1. Events are numbered from 1 within a stream, which has a random name. Whoever comes back names the last number it
 *    has seen: it gets exactly those after it, or is told that it has to ask for everything anew.
 * 2. A call that is repeated under its id is done once (`send`, see `ClientCall`).
 */
import type { ClientEvent } from "../event-api.ts";
import type { Failure } from "./screen-methods.ts";

/** Where the process stands with the profile. */
export interface ProfileState {
  readonly phase: "new" | "locked" | "open";
  /** Where the profile is, or will be. */
  readonly directory: string;
  /** For a new profile, from the settings. */
  readonly defaultRelays: readonly string[];
  /** A link that the program was started with. */
  readonly invite?: string;
}

/** The browser's side; a connection begins with `hello`. */
export type ScreenRequest =
  | {
      readonly kind: "hello";
      /** See `POST /enter`. */
      readonly key: string;
      readonly resume?: { readonly stream: string; readonly after: number };
    }
  /** `id`: 1 to 100 characters, unique among this tab's calls. */
  | { readonly kind: "call"; readonly id: string; readonly method: string; readonly params: unknown }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "ping"; readonly number: number };

/** The process's side; it begins with `welcome`. */
export type ScreenReply =
  | {
      readonly kind: "welcome";
      readonly stream: string;
      /** Number of the last event before this connection. */
      readonly after: number;
      /** The events that were missed follow; otherwise what is shown has to be asked for anew. */
      readonly resumed: boolean;
      /** For addresses of files. */
      readonly fileKey: string;
      readonly profile: ProfileState;
    }
  /** The profile was made, unlocked or locked, in this tab or another; a new stream begins. */
  | { readonly kind: "profile"; readonly profile: ProfileState; readonly stream: string }
  | { readonly kind: "event"; readonly number: number; readonly event: ClientEvent }
  /** Events were lost: forget the numbers, ask for everything anew. */
  | { readonly kind: "anew"; readonly stream: string }
  | { readonly kind: "result"; readonly id: string; readonly result: unknown }
  | { readonly kind: "failure"; readonly id: string; readonly failure: Failure }
  | { readonly kind: "pong"; readonly number: number };
