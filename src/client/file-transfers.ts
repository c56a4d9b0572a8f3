/**
 * All files of a running client: what was under way goes on at the start, what is whole here is served to others, and
 * small new ones are fetched by themselves.
 *
 * 1. The records say what is to be done; everything here can be made again from them.
 * 2. A few transfers move at a time, the others wait for their turn, so that one large file does not starve a small one
 *    for ever and memory stays bounded. One that nobody can help now keeps no other from its turn.
 *
 * @see PROTOCOL.md § Files
 */
import type { FileStage, FileState } from "../protocol/file-state.ts";
import { UNASKED } from "../protocol/records/joining.ts";
import { idOf } from "../protocol/records/record.ts";
import { Fault } from "../wire/fault.ts";
import { GroupId, MessageId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientNotice } from "./event-hub.ts";
import { createFileAllowance, type FileAllowance } from "./file-allowance.ts";
import type { FileView } from "./file-api.ts";
import { fetchFile } from "./file-fetching.ts";
import { ASK_AGAIN_MS, askFor, later, type TellingContext, tellHeldSoon } from "./file-holders.ts";
import {
  change,
  type FileContext,
  type FilePlace,
  holdingsOf,
  openTransfer,
  savedFile,
  type Transfer,
} from "./file-transfer.ts";
import { sendChunks, uploadAll } from "./file-uploading.ts";
import { fileView } from "./file-views.ts";
import { readRecord } from "./profile-reader.ts";
import { savedFiles } from "./saved-files.ts";
import { isKept, removeOldSpools } from "./spool-keeping.ts";
import { createTurns } from "./turns.ts";

/** Whole files that are served to others: the newest ones. */
const SERVED_MAX = 1_000;
/** Transfers in one direction that move bytes at the same time. */
const AT_ONCE = 3;
/** Ms over which those who could bring a file back spread their answers; the sender does so at once. */
const BRING_BACK_MS = 20_000;

export interface FileSettings {
  /** Where downloads go unless told otherwise; absolute. */
  readonly downloads: string;
  /** Files of others up to this size (bytes) are fetched without asking, as far as file-allowance.ts lets them; 0: none. */
  readonly automaticBytes: number;
}

export interface FileTransfers {
  /** Takes up what was under way, and serves what is here. */
  readonly start: () => Promise<void>;
  /** The file's record has come to `sending` or `fetching`. */
  readonly run: (place: FilePlace) => Promise<void>;
  /** Ends what moves; the record is the caller's. */
  readonly stop: (place: FilePlace) => void;
  /** Where a file of ours lay at relays: they may forget it. */
  readonly release: (place: FilePlace) => Promise<void>;
  readonly view: (place: FilePlace) => Promise<FileView | undefined>;
  readonly settings: FileSettings;
  readonly parts: FileContext["parts"];
  readonly random: FileContext["random"];
  /** Saves progress and ends everything. */
  readonly close: () => Promise<void>;
}

interface Running {
  readonly transfer: Transfer;
  readonly ended: Promise<void>;
}

interface Book extends TellingContext {
  readonly settings: FileSettings;
  readonly mayFetch: FileAllowance;
  readonly running: Map<string, Running>;
  readonly serving: Map<string, () => void>;
  readonly turns: { readonly send: ReturnType<typeof createTurns>; readonly fetch: ReturnType<typeof createTurns> };
}

const nameOf = ({ group, file }: FilePlace): string => idOf(group, file);

export function createFileTransfers(context: FileContext, settings: FileSettings): FileTransfers {
  const book: Book = {
    ...context,
    settings,
    mayFetch: createFileAllowance(settings.automaticBytes, context.clock.nowMs),
    running: new Map(),
    serving: new Map(),
    asked: new Map(),
    brought: new Map(),
    timers: new Set(),
    turns: { send: createTurns(AT_ONCE), fetch: createTurns(AT_ONCE) },
  };
  const unlisten = book.hub.listen((notice) => void heed(book, notice).catch(() => undefined));
  return {
    settings,
    parts: context.parts,
    random: context.random,
    start: () => startAll(book),
    run: (place) => run(book, place),
    stop: (place) => stop(book, place),
    release: (place) => release(book, place),
    view: (place) => view(book, place),
    close: async () => {
      unlisten();
      for (const cancel of book.timers) cancel();
      for (const unserve of book.serving.values()) unserve();
      const ending = [...book.running.values()];
      for (const { transfer } of ending) transfer.stopper.stop();
      await Promise.all(ending.map(({ ended }) => ended));
    },
  };
}

/** Stages of files that were under way, or are here: of others' files nobody asked for there may be any number. */
const STARTED: readonly FileStage["kind"][] = ["sending", "sent", "fetching", "here"];

async function startAll(book: Book): Promise<void> {
  await removeOldSpools(book, "orphans");
  const all: (Pick<FileState, "stage" | "at"> & { readonly place: FilePlace })[] = [];
  for await (const [id, { stage, at }] of savedFiles(book.store))
    if (STARTED.includes(stage.kind)) all.push({ place: placeOf(id), stage, at });
  let served = 0;
  for (const { place, stage, at } of all.toSorted((a, b) => b.at - a.at)) {
    if (stage.kind === "sent" && stage.saved.isSpool && !isKept(at, book.clock.nowMs())) continue;
    if (stage.kind === "sending" || stage.kind === "fetching") await run(book, place);
    else if ((stage.kind === "here" || stage.kind === "sent") && served++ < SERVED_MAX) await serve(book, place);
  }
}

/** `group/message` of a record. */
export function placeOf(id: string): FilePlace {
  const [group, file] = id.split("/").map((part) => fromHex(part) ?? new Uint8Array());
  return { group: GroupId.from(group ?? new Uint8Array()), file: MessageId.from(file ?? new Uint8Array()) };
}

async function open(book: Book, place: FilePlace): Promise<Transfer | undefined> {
  const state = await savedFile(book.store, place);
  return state && (await openTransfer(book, place, state));
}

/** Lets others have what is whole here. */
async function serve(book: Book, place: FilePlace): Promise<void> {
  const transfer = await open(book, place);
  if (transfer) serveTransfer(book, transfer, true);
}

function serveTransfer(book: Book, transfer: Transfer, isWhole: boolean): void {
  const name = nameOf(transfer);
  book.serving.get(name)?.();
  book.serving.set(name, book.chunks.serve(holdingsOf(book, transfer, isWhole)));
}

function unserve(book: Book, place: FilePlace): void {
  book.serving.get(nameOf(place))?.();
  book.serving.delete(nameOf(place));
}

async function run(book: Book, place: FilePlace): Promise<void> {
  const name = nameOf(place);
  const before = book.running.get(name);
  if (before && !before.transfer.stopper.signal.aborted) {
    for (const tryNow of [...before.transfer.wakers]) tryNow(); // somebody asks: there may be room now, or a way
    return;
  }
  await before?.ended;
  const transfer = await open(book, place);
  if (!transfer) return await refuse(book, place);
  if (book.running.has(name)) return;
  const moving = move(book, transfer).catch((error: unknown) => {
    transfer.told.reason = error instanceof Error ? error.message : "an unexpected error";
  });
  const ended = moving.then(async () => {
    await transfer.progress.save(book.clock.nowMs(), "now").catch(() => undefined);
    book.running.delete(name);
  });
  book.running.set(name, { transfer, ended });
}

/** The manifest contradicts itself. */
async function refuse(book: Book, place: FilePlace): Promise<void> {
  const reason = "the message about this file contradicts itself, so it cannot be fetched: ask for the file again";
  await change(book, { kind: "stage", ...place, stage: { kind: "failed", reason } });
}

async function move(book: Book, transfer: Transfer): Promise<void> {
  const { stage } = transfer.state;
  if (stage.kind === "sending") {
    serveTransfer(book, transfer, true);
    await book.turns.send(transfer.stopper.signal, (turn) => {
      transfer.turn = turn;
      return sendChunks(book, transfer);
    });
  } else if (stage.kind === "fetching")
    await book.turns.fetch(transfer.stopper.signal, (turn) => {
      transfer.turn = turn;
      return fetchAndServe(book, transfer, stage);
    });
}

async function fetchAndServe(
  book: Book,
  transfer: Transfer,
  stage: Extract<FileStage, { readonly kind: "fetching" }>,
): Promise<void> {
  const isHere = await fetchFile(book, transfer, stage, {
    began: () => serveTransfer(book, transfer, false),
    lacking: () => void askFor(book, transfer).catch(() => undefined),
  });
  if (transfer.stopper.signal.aborted && !isHere) return unserve(book, transfer);
  if (!isHere) return unserve(book, transfer);
  serveTransfer(book, transfer, true);
  await tellHeldSoon(book, transfer);
}

function stop(book: Book, place: FilePlace): void {
  book.running.get(nameOf(place))?.transfer.stopper.stop();
  unserve(book, place);
}

async function release(book: Book, place: FilePlace): Promise<void> {
  const transfer = await open(book, place);
  if (transfer) book.chunks.release(holdingsOf(book, transfer, false));
}

async function heed(book: Book, notice: ClientNotice): Promise<void> {
  if (notice.kind === "file-wanted") return await bringBack(book, notice);
  if (notice.kind !== "message" || notice.line.kind !== "file") return;
  const place = { group: notice.group, file: MessageId.from(fromHex(notice.line.id) ?? new Uint8Array()) };
  const state = await savedFile(book.store, place);
  if (state?.stage.kind !== "offered") return;
  const isUnasked = (await readRecord(book.store, UNASKED, toHex(place.group))) !== undefined;
  if (!book.mayFetch(isUnasked ? undefined : state.from, state.manifest.size)) return;
  await fetchInto(book, place, { directory: book.settings.downloads, name: notice.line.text, isExact: false });
  await run(book, place);
}

/** Saves that the file is to be fetched; false when it cannot be now. */
export async function fetchInto(
  c: Pick<FileContext, "put">,
  place: FilePlace,
  target: { readonly directory: string; readonly name: string; readonly isExact: boolean },
): Promise<boolean> {
  return await change(c, { kind: "stage", ...place, stage: { kind: "fetching", ...target, part: "" } });
}

/** Somebody misses a file that is whole here: it goes to the relays again. */
async function bringBack(book: Book, place: FilePlace): Promise<void> {
  const state = await savedFile(book.store, place);
  const isWhole = state?.stage.kind === "sent" || state?.stage.kind === "here";
  const broughtMs = book.brought.get(nameOf(place)) ?? Number.NEGATIVE_INFINITY;
  const isRecent = book.clock.nowMs() - broughtMs < ASK_AGAIN_MS; // a member can release a file and ask for it for ever
  if (!isWhole || isRecent || book.running.has(nameOf(place))) return;
  later(book, () => uploadAgain(book, place), state.isOurs ? 0 : BRING_BACK_MS);
}

async function uploadAgain(book: Book, place: FilePlace): Promise<void> {
  const name = nameOf(place);
  const transfer = book.running.has(name) ? undefined : await open(book, place);
  if (!transfer || book.running.has(name)) return;
  const ended = book.turns
    .send(transfer.stopper.signal, async () => {
      const outcome = await uploadAll(book, transfer, holdingsOf(book, transfer, true));
      if (outcome.kind === "stored") book.brought.set(name, book.clock.nowMs());
    })
    .finally(() => book.running.delete(name));
  book.running.set(name, { transfer, ended });
  await ended;
}

async function view(book: Book, place: FilePlace): Promise<FileView | undefined> {
  const state = await savedFile(book.store, place);
  if (!state) return undefined;
  const transfer = book.running.get(nameOf(place))?.transfer ?? (await idle(book, place, state));
  const nowMs = book.clock.nowMs();
  return await fileView(book.store, place, state, { nowMs, doneBytes: transfer?.progress.doneBytes() ?? 0, transfer });
}

/** A transfer that does not move: only its saved progress counts. */
async function idle(book: Book, place: FilePlace, state: FileState): Promise<Transfer | undefined> {
  const isUnderWay = state.stage.kind === "sending" || state.stage.kind === "fetching";
  return isUnderWay ? await openTransfer(book, place, state) : undefined;
}

/** For clients that were started without a place for files. */
export const noFiles = (): Fault =>
  new Fault(
    "usage/not-allowed",
    "this program was started without a place for files, so it neither sends nor fetches any",
  );
