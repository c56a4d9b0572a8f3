/** The rows, of which only those that are seen exist; how to get to the newest and to the first new one. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import type { Conversation, Row } from "../../../client/view/view-state.ts";
import { Icon } from "../parts/icon.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { ConversationRow } from "./rows.tsx";

interface MessageListProps {
  readonly group: string;
  readonly label: string;
  readonly conversation: Conversation;
  /** A message to go to. */
  readonly at: string | undefined;
  readonly onThere: () => void;
}

/** Where a list begins, and a new number each time it has to begin anew. */
interface Beginning {
  readonly key: number;
  readonly index: number;
  readonly align: "start" | "center" | "end";
}

/** How long a row that one was brought to stands out (ms). */
const FOUND_MS = 2_500;
/** Pixels beyond the window for which rows are made. */
const MORE_PIXELS = { top: 900, bottom: 600 };

export function MessageList({ group, label, conversation, at, onThere }: MessageListProps) {
  const { model } = useScreen();
  const { rows, firstIndex, atStart, atEnd } = conversation;
  const list = useRef<VirtuosoHandle>(null);
  const { beginning, found, goTo } = useJumps(group, conversation);
  const [isAtBottom, setAtBottom] = useState(false);
  const [firstSeen, setFirstSeen] = useState(0);
  const verified = useVerified(conversation);
  useMarkRead(group, isAtBottom && atEnd, rows.at(-1)?.id);
  useEffect(() => {
    if (at !== undefined) void goTo(at).then(onThere);
  }, [at, goTo, onThere]);
  const newest = () => {
    if (atEnd) list.current?.scrollToIndex({ index: rows.length - 1, align: "end" });
    else void goTo("newest");
  };
  return (
    <section className="rows-area" aria-label={label}>
      <Virtuoso<Row, ListContext>
        key={beginning.key}
        ref={list}
        className="rows"
        data={rows}
        context={{ atStart, loading: conversation.loading }}
        firstItemIndex={firstIndex}
        computeItemKey={(_, row) => row.id}
        initialTopMostItemIndex={{ index: beginning.index, align: beginning.align }}
        itemContent={(_, row) => (
          <ConversationRow group={group} row={row} isVerified={isBy(row, verified)} isFound={row.id === found} />
        )}
        components={LIST_PARTS}
        increaseViewportBy={MORE_PIXELS}
        atBottomThreshold={48}
        atBottomStateChange={setAtBottom}
        rangeChanged={({ startIndex }) => setFirstSeen(startIndex - firstIndex)}
        startReached={() => !atStart && model.loadOlder(group)}
        endReached={() => !atEnd && model.loadNewer(group)}
        followOutput={(isBottom) => (isBottom && atEnd ? "auto" : false)}
        alignToBottom
      />
      {!isAtBottom && (
        <UnreadButton conversation={conversation} firstSeen={firstSeen} onClick={() => void goTo("first-unread")} />
      )}
      {(!isAtBottom || !atEnd) && <NewestButton group={group} onClick={newest} />}
    </section>
  );
}

/** Going somewhere in the conversation: the list begins anew there. `found`: the row one was brought to, for a moment. */
function useJumps(group: string, conversation: Conversation) {
  const { model } = useScreen();
  const [beginning, setBeginning] = useState<Beginning>(() => firstBeginning(conversation));
  const [found, setFound] = useState<string>();
  const goTo = useCallback(
    async (to: string) => {
      const index = await model.goTo(group, to);
      if (index === undefined) return;
      const align = to === "newest" ? "end" : "center";
      setBeginning((before) => ({ key: before.key + 1, index, align }));
      if (align === "center") setFound(model.state().conversations[group]?.rows[index]?.id);
    },
    [model, group],
  );
  useEffect(() => {
    const timer = found === undefined ? undefined : setTimeout(() => setFound(undefined), FOUND_MS);
    return () => clearTimeout(timer);
  }, [found]);
  return { beginning, found, goTo };
}

/** Accounts whom we have verified. */
const useVerified = ({ info }: Conversation): ReadonlySet<string> =>
  useMemo(() => new Set(info?.members.filter(({ verified }) => verified).map(({ account }) => account)), [info]);

const isBy = (row: Row, accounts: ReadonlySet<string>): boolean =>
  row.kind === "message" && accounts.has(row.line.from.account);

function firstBeginning({ rows, unreadRowId }: Conversation): Beginning {
  const unread = unreadRowId === undefined ? -1 : rows.findIndex(({ id }) => id === unreadRowId);
  if (unread >= 0) return { key: 0, index: unread, align: "start" };
  return { key: 0, index: Math.max(0, rows.length - 1), align: "end" };
}

/** What was seen is read: while the newest row is in sight, and the page too. */
function useMarkRead(group: string, isNewestSeen: boolean, newestId: string | undefined): void {
  const { model } = useScreen();
  const isNew = useView((state) => (state.groups.find(({ id }) => id === group)?.unread ?? 0) > 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new row is read anew
  useEffect(() => {
    if (!isNewestSeen || !isNew) return undefined;
    const read = () => {
      if (document.visibilityState === "visible" && document.hasFocus()) model.markRead(group);
    };
    read();
    document.addEventListener("visibilitychange", read);
    window.addEventListener("focus", read);
    return () => {
      document.removeEventListener("visibilitychange", read);
      window.removeEventListener("focus", read);
    };
  }, [model, group, isNewestSeen, isNew, newestId]);
}

interface UnreadButtonProps {
  readonly conversation: Conversation;
  /** Place of the first row that can be seen. */
  readonly firstSeen: number;
  readonly onClick: () => void;
}

/** There while what is new begins above what is seen. */
function UnreadButton({ conversation: { rows, unreadRowId }, firstSeen, onClick }: UnreadButtonProps) {
  const unread = useMemo(() => rows.findIndex(({ id }) => id === unreadRowId), [rows, unreadRowId]);
  if (unread < 0 || firstSeen <= unread + 1) return null;
  return (
    <button type="button" className="jump unread" onClick={onClick}>
      <Icon name="up" />
      {words.conversation.toUnread}
    </button>
  );
}

function NewestButton({ group, onClick }: { readonly group: string; readonly onClick: () => void }) {
  const unread = useView((state) => state.groups.find(({ id }) => id === group)?.unread ?? 0);
  return (
    <button type="button" className="jump newest" onClick={onClick} title={words.conversation.toNewest}>
      <Icon name="down" />
      <span className={unread > 0 ? undefined : "heard-only"}>
        {unread > 0 ? words.conversation.unread(unread) : words.conversation.toNewest}
      </span>
    </button>
  );
}

interface ListContext {
  readonly atStart: boolean;
  readonly loading: Conversation["loading"];
}

const LIST_PARTS = {
  Header: ({ context }: { context?: ListContext }) => (
    <div className="list-start">
      {context?.atStart
        ? words.conversation.beginning
        : context?.loading === "older"
          ? words.conversation.loadingOlder
          : ""}
    </div>
  ),
  Footer: () => <div className="list-end" />,
};
