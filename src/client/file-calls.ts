/** Calls about files: sending, showing, fetching, cancelling. Shapes in file-api.ts. */
import { cleanFileName } from "../protocol/file-name.ts";
import type { FileState } from "../protocol/file-state.ts";
import type { GroupState } from "../protocol/records/group.ts";
import { CALL } from "../protocol/records/outbox.ts";
import { Fault, isFault } from "../wire/fault.ts";
import { PREVIEW_FORMAT } from "../wire/file-manifest.ts";
import { MessageId } from "../wire/ids.ts";
import { FILE_TYPE_MAX_BYTES } from "../wire/limits.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { catchUp, waiting, waitTaken } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import type { FileMethods, FileView, LeftOut } from "./file-api.ts";
import { copyHere, isUnchanged } from "./file-copying.ts";
import { sealSource } from "./file-sealing.ts";
import { change, type FilePlace, savedFile } from "./file-transfer.ts";
import { type FileTransfers, fetchInto, noFiles, placeOf } from "./file-transfers.ts";
import { typeOfName } from "./file-types.ts";
import { findGroup } from "./group-names.ts";
import { isOutOf, outsider } from "./group-ranks.ts";
import { meantBy } from "./meant-by.ts";
import type { FileSource, PartTarget, PicturePreview } from "./ports/parts.ts";
import { readRecord } from "./profile-reader.ts";
import { savedFiles } from "./saved-files.ts";
import { removeOldSpools } from "./spool-keeping.ts";
import { groupName } from "./views.ts";

type Params<M extends keyof FileMethods> = FileMethods[M][0];
type Result<M extends keyof FileMethods> = Promise<FileMethods[M][1]>;

/** See `file-send` in file-api.ts. */
export async function sendFile(
  context: CallContext,
  params: Params<"file-send">,
  options: CallOptions,
): Result<"file-send"> {
  const { store, files } = context;
  if (!files) throw noFiles();
  const group = await findGroup(store, params.group);
  if (await isOutOf(store, group)) throw await outsider(store, group.group);
  const call = toHex(encodeUtf8(options.id));
  const known = (await readRecord(store, CALL, call))?.message;
  const { id, leftOut } = known ? { id: known } : await sealAndSend(context, group, params, options);
  const place = { group: group.group, file: id };
  await files.run(place);
  const { window, waitMs } = params;
  const state = await waitTaken(context, { group: group.group, message: id, window, waitMs }, options);
  return {
    message: { id: toHex(id) },
    file: (await files.view(place)) ?? gone(),
    state,
    ...(leftOut ? { leftOut } : {}),
  };
}

async function sealAndSend(
  context: CallContext,
  group: GroupState,
  { path, name, type, picture }: Params<"file-send">,
  options: CallOptions,
): Promise<{ readonly id: MessageId; readonly leftOut?: LeftOut }> {
  const { files, put } = context;
  if (!files) throw noFiles();
  const { parts, random } = files;
  const source = await parts.look(path);
  const clean = nameFor(source, name);
  if (source.kind !== "file") await removeOldSpools({ ...context, parts }, "old");
  const sealed = await sealSource({ ...context, parts, random, signal: options.signal }, path, source);
  const isDirectory = source.kind === "directory";
  const seen = source.kind === "file" ? path : picture;
  const preview = seen === undefined ? undefined : previewOf(await parts.preview(seen).catch(() => undefined));
  const manifest = { ...sealed.manifest, name: clean, type: typeFor(type, clean, isDirectory), isDirectory, preview };
  await catchUp(context, options);
  const call = toHex(encodeUtf8(options.id));
  const answer = await put({ kind: "send-file", group: group.group, manifest, saved: sealed.saved, call });
  if (answer.kind !== "message") throw new Fault("internal/invariant", "a step gave an answer of another kind");
  const { id } = answer;
  return sealed.leftOut.count > 0 ? { id, leftOut: sealed.leftOut } : { id };
}

/** A directory's name ends in `.tar`, since that is what arrives. */
function nameFor(source: FileSource, name: string | undefined): string {
  const clean = cleanFileName(name ?? source.name);
  return source.kind === "directory" && !clean.endsWith(".tar") ? `${clean}.tar` : clean;
}

function typeFor(type: string | undefined, name: string, isDirectory: boolean): string {
  const chosen = type ?? (isDirectory ? "application/x-tar" : typeOfName(name));
  if (encodeUtf8(chosen).length <= FILE_TYPE_MAX_BYTES) return chosen;
  throw new Fault("usage/bad-argument", `a file's type has at most ${FILE_TYPE_MAX_BYTES} bytes`);
}

function previewOf(preview: PicturePreview | undefined) {
  return preview && { ...preview, format: PREVIEW_FORMAT[preview.format] };
}

/** See `file-list` in file-api.ts. */
export async function listFiles(context: CallContext, params: Params<"file-list">): Result<"file-list"> {
  const group = await findGroup(context.store, params.group);
  const newestFirst: FileView[] = [];
  let room = PREVIEWS_LISTED_MAX;
  const listed = params.file === undefined ? await filesOf(context, group) : await oneOf(context, group, params.file);
  for (const place of listed.slice(-FILES_LISTED_MAX).toReversed()) {
    const view = await context.files?.view(place);
    room -= view?.preview?.image.length ?? 0;
    if (view) newestFirst.push(room < 0 ? withoutPreview(view) : view);
  }
  return { group: groupName(group), files: newestFirst.reverse() };
}

/** Files in one list, and letters of all their previews: both have to fit a line of the local socket, 8 MiB. */
const FILES_LISTED_MAX = 4_000;
const PREVIEWS_LISTED_MAX = 3 * 1024 * 1024;

const withoutPreview = ({ preview, ...view }: FileView): FileView => view;

/** The group's file of that id (hex), if a line shows it. */
async function oneOf({ store }: CallContext, { group }: GroupState, file: string): Promise<readonly FilePlace[]> {
  const id = fromHex(file);
  if (id?.length !== MessageId.lengthBytes || !(await store.line(toHex(group), file))) return [];
  return [{ group, file: MessageId.from(id) }];
}

/** One of a group's files, as people call it. */
interface CalledFile extends FilePlace {
  readonly name: string;
  readonly at: number;
}

/** The group's files that a line shows, oldest first. */
async function filesOf({ store }: CallContext, group: GroupState): Promise<readonly CalledFile[]> {
  const id = toHex(group.group);
  const all: CalledFile[] = [];
  for await (const [key, { manifest, at }] of savedFiles(store, id))
    all.push({ ...placeOf(key), name: cleanFileName(manifest.name), at });
  const shown: CalledFile[] = [];
  for (const each of all.toSorted((a, b) => a.at - b.at)) if (await store.line(id, toHex(each.file))) shown.push(each);
  return shown;
}

async function findFile(
  context: CallContext,
  group: GroupState,
  text: string,
): Promise<readonly [FilePlace, FileState]> {
  const all = await filesOf(context, group);
  const found = meantBy(all, text, ({ file, name }) => ({ id: toHex(file), name }));
  const [first] = found;
  if (first && found.length === 1) return [first, (await savedFile(context.store, first)) ?? gone()];
  if (first) throw new Fault("usage/ambiguous", "more than one file can be meant by that", { next: "name-file" });
  throw new Fault("usage/not-found", "this group has no such file", { next: "see-files" });
}

/** See `file-get` in file-api.ts. */
export async function getFile(
  context: CallContext,
  params: Params<"file-get">,
  options: CallOptions,
): Result<"file-get"> {
  const { store, files } = context;
  if (!files) throw noFiles();
  const group = await findGroup(store, params.group);
  const [place, { isOurs, stage, manifest }] = await findFile(context, group, params.file).catch(
    async (error: unknown) => {
      if (!isFault(error, "usage/not-found")) throw error;
      await catchUp(context, options); // its message may have come while we were away
      return await findFile(context, group, params.file);
    },
  );
  if (isOurs)
    throw new Fault(
      "usage/not-allowed",
      "this device sent that file itself, so there is nothing to fetch; it lies where it was sent from",
    );
  const name = cleanFileName(manifest.name);
  const target = await targetOf(files, params.out, name);
  const isHere = stage.kind === "here" && (await isUnchanged(files.parts, stage.saved));
  if (!isHere) {
    if (stage.kind !== "fetching") await fetchInto(context, place, target);
    await untilFetched(context, { group, place, waitMs: params.waitMs }, options);
  }
  const goesElsewhere =
    isHere || (stage.kind === "fetching" && (stage.directory !== target.directory || stage.name !== target.name));
  if (params.out !== undefined && goesElsewhere) await copyWhenHere(context, place, target);
  return { group: groupName(group), file: (await files.view(place)) ?? gone() };
}

/** It is here, but was fetched to another place, perhaps by itself: whoever named a path gets it there. */
async function copyWhenHere(context: CallContext, place: FilePlace, target: Target): Promise<void> {
  const { store, files } = context;
  if (!files) throw noFiles();
  const state = await savedFile(store, place);
  if (state?.stage.kind === "here")
    await copyHere({ ...context, parts: files.parts }, place, [state.stage.saved, state.manifest], target);
}

interface Fetch {
  readonly group: GroupState;
  readonly place: FilePlace;
  readonly waitMs: number | undefined;
}

/** Tells how far it is until it is here or failed, or waiting was too long. */
async function untilFetched(context: CallContext, { group, place, waitMs }: Fetch, options: CallOptions) {
  const { hub, files } = context;
  if (!files) throw noFiles();
  await files.run(place);
  const view = async () => (await files.view(place)) ?? gone();
  const stop = hub.listen((notice) => {
    if ((notice.kind === "file-progress" || notice.kind === "file") && toHex(notice.file) === toHex(place.file))
      void view().then((file) => options.emit({ event: "file", group: groupName(group), file }));
  });
  try {
    const isOver = async () => !["fetching", "waiting"].includes((await view()).state);
    await waitUntil(isOver, { ...waiting(context, waitMs ?? FETCH_WAIT_MS, options) });
  } finally {
    stop();
  }
}

/** Ms that a fetch is waited for unless told otherwise: until it is here. */
const FETCH_WAIT_MS = 2_147_000_000;

type Target = Omit<PartTarget, "sizeBytes">;

/** Where `out` says: a directory that exists, or a path where nothing is; the downloads when it is left out. */
async function targetOf({ parts, settings }: FileTransfers, out: string | undefined, name: string): Promise<Target> {
  if (out === undefined) return { directory: settings.downloads, name, isExact: false };
  const found = await parts.look(out).catch(() => undefined);
  if (found?.kind === "directory") return { directory: out, name, isExact: false };
  if (found)
    throw new Fault(
      "usage/not-allowed",
      `there is something at ${out} already, and nothing is overwritten: choose another path`,
    );
  const cut = Math.max(out.lastIndexOf("/"), out.lastIndexOf("\\"));
  const [directory, last] = [out.slice(0, cut) || "/", out.slice(cut + 1)];
  const around = last === "" ? undefined : await parts.look(directory).catch(() => undefined);
  if (around?.kind === "directory") return { directory, name: last, isExact: true };
  throw new Fault(
    "usage/not-found",
    `there is no directory ${directory}, so nothing was fetched: make it first, or choose another path`,
  );
}

/** See `file-cancel` in file-api.ts. */
export async function cancelFile(context: CallContext, params: Params<"file-cancel">): Result<"file-cancel"> {
  const { store, files } = context;
  if (!files) throw noFiles();
  const group = await findGroup(store, params.group);
  const [place, { isOurs, stage }] = await findFile(context, group, params.file);
  const isStoppable = stage.kind === "sending" || stage.kind === "fetching" || (isOurs && stage.kind === "sent");
  if (!isStoppable)
    throw new Fault("usage/not-allowed", "that file is not being sent or fetched, so there is nothing to cancel");
  files.stop(place);
  if (isOurs) await files.release(place);
  await change(context, { kind: "stage", ...place, stage: { kind: "cancelled" } });
  if (stage.kind === "fetching" && stage.part !== "") await files.parts.remove(stage.part);
  if ("saved" in stage && stage.saved.isSpool) await files.parts.remove(stage.saved.path);
  return { group: groupName(group), file: (await files.view(place)) ?? gone() };
}

function gone(): never {
  throw new Fault("internal/invariant", "a file's record is gone");
}
