/**
 * Files of a group: what messages say of them, and every change that is saved of how far they are. The moving of bytes
 * is the shell's (src/client/file-transfers.ts); each of its changes is one input here.
 *
 * 1. A stage follows only those that {@link FOLLOWS} allows, so that news of a transfer that was cancelled meanwhile is void.
 * 2. Lists and progress of a file go with the commit that ends its transfer without it.
 * 3. No message reaches the lists or the progress of another's file, whichever key it names.
 *
 * @see PROTOCOL.md § Files
 */
import { fileKeysOf } from "../crypto/file-chunk.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import type { MessageContent } from "../wire/group-message.ts";
import type { AccountKey, GroupId, MessageId, TimeMs, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { FILE_HOLDERS_MAX, type FileStage, type FileState } from "./file-state.ts";
import { FILE, FILE_BITS, FILE_LIST } from "./records/file.ts";
import { idOf } from "./records/record.ts";
import { read, type Step, scan, write } from "./step.ts";

/** Lists of one file, all levels: 8,192 data lists and those above. */
const LISTS_MAX = 10_000;

/** Which stages may follow one. */
const FOLLOWS: Readonly<Record<FileStage["kind"], readonly FileStage["kind"][]>> = {
  sending: ["sent", "cancelled", "failed"],
  sent: ["sending", "cancelled", "failed"],
  offered: ["fetching"],
  fetching: ["fetching", "here", "cancelled", "failed"],
  here: ["fetching", "here"],
  cancelled: ["fetching"],
  failed: ["fetching"],
};

/**
 * What the shell tells of a transfer. `list` comes also before the message is sent; `bits` replaces what was known of that list,
 * and of a file that is fetched counts for the temporary file at `path` alone.
 */
export type FileChange =
  | { readonly kind: "stage"; readonly group: GroupId; readonly file: MessageId; readonly stage: FileStage }
  | {
      readonly kind: "bits";
      readonly group: GroupId;
      readonly file: MessageId;
      readonly path: string;
      readonly list: number;
      readonly bits: Uint8Array;
    }
  | {
      readonly kind: "list";
      /** See {@link fileShelf}. */
      readonly shelf: string;
      readonly level: number;
      readonly index: number;
      readonly hashes: Uint8Array;
    }
  /** Nobody needs the lists and the progress on this shelf. */
  | { readonly kind: "forget"; readonly shelf: string };

/**
 * Under what the lists and the progress of a file are saved: of ours under the topic, since there is no message yet when
 * they are made; of others' under the message. A sender chooses the key and with it the topic, perhaps that of another file.
 */
export const fileShelf = ({ isOurs }: Pick<FileState, "isOurs">, file: MessageId, topic: Topic): string =>
  toHex(isOurs ? topic : file);

/** Id of the record of one list; sorts as the lists do. */
export const fileListId = (shelf: string, level: number, index: number): string =>
  `${shelf}/${level}/${String(index).padStart(5, "0")}`;

/** Id of the record of the progress within one list of data chunks. */
export const fileBitsId = (shelf: string, index: number): string => `${shelf}/${String(index).padStart(5, "0")}`;

/** Saves the change; false when it came too late. */
export function* changeFile(work: Work, change: FileChange): Step<boolean> {
  switch (change.kind) {
    case "stage":
      return yield* changeStage(work, change);
    case "bits":
      return yield* saveBits(work, change);
    case "list":
      write(work, FILE_LIST, fileListId(change.shelf, change.level, change.index), { hashes: change.hashes });
      return true;
    case "forget":
      yield* forgetChunks(work, change.shelf);
      return true;
    default:
      return change satisfies never;
  }
}

function* changeStage(
  work: Work,
  { group, file, stage }: Extract<FileChange, { readonly kind: "stage" }>,
): Step<boolean> {
  const before = yield* read(work, FILE, idOf(group, file));
  if (!before?.stage || !FOLLOWS[before.stage.kind].includes(stage.kind)) return false;
  if (before.isOurs && stage.kind === "fetching") return false;
  write(work, FILE, idOf(group, file), { ...before, stage });
  const shelf = shelfOf(work, before, file);
  if (stage.kind === "cancelled" || stage.kind === "failed") yield* forgetChunks(work, shelf);
  if (stage.kind === "here" || stage.kind === "sent" || before.stage.kind === "here") yield* forgetBits(work, shelf);
  announce(work, { kind: "file", group, file });
  return true;
}

function* saveBits(
  work: Work,
  { group, file, path, list, bits }: Extract<FileChange, { readonly kind: "bits" }>,
): Step<boolean> {
  const state = yield* read(work, FILE, idOf(group, file));
  if (state?.stage.kind !== "sending" && state?.stage.kind !== "fetching") return false;
  // a fetch that was cancelled still says what it had, when the next one has begun: that one would leave it out
  if (state.stage.kind === "fetching" && (path === "" || state.stage.part !== path)) return false;
  write(work, FILE_BITS, fileBitsId(shelfOf(work, state, file), list), { bits });
  return true;
}

const shelfOf = ({ p }: Work, state: FileState, file: MessageId): string =>
  fileShelf(state, file, fileKeysOf(p, state.manifest.key).topic);

function* forgetChunks(work: Work, shelf: string): Step<void> {
  for (const [id] of yield* scan(work, FILE_LIST, `${shelf}/`, LISTS_MAX)) write(work, FILE_LIST, id, null);
  yield* forgetBits(work, shelf);
}

function* forgetBits(work: Work, shelf: string): Step<void> {
  for (const [id] of yield* scan(work, FILE_BITS, `${shelf}/`, LISTS_MAX)) write(work, FILE_BITS, id, null);
}

/** Who wrote a message about a file, and when. */
export interface FileAuthor {
  readonly account: AccountKey;
  readonly sentAt: number;
  /** Written by this device; `saved`: where the file is. */
  readonly stage: FileStage;
}

/** A file's message has come, or was sent. */
export function noteFile(
  work: Work,
  { group, id }: { readonly group: GroupId; readonly id: MessageId },
  manifest: FileManifest,
  { account, sentAt, stage }: FileAuthor,
): void {
  const isOurs = stage.kind === "sending";
  const state: FileState = { manifest, from: account, isOurs, at: sentAt as TimeMs, stage, holders: [] };
  write(work, FILE, idOf(group, id), state);
}

/** One of our files was sealed anew under another id. */
export function* moveFile(work: Work, group: GroupId, from: MessageId, to: MessageId): Step<void> {
  const state = yield* read(work, FILE, idOf(group, from));
  if (!state) return;
  write(work, FILE, idOf(group, from), null);
  write(work, FILE, idOf(group, to), state);
}

/** What a member says of a file that it misses, or has. */
export type FileNews = Extract<MessageContent, { readonly kind: "fileWanted" | "fileHeld" }>;

/** Takes note of what another member says of a file. */
export function* hearOfFile(work: Work, group: GroupId, by: AccountKey, content: FileNews): Step<void> {
  const id = idOf(group, content.file);
  const state = yield* read(work, FILE, id);
  if (!state) return;
  if (content.kind === "fileWanted") return announce(work, { kind: "file-wanted", group, file: content.file });
  const isKnown = [state.from, ...state.holders].some((each) => equalBytes(each, by));
  if (isKnown || state.holders.length >= FILE_HOLDERS_MAX) return;
  write(work, FILE, id, { ...state, holders: [...state.holders, by] });
  announce(work, { kind: "file", group, file: content.file });
}
