/** What a screen holds: the state to show, and what people can do. */
import type { CancelSignal } from "../api.ts";
import type { FileView } from "../file-api.ts";
import type { ScreenMethod, ScreenMethods } from "./screen-methods.ts";
import type { Preferences, ViewState } from "./view-state.ts";

/** Where to go in a conversation: an end, the first unread line, or a message's id. */
export type Destination = "newest" | "first-unread" | (string & {});

export interface ViewModel {
  readonly state: () => ViewState;
  /** Calls `listener` after changes, bursts as one; the answer ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Rejects with a `Failure`. */
  readonly call: <M extends ScreenMethod>(
    method: M,
    params: ScreenMethods[M][0],
    signal?: CancelSignal,
  ) => Promise<ScreenMethods[M][1]>;
  /** Loads the newest lines and who is in the group, once. */
  readonly openGroup: (group: string) => void;
  readonly loadOlder: (group: string) => void;
  readonly loadNewer: (group: string) => void;
  /** When the newest line is on the screen and people look at it. */
  readonly markRead: (group: string) => void;
  /** Loads what is there and answers its place in `rows`; `undefined` when there is no such line. */
  readonly goTo: (group: string, to: Destination) => Promise<number | undefined>;
  /** Its row is there at once, and tells what becomes of it. */
  readonly send: (group: string, text: string) => void;
  /** For a row that failed: once more, or away with it. */
  readonly retry: (group: string, row: string) => void;
  readonly discard: (group: string, row: string) => void;
  readonly saveDraft: (group: string, text: string) => void;
  /** Drafts and preferences that are not saved yet, at once: the screen is going away. */
  readonly saveNow: () => void;
  readonly setPreferences: (change: Partial<Preferences>) => void;
  readonly dismissWarning: (id: string) => void;
}

/** Moving files between browser and process; beside the view model, since it is about bytes. */
export interface FileTransfer {
  /** Rejects with a `Failure`. */
  readonly upload: (
    group: string,
    file: unknown,
    options?: { readonly onProgress?: (doneBytes: number) => void; readonly signal?: CancelSignal },
  ) => Promise<FileView>;
  /** Where a file that is `here` or ours can be loaded from; `show` only answers PNG, JPEG, WebP and GIF. */
  readonly fileAddress: (group: string, file: string, use: "save" | "show") => string;
}
