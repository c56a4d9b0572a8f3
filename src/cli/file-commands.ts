/**
 * Commands about files. The transfer belongs to the process that owns the profile; a command that is the owner itself
 * stays until its transfer is done, and what it leaves goes on the next time Hermes runs.
 */
import { join, resolve, sep } from "node:path";
import type { ClientEvent } from "../client/event-api.ts";
import type { FileView } from "../client/file-api.ts";
import { isFault } from "../wire/fault.ts";
import { given as givenOnly, mistake, secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, operand, withSession } from "./command.ts";
import { openProgressBar, type ProgressBar } from "./progress-bar.ts";
import { renderState } from "./render.ts";
import { renderFile, renderLeftOut, renderOutcome } from "./render-files.ts";
import type { Session } from "./session.ts";

/** Ms without any progress after which a command leaves a transfer to later, unless told otherwise. */
const IDLE_MS = 30_000;
/** States in which bytes are still to move. */
const MOVING: ReadonlySet<FileView["state"]> = new Set(["sending", "fetching", "waiting"]);

/** `hermes send-file G PATH` */
export async function sendFile(context: CommandContext): Promise<number> {
  const { given, output, surroundings } = context;
  const isStream = operand(context, 1) === "-";
  const offered = isStream ? await surroundings.files.offer(surroundings.stdin) : undefined;
  try {
    return await withSession(context, async (session) => {
      const sent = await session.call("file-send", {
        group: operand(context, 0),
        path: offered?.path ?? resolve(operand(context, 1)),
        ...givenOnly({
          name: textOf(given, "name") ?? (isStream ? "standard-input" : undefined),
          type: textOf(given, "type"),
        }),
        ...(given.options.has("no-wait") ? { waitMs: 0 } : {}),
      });
      if (sent.leftOut && output.format === "human") output.note(renderLeftOut(sent.leftOut));
      const file = given.options.has("no-wait") ? sent.file : await followFile(context, session, sent.file);
      output.result({ ...sent, file }, `${renderState(sent.state)}; ${renderOutcome(file)}`);
      tellRest(context, file);
      return file.state === "failed" ? 1 : 0;
    });
  } catch (error) {
    if (surroundings.signal.aborted) output.note("Interrupted; hermes files shows whether it is sent.");
    throw error;
  } finally {
    await offered?.close();
  }
}

/** Shows how the file moves until it does so no more; answers how it is then. */
async function followFile(context: CommandContext, session: Session, file: FileView): Promise<FileView> {
  const idle = idleWatch(context);
  const bar = openProgressBar(context);
  let latest = file;
  const done = new AbortController();
  /** What ended while nobody told us is told no more. */
  const look = async (): Promise<void> => {
    const { files } = await session.call("file-list", { group: operand(context, 0) });
    if (!done.signal.aborted) latest = files.find(({ id }) => id === file.id) ?? latest;
    if (!MOVING.has(latest.state)) done.abort();
  };
  const emit = (event: ClientEvent): void => {
    if (event.event === "following") look().catch(() => undefined); // also with each new owner; following fails for the same reason
    if (event.event !== "file" || event.file.id !== file.id) return;
    latest = takeProgress(context, { bar, idle }, event);
    if (!MOVING.has(latest.state)) done.abort();
  };
  try {
    const following = session.call("follow", {}, { emit, signal: AbortSignal.any([idle.signal, done.signal]) });
    await look();
    await following.catch((error: unknown) => {
      if (!isFault(error, "usage/cancelled")) throw error;
    });
  } finally {
    idle.end();
    bar.end();
  }
  return latest;
}

/** What gives up when nothing moves for a while. */
interface IdleWatch {
  readonly signal: AbortSignal;
  readonly moved: () => void;
  readonly end: () => void;
}

function idleWatch({ given }: CommandContext): IdleWatch {
  const controller = new AbortController();
  const idleMs = secondsAsMsOf(given, "wait") ?? IDLE_MS;
  const begin = () => setTimeout(() => controller.abort(), idleMs);
  let timer = begin();
  const end = () => clearTimeout(timer);
  return {
    signal: controller.signal,
    end,
    moved: () => {
      end();
      timer = begin();
    },
  };
}

function takeProgress(
  { output }: CommandContext,
  { bar, idle }: { readonly bar: ProgressBar; readonly idle: IdleWatch },
  event: Extract<ClientEvent, { readonly event: "file" }>,
): FileView {
  const { file } = event;
  if (file.bytesPerSecond !== undefined || !MOVING.has(file.state)) idle.moved();
  bar.show(file);
  if (output.format === "json") output.result(event, undefined);
  return file;
}

/** Where something is left, people are told that it is not lost. */
function tellRest({ output }: CommandContext, { state }: FileView): void {
  if (state === "sending")
    output.note(
      "Not all of it has left this machine; the rest goes on by itself whenever Hermes runs, for example hermes listen.",
    );
}

/** `hermes get-file G FILE` */
export async function getFile(context: CommandContext): Promise<number> {
  const { given, output, surroundings } = context;
  const [group, wanted] = [operand(context, 0), operand(context, 1)];
  const out = textOf(given, "out");
  const unpack = given.options.has("unpack");
  if (out === "") throw mistake("--out needs a path: a directory that exists, or a path where nothing is yet.");
  const file = await withSession(context, async (session) => {
    const target = out === undefined ? {} : { out: absolute(out) };
    return await fetched(context, session, { group, file: wanted, ...target });
  });
  if (file.state !== "here") {
    output.result({ file }, renderOutcome(file));
    if (file.state !== "failed") output.note("It goes on by itself whenever Hermes runs, for example hermes listen.");
    return 1;
  }
  const unpacked = unpack && file.path !== undefined ? await surroundings.files.unpack(file.path) : undefined;
  output.result({ file, ...(unpacked === undefined ? {} : { unpacked }) }, unpacked ?? renderOutcome(file));
  return 0;
}

/** What ends in a slash means a directory. */
const absolute = (path: string): string => (/[/\\]$/.test(path) ? join(resolve(path), sep) : resolve(path));

/** Fetches until it is here, fails, or nothing moves for a while. */
async function fetched(
  context: CommandContext,
  session: Session,
  params: { readonly group: string; readonly file: string; readonly out?: string },
): Promise<FileView> {
  const idle = idleWatch(context);
  const bar = openProgressBar(context);
  let latest: FileView | undefined;
  const emit = (event: ClientEvent): void => {
    if (event.event === "file") latest = takeProgress(context, { bar, idle }, event);
  };
  try {
    return (await session.call("file-get", params, { emit, signal: idle.signal })).file;
  } catch (error) {
    if (!isFault(error, "usage/cancelled") || latest === undefined) throw error;
    return latest; // it goes on without us
  } finally {
    idle.end();
    bar.end();
  }
}

/** `hermes files G` */
export async function listFiles(context: CommandContext): Promise<number> {
  const { output } = context;
  const { files } = await withSession(context, (session) => session.call("file-list", { group: operand(context, 0) }));
  for (const file of files) output.result({ file }, renderFile(file));
  if (files.length === 0 && output.format === "human")
    output.note("No files here yet; hermes sync fetches what is new.");
  return 0;
}

/** `hermes cancel-file G FILE` */
export async function cancelFile(context: CommandContext): Promise<number> {
  const params = { group: operand(context, 0), file: operand(context, 1) };
  const { file } = await withSession(context, (session) => session.call("file-cancel", params));
  context.output.result({ file }, renderOutcome(file));
  return 0;
}
