/**
 * What the client needs of a disk for files: sources, and the parts of what comes. `src/store` implements it.
 */

/** What is to be sent: a file that can be read anywhere, or a stream that is read once. */
export type FileSource =
  | { readonly kind: "file"; readonly name: string; readonly sizeBytes: number; readonly modifiedMs: number }
  /** `directory`: comes as a tar archive. `stream`: a local socket that gives bytes until it ends. */
  | { readonly kind: "directory" | "stream"; readonly name: string };

/** A picture's small likeness: `image` has at most FILE_PREVIEW_MAX_BYTES. */
export interface PicturePreview {
  readonly width: number;
  readonly height: number;
  readonly format: "jpeg" | "webp";
  readonly image: Uint8Array;
}

/** The disk as files need it. Paths are absolute. Methods reject with a storage or usage fault. */
export interface PartStore {
  /** What lies there. Nothing, or something that cannot be sent, is `usage/not-found` or `usage/bad-argument`. */
  readonly look: (path: string) => Promise<FileSource>;
  /** Up to `length` bytes, fewer at the end; undefined when there is no such file. `into`: at least so long, where they are put. */
  readonly read: (path: string, offset: number, length: number, into?: Uint8Array) => Promise<Uint8Array | undefined>;
  /** A directory as an archive, or a stream, in pieces of any size. `leaveOut` hears of what is in a directory and not in its
   * archive, links and such, by its path inside. */
  readonly stream: (path: string, leaveOut?: (inside: string) => void) => AsyncIterable<Uint8Array>;
  /** Makes an empty file in the profile for sealed chunks of something that can be read only once; its path. `id`: hex. */
  readonly spoolPath: (id: string) => Promise<string>;
  /** Paths of all files that {@link spoolPath} has made and that are there. */
  readonly spools: () => Promise<readonly string[]>;
  /** Makes an empty temporary file, hidden, in the directory where the download will be; `storage/full` when so many bytes do not fit. */
  readonly createPart: (target: PartTarget) => Promise<string>;
  readonly write: (path: string, offset: number, bytes: Uint8Array) => Promise<void>;
  /** What was written lies on the disk when this resolves. */
  readonly sync: (path: string) => Promise<void>;
  /** Cuts the part to its size, syncs it and gives it a second name, another one where that is taken; answers the path. The part is the
   * caller's to remove; done again before that, it answers the same path. (Where a file has one name only, the part is gone.) */
  readonly finish: (part: string, target: PartTarget) => Promise<string>;
  /** Nothing there is fine. */
  readonly remove: (path: string) => Promise<void>;
  /** Undefined: not a picture, too large, or broken. */
  readonly preview: (path: string) => Promise<PicturePreview | undefined>;
}

/** Where a download goes. `name` is cleaned already; `isExact`: fails with `usage/not-allowed` where something is, instead of taking another name. */
export interface PartTarget {
  readonly directory: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly isExact: boolean;
}
