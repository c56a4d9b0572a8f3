/**
 * One conversation that was opened: a window of its lines, and what we have typed into it that is no line yet.
 *
 * 1. What we send is shown at once, and becomes its line when that comes; its row keeps its id.
 * 2. A line is shown once, whichever comes first: the answer to the call that sent it, or the event.
 */
import type { ClientMethods, MessageView } from "../api.ts";
import { EMPTY_SHEET, type RowSheet, rowsOf } from "./conversation-rows.ts";
import { EMPTY_WINDOW, type LineWindow, withLine } from "./line-window.ts";
import type { Failure } from "./screen-methods.ts";
import type { Conversation, MessageRow } from "./view-state.ts";

/** Something of ours that is no line yet. */
export interface PendingLine {
  readonly row: MessageRow;
  /** The line that it became, once we know; that line has not come yet. */
  readonly lineId?: string;
}

export interface OpenConversation {
  readonly window: LineWindow;
  readonly pending: readonly PendingLine[];
  /** Line id -> id of the row that was there before the line. */
  readonly names: ReadonlyMap<string, string>;
  readonly unread: { readonly line: string; readonly count: number } | undefined;
  readonly loading: Conversation["loading"];
  readonly failed: Failure | undefined;
  readonly info: ClientMethods["group-info"][1] | undefined;
  readonly sheet: RowSheet;
}

export const NEW_CONVERSATION: OpenConversation = {
  window: EMPTY_WINDOW,
  pending: [],
  names: new Map(),
  unread: undefined,
  loading: "none",
  failed: undefined,
  info: undefined,
  sheet: EMPTY_SHEET,
};

/** Behind everything else. */
const LAST_DEPTH = Number.MAX_SAFE_INTEGER;

/** The row of a text that is on its way to the process. `id` names row and call. */
export function withTyped(
  conversation: OpenConversation,
  typed: { readonly id: string; readonly text: string; readonly nowMs: number; readonly from: MessageView["from"] },
): OpenConversation {
  const { id, text, nowMs, from } = typed;
  const sentAt = new Date(nowMs).toISOString();
  const line: MessageView = { id, from, sentAt, kind: "text", text, depth: LAST_DEPTH, state: "queued" };
  const row: MessageRow = { kind: "message", id, line, own: true, first: true, last: true, sending: "sending" };
  return { ...conversation, pending: [...conversation.pending, { row }] };
}

/** The process has taken it as this line, which may be there already. */
export function withTaken(conversation: OpenConversation, id: string, lineId: string): OpenConversation {
  const isHere = conversation.window.lines.some((line) => line.id === lineId);
  if (isHere) return named(without(conversation, id), lineId, id);
  return changePending(conversation, id, ({ row }) => ({ row: rowAs(row, undefined), lineId }));
}

/** The process has refused it, or is asked once more. */
export function withOutcome(
  conversation: OpenConversation,
  id: string,
  failure: Failure | undefined,
): OpenConversation {
  return changePending(conversation, id, ({ row }) => {
    const again = rowAs(row, failure ? "failed" : "sending");
    return { row: failure ? { ...again, failure } : again };
  });
}

/** Away with it. */
export function without(conversation: OpenConversation, id: string): OpenConversation {
  return { ...conversation, pending: conversation.pending.filter(({ row }) => row.id !== id) };
}

/** A line has come. One of ours takes the row of the text that it is, as far as that can be told. */
export function withArrived(conversation: OpenConversation, line: MessageView, isOwn: boolean): OpenConversation {
  const { window, pending } = conversation;
  const arrived = { ...conversation, window: withLine(window, line) };
  const isKnown = window.lines.some(({ id }) => id === line.id);
  if (!isOwn || isKnown) return arrived;
  const typed =
    pending.find(({ lineId }) => lineId === line.id) ??
    pending.find(({ row, lineId }) => lineId === undefined && row.sending === "sending" && row.line.text === line.text);
  return typed ? named(without(arrived, typed.row.id), line.id, typed.row.id) : arrived;
}

/** As a screen shows it, and what makes the next time cheap. */
export function shown(
  conversation: OpenConversation,
  { account, dayOf }: { readonly account: string; readonly dayOf: (ms: number) => string },
): { readonly conversation: OpenConversation; readonly view: Conversation } {
  const { window, names, unread, loading, failed, info } = conversation;
  const pending = window.atEnd ? conversation.pending.map(({ row }) => row) : [];
  const sheet = rowsOf({ lines: window.lines, account, pending, names, unread, dayOf }, conversation.sheet);
  const { rows, firstIndex, unreadRowId } = sheet;
  const { atStart, atEnd } = window;
  const view: Conversation = {
    rows,
    firstIndex,
    atStart,
    atEnd,
    loading,
    ...(failed === undefined ? {} : { failed }),
    ...(unreadRowId === undefined ? {} : { unreadRowId }),
    ...(info === undefined ? {} : { info }),
  };
  return { conversation: { ...conversation, sheet }, view };
}

function changePending(
  conversation: OpenConversation,
  id: string,
  change: (pending: PendingLine) => PendingLine,
): OpenConversation {
  const pending = conversation.pending.map((each) => (each.row.id === id ? change(each) : each));
  return { ...conversation, pending };
}

function named(conversation: OpenConversation, lineId: string, rowId: string): OpenConversation {
  return { ...conversation, names: new Map([...conversation.names, [lineId, rowId]]) };
}

function rowAs(row: MessageRow, sending: MessageRow["sending"] | undefined): MessageRow {
  const { kind, id, line, own, first, last } = row;
  return { kind, id, line, own, first, last, ...(sending === undefined ? {} : { sending }) };
}
