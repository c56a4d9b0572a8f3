/** The part of the client's methods that is about files; see api.ts. A file is named by its id, or a beginning of it of at least 4 digits, or by a name that is unique in its group. */
import type { GroupName } from "./api.ts";
import type { PersonName } from "./group-api.ts";

/**
 * How far a file is, on this device.
 *
 * - `sending`: ours; pieces of it still have to reach a relay or another member
 * - `sent`: ours, and all of it is at a relay or at another member
 * - `offered`: somebody else's, and not fetched
 * - `fetching`: being fetched; goes on by itself after a crash, a restart, days offline
 * - `waiting`: being fetched, and nobody who is reached has the rest; `holders` could bring it back
 * - `here`: fetched, checked, and saved under `path`
 * - `cancelled`: by us; what was fetched is gone
 * - `failed`: `reason` says why, in a sentence with the next step
 */
export type FileState = "sending" | "sent" | "offered" | "fetching" | "waiting" | "here" | "cancelled" | "failed";

/** A picture's small likeness, made and encrypted by its sender. */
export interface FilePreview {
  /** Pixels of the whole picture. */
  readonly width: number;
  readonly height: number;
  /** A `data:image/webp;base64,` or `data:image/jpeg;base64,` address, at most 24 KiB. */
  readonly image: string;
}

export interface FileView {
  /** Lower-case hex; the id of the message that brought it. */
  readonly id: string;
  /** Cleaned: no path, no control or bidi characters, no name that a system reserves. */
  readonly name: string;
  readonly sizeBytes: number;
  /** MIME type as the sender says; shown, never obeyed. */
  readonly type: string;
  readonly state: FileState;
  /** Bytes that are through, of `sizeBytes`. */
  readonly doneBytes: number;
  /** While bytes move. */
  readonly bytesPerSecond?: number;
  /** Where it was saved, or what was sent. */
  readonly path?: string;
  readonly preview?: FilePreview;
  readonly reason?: string;
  /** Who could bring it back, for `waiting`. */
  readonly holders?: readonly PersonName[];
  /** A directory, sent as an archive. */
  readonly directory?: true;
}

/** What lies in a directory and was not sent, being neither file nor directory. `names`: paths inside it, the first 5. */
export interface LeftOut {
  readonly count: number;
  readonly names: readonly string[];
}

/** Method name -> [parameters, result]. */
export interface FileMethods {
  /** `path` is absolute: a file, or a directory. `name`: instead of the path's last part. `picture`: absolute, the same once more, for the preview of what
   * can be read only once. Waits up to `waitMs` (default 10,000) for the
   * message, not for the bytes: those are told by `file` events. */
  "file-send": [
    { group: string; path: string; name?: string; type?: string; picture?: string; waitMs?: number; window?: string },
    /** `leftOut`: where something was. */
    { message: { id: string }; file: FileView; state: "queued" | "on-relay" | "delivered"; leftOut?: LeftOut },
  ];
  /** The newest 4,000, newest last; of so many that their previews come to 3 MiB the older ones have none. `file`: that one alone (id). */
  "file-list": [{ group: string; file?: string }, { group: GroupName; files: readonly FileView[] }];
  /** Fetches into `out`, absolute: a directory that exists, or a path where nothing is yet; default: the downloads folder of the settings. Never overwrites.
   * Emits `file` events until it is `here`; ends early, and the fetching goes on, when the call is cancelled or after `waitMs`. */
  "file-get": [{ group: string; file: string; out?: string; waitMs?: number }, { group: GroupName; file: FileView }];
  /** Stops sending or fetching; what was put on relays for it is released where we sent it. */
  "file-cancel": [{ group: string; file: string }, { group: GroupName; file: FileView }];
}

/** Progress, at most 4 a second for each file, and every change of state at once. */
export interface FileEvent {
  readonly event: "file";
  readonly group: GroupName;
  readonly file: FileView;
}
