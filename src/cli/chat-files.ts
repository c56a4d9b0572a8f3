/**
 * Files in a chat: sent, fetched and listed by lines that begin with a slash, while one goes on writing.
 *
 * 1. A line about a file holds up no other: reading a large one takes a while, and moving it longer.
 * 2. What was named before the end of the chat has its message before the chat ends; bytes move on whenever Hermes runs.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { GroupName } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import type { FileView } from "../client/file-api.ts";
import { Fault, isFault } from "../wire/fault.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { advice } from "./next-steps.ts";
import type { Output } from "./output.ts";
import { printableLine } from "./render.ts";
import { renderFile, renderLeftOut, renderOutcome } from "./render-files.ts";
import type { Session } from "./session.ts";

/** Where the chat is. */
export interface ChatPlace {
  readonly session: Session;
  readonly group: GroupName;
  readonly screen: ChatScreen;
  readonly window: string;
}

export interface ChatFiles {
  /** `/file PATH`, `/get FILE`, `/files`. */
  readonly obey: (word: "/file" | "/get" | "/files", rest: string) => Promise<void>;
  /** Shows how far files are. */
  readonly happened: (event: ClientEvent) => void;
  /** Waits until everything named has its message; fetches are left to later. */
  readonly leave: () => Promise<void>;
}

/** States in which bytes are still to move. */
const MOVING: ReadonlySet<FileView["state"]> = new Set(["sending", "fetching", "waiting"]);

export function chatFiles(output: Pick<Output, "format" | "result">, place: ChatPlace): ChatFiles {
  const { session, group, screen, window } = place;
  const isHuman = output.format === "human";
  const board = progressBoard(screen, isHuman);
  const ending = new Set<Promise<void>>();
  const fetches = new AbortController();
  const answer = (value: object, text: string): void => {
    if (isHuman) screen.print(text);
    else output.result(value, undefined);
  };
  const inBackground = (work: Promise<void>): void => {
    const ended = work.catch((error: unknown) => tellFailure(error, answer)).finally(() => ending.delete(ended));
    ending.add(ended);
  };
  const send = async (path: string): Promise<void> => {
    const sent = await session.call("file-send", { group: group.id, path: pathOf(path), waitMs: 0, window });
    if (!isHuman || !board.hasEnded(sent.file)) answer(sent, `* sending ${printableLine(sent.file.name)}`);
    if (isHuman && sent.leftOut) screen.print(`* ${renderLeftOut(sent.leftOut)}`);
    board.take(sent.file, "asked");
  };
  const get = async (file: string): Promise<void> => {
    const got = await session.call("file-get", { group: group.id, file }, { signal: fetches.signal });
    if (!isHuman) output.result({ file: got.file }, undefined);
    board.take(got.file, "asked");
  };
  const list = async (): Promise<void> => {
    const { files } = await session.call("file-list", { group: group.id });
    for (const file of files) answer({ file }, renderFile(file));
    if (files.length === 0 && isHuman) screen.print("* no files here yet");
  };
  return {
    obey: async (word, rest) => {
      if (word === "/files") return await list();
      if (rest === "") throw missing(word);
      inBackground(word === "/file" ? send(rest) : get(rest));
    },
    happened: (event) => {
      if (event.event === "file") board.take(event.file, "heard");
    },
    leave: async () => {
      fetches.abort();
      await Promise.all(ending);
    },
  };
}

/** What moves stands before the line that is typed; how it ended is said once, of what moved or was asked for. */
function progressBoard(screen: ChatScreen, isHuman: boolean) {
  const latest = new Map<string, FileView>();
  const ended = new Map<string, string>();
  const isMoving = (file: FileView): boolean => MOVING.has(file.state);
  return {
    hasEnded: ({ id }: FileView): boolean => ended.has(id),
    take: (told: FileView, why: "asked" | "heard"): void => {
      const before = latest.get(told.id);
      const file = why === "asked" && before && isMoving(told) ? before : told; // what was heard meanwhile is newer
      latest.set(file.id, file);
      if (isMoving(file)) ended.delete(file.id);
      else if ((why === "asked" || (before && isMoving(before))) && ended.get(file.id) !== file.state) {
        ended.set(file.id, file.state);
        if (isHuman) screen.print(`* ${renderOutcome(file)}`);
      }
      screen.progress([...latest.values()].filter(isMoving).map(shortProgress).join(", "));
    },
  };
}

const missing = (word: string): Fault =>
  new Fault(
    "usage/bad-argument",
    word === "/file" ? "/file needs a path after it" : "/get needs the name of a file after it",
  );

function tellFailure(error: unknown, answer: (value: object, text: string) => void): void {
  if (isFault(error, "usage/cancelled")) return; // the chat ends; the fetch goes on whenever Hermes runs
  const fault = isFault(error) ? error : unexpected(error);
  answer({ error: { code: fault.code, message: advice(fault) } }, `! ${advice(fault)}`);
}

const unexpected = (cause: unknown): Fault =>
  new Fault("internal/invariant", "something went wrong with that file that should not; please report this", { cause });

/** A path as people type it or drop it on a terminal: in quotes, or from the home directory. */
function pathOf(text: string): string {
  const bare = /^(['"]).*\1$/.test(text) ? text.slice(1, -1) : text.replace(/\\(.)/g, "$1");
  return bare === "~" || bare.startsWith("~/") ? join(homedir(), bare.slice(1)) : resolve(bare);
}

function shortProgress({ name, sizeBytes, doneBytes }: FileView): string {
  const percent = sizeBytes === 0 ? 100 : Math.floor((100 * doneBytes) / sizeBytes);
  return `${[...printableLine(name)].slice(0, 20).join("")} ${percent} %`;
}
