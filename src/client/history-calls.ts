/** Calls about what was said: pages of a conversation, what is new in it, and what a screen notes for itself. */
import { NOTE } from "../protocol/records/account.ts";
import type { GroupState } from "../protocol/records/group.ts";
import { Fault } from "../wire/fault.ts";
import { TEXT_MAX_BYTES } from "../wire/limits.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { decodeUtf8, encodeUtf8 } from "../wire/utf8.ts";
import type { ClientMethods } from "./api.ts";
import type { CallContext } from "./calls.ts";
import { findGroup } from "./group-names.ts";
import { wholeNumber } from "./parameters.ts";
import type { ConversationLine, ProfileStore } from "./ports/profile.ts";
import { scanRecords } from "./profile-reader.ts";
import { shownMessage } from "./shown-messages.ts";
import { messageView } from "./views.ts";

type Params<M extends keyof ClientMethods> = ClientMethods[M][0];
type Result<M extends keyof ClientMethods> = Promise<ClientMethods[M][1]>;

/** Lines of history unless told otherwise, and at most. */
const HISTORY_LINES = 50;
const HISTORY_LINES_MAX = 10_000;
/** Characters of a note's name: a draft's names a group by its 64 digits. */
const NOTE_NAME_MAX = 100;
/** Notes of one profile: drafts of far more groups than people are in. */
const NOTES_MAX = 1_000;

/** See `history` in api.ts. */
export async function history(context: CallContext, params: Params<"history">): Result<"history"> {
  const { store, hub } = context;
  const group = toHex((await findGroup(store, params.group)).group);
  const { before, after, around, search, peek = false } = params;
  if ([before ?? search, after, around].filter((each) => each !== undefined).length > 1)
    throw new Fault("usage/bad-argument", "a page of history has one place: name before, after or around");
  const limit = wholeNumber("limit", params.limit ?? HISTORY_LINES, HISTORY_LINES_MAX);
  const isNewestPage = [before, after, around, search].every((each) => each === undefined);
  // what arrives from here on may not be on the page
  const [latest] = peek || !isNewestPage ? [] : await store.history({ group, limit: 1, unread: "latest" });
  const lines =
    around === undefined
      ? await store.history({ group, limit, before, after, search })
      : await linesAround(store, { group, limit, id: around });
  const messages = await Promise.all(lines.map((line) => shownMessage(context, line)));
  if (peek) return { messages, ...(await firstUnread(store, group)) };
  if (latest) {
    await store.markRead(group, [latest.id]);
    hub.tell({ kind: "read", group });
  }
  return { messages };
}

/** Half of the lines before that one, which is among them, and half after it. */
async function linesAround(
  store: ProfileStore,
  { group, limit, id }: { readonly group: string; readonly limit: number; readonly id: string },
): Promise<readonly ConversationLine[]> {
  const half = Math.max(1, Math.floor(limit / 2));
  const before = await store.history({ group, limit: half, before: id });
  const line = await store.line(group, id);
  return [...before, ...(line ? [line] : []), ...(await store.history({ group, limit: half, after: id }))];
}

async function firstUnread(store: ProfileStore, group: string): Promise<{ firstUnread?: string }> {
  if ((await store.unread(group)) === 0) return {};
  const [first] = await store.history({ group, limit: 1, unread: "oldest" });
  return first ? { firstUnread: first.id } : {};
}

/** See `mark-read` in api.ts. */
export async function markRead({ store, hub }: CallContext, params: Params<"mark-read">): Result<"mark-read"> {
  const group = toHex((await findGroup(store, params.group)).group);
  if ((await store.unread(group)) === 0) return {};
  await store.markRead(group);
  hub.tell({ kind: "read", group });
  return {};
}

/** See `notes` in api.ts. */
export async function notes({ store }: CallContext): Result<"notes"> {
  const found = await scanRecords(store, NOTE, { limit: NOTES_MAX });
  return { notes: found.map(([id, { text }]) => ({ name: decodeUtf8(fromHex(id) ?? new Uint8Array()) ?? "", text })) };
}

/** See `note-save` in api.ts. */
export async function saveNote({ store, put }: CallContext, { name, text }: Params<"note-save">): Result<"note-save"> {
  if (name === "" || name.length > NOTE_NAME_MAX)
    throw new Fault("usage/bad-argument", `a note's name has 1 to ${NOTE_NAME_MAX} characters`);
  const sizeBytes = encodeUtf8(text).length;
  if (sizeBytes > TEXT_MAX_BYTES)
    throw new Fault("usage/too-long", `a note has at most ${TEXT_MAX_BYTES} bytes and this one ${sizeBytes}`);
  const id = toHex(encodeUtf8(name));
  if (text !== "" && (await scanRecords(store, NOTE, { limit: NOTES_MAX })).length >= NOTES_MAX)
    throw new Fault("usage/not-allowed", `a profile keeps at most ${NOTES_MAX} notes; empty some`);
  await put({ kind: "note", name: id, text });
  return {};
}

/** Characters of a newest line that a list of groups shows. */
const LAST_LINE_MAX = 200;

/** The newest line of a group as a list shows it. */
export async function newestLine(store: ProfileStore, { group }: GroupState) {
  const [line] = await store.history({ group: toHex(group), limit: 1 });
  if (!line) return undefined;
  const view = messageView(line);
  return { ...view, text: [...view.text.slice(0, 2 * LAST_LINE_MAX)].slice(0, LAST_LINE_MAX).join("") };
}
