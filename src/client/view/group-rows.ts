/** The list of groups, kept as things happen; asked for anew when who is in them changes. */
import type { MessageView } from "../api.ts";
import type { ListedGroup } from "../group-api.ts";
import type { GroupRow, LastLine } from "./view-state.ts";

/** Characters of the newest line. */
const LAST_TEXT_MAX = 200;

/** The list as the process has it, with what people have typed. Newest first. */
export function groupRows(
  listed: readonly ListedGroup[],
  account: string,
  drafts: ReadonlyMap<string, string>,
): readonly GroupRow[] {
  return inOrder(
    listed.map(({ id, name, members, unread, state, refusal, last }) => ({
      id,
      name,
      members,
      unread,
      draft: drafts.get(id) ?? "",
      ...(state === undefined ? {} : { state }),
      ...(refusal === undefined ? {} : { refusal: refusal.message }),
      ...(last === undefined ? {} : { last: lastLine(last, account) }),
    })),
  );
}

/** A message has come, or changed. `isNew`: it was not there before. */
export function withMessage(
  groups: readonly GroupRow[],
  { group, line, account }: { readonly group: string; readonly line: MessageView; readonly account: string },
  isNew: boolean,
): readonly GroupRow[] {
  const last = lastLine(line, account);
  const counts = isNew && !last.own && line.kind !== "system" ? 1 : 0;
  return changed(groups, group, (row) => {
    const isNewest = row.last === undefined || row.last.sentAt <= last.sentAt || row.last.id === last.id;
    return { ...row, unread: row.unread + counts, ...(isNewest ? { last } : {}) };
  });
}

export function withRead(groups: readonly GroupRow[], group: string): readonly GroupRow[] {
  return changed(groups, group, (row) => (row.unread === 0 ? row : { ...row, unread: 0 }));
}

export function withDraft(groups: readonly GroupRow[], group: string, draft: string): readonly GroupRow[] {
  return changed(groups, group, (row) => (row.draft === draft ? row : { ...row, draft }));
}

function changed(groups: readonly GroupRow[], id: string, change: (row: GroupRow) => GroupRow): readonly GroupRow[] {
  const place = groups.findIndex((row) => row.id === id);
  const row = groups[place];
  if (row === undefined) return groups;
  const next = change(row);
  return next === row ? groups : inOrder(groups.with(place, next));
}

/** Those with the newest line first; those without any after them, as they were. */
function inOrder(groups: readonly GroupRow[]): readonly GroupRow[] {
  const timeOf = ({ last }: GroupRow): string => last?.sentAt ?? "";
  return groups.toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : timeOf(a) > timeOf(b) ? -1 : 0));
}

function lastLine({ id, text, from, sentAt, kind }: MessageView, account: string): LastLine {
  const cut =
    text.length > LAST_TEXT_MAX ? [...text.slice(0, 2 * LAST_TEXT_MAX)].slice(0, LAST_TEXT_MAX).join("") : text;
  return { id, text: cut, from: from.name, own: from.account === account, sentAt, kind };
}
