/** Files as screens see them. */
import { cleanFileName } from "../protocol/file-name.ts";
import type { FileState as SavedState } from "../protocol/file-state.ts";
import { MEMBER } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { PREVIEW_FORMAT } from "../wire/file-manifest.ts";
import type { AccountKey } from "../wire/ids.ts";
import { pictureHeader } from "../wire/picture-header.ts";
import { toBase64Url, toHex } from "../wire/text-forms.ts";
import type { FileState, FileView } from "./file-api.ts";
import type { FilePlace, Transfer } from "./file-transfer.ts";
import type { PersonName } from "./group-api.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";

/** Letters, digits and a few signs on both sides of one slash: what a MIME type may be; others are shown as unknown bytes. */
const MIME = /^[a-z0-9][a-z0-9.+-]{0,62}\/[a-z0-9][a-z0-9.+-]{0,62}$/;

/** Pixels of a preview that is shown, twice what we make: 24 KiB can hold a picture that takes a gigabyte to draw. */
const PREVIEW_MAX_PIXELS = 512_000;

/** The file as its record says, and as the transfer that is under way says. */
export async function fileView(
  store: ProfileStore,
  { group, file }: FilePlace,
  saved: SavedState,
  at: { readonly nowMs: number; readonly doneBytes: number; readonly transfer?: Transfer | undefined },
): Promise<FileView> {
  const { manifest, stage } = saved;
  const state = stateOf(saved, at.transfer);
  const type = manifest.type.toLowerCase();
  const rate = state === "sending" || state === "fetching" ? at.transfer?.progress.bytesPerSecond(at.nowMs) : undefined;
  const path = "saved" in stage && !stage.saved.isSpool ? stage.saved.path : undefined;
  const reason = stage.kind === "failed" ? stage.reason : (at.transfer?.told.full ?? at.transfer?.told.reason);
  const holders = state === "waiting" ? await holdersOf(store, group, saved) : undefined;
  return {
    id: toHex(file),
    name: cleanFileName(manifest.name),
    sizeBytes: manifest.size,
    type: MIME.test(type) ? type : "application/octet-stream",
    state,
    doneBytes: state === "here" || state === "sent" ? manifest.size : at.doneBytes,
    ...(rate === undefined ? {} : { bytesPerSecond: rate }),
    ...(path === undefined ? {} : { path }),
    ...previewOf(saved),
    ...(reason === undefined ? {} : { reason }),
    ...(holders === undefined ? {} : { holders }),
    ...(manifest.isDirectory ? { directory: true as const } : {}),
  };
}

function stateOf({ stage }: SavedState, transfer: Transfer | undefined): FileState {
  return stage.kind === "fetching" && transfer?.told.isWaiting ? "waiting" : stage.kind;
}

/** What is not the small picture that it says to be is left out. */
function previewOf({ manifest: { preview } }: SavedState): Pick<FileView, "preview"> {
  const header = preview && pictureHeader(preview.image);
  if (!header || header.format === "png" || PREVIEW_FORMAT[header.format] !== preview.format) return {};
  if (header.width * header.height > PREVIEW_MAX_PIXELS) return {};
  const { width, height, image } = preview;
  return { preview: { width, height, image: `data:image/${header.format};base64,${base64(image)}` } };
}

function base64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

async function holdersOf(
  store: ProfileStore,
  group: FilePlace["group"],
  { from, holders }: SavedState,
): Promise<readonly PersonName[]> {
  const named = async (account: AccountKey): Promise<PersonName> => {
    const member = await readRecord(store, MEMBER, idOf(group, account));
    return { account: toHex(account), name: member?.name ?? toHex(account).slice(0, 8) };
  };
  return await Promise.all([from, ...holders].map(named));
}
