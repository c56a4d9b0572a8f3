/** One group: its head, its messages, and where one writes. */
import { useCallback, useEffect, useRef } from "react";
import { safeText } from "../../../client/view/safe-text.ts";
import type { Conversation, GroupRow } from "../../../client/view/view-state.ts";
import { nameWords } from "../clock-words.ts";
import { sentence, useAction } from "../failures.ts";
import { networkState } from "../groups/sidebar.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { Button } from "../parts/button.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { FailureNote } from "../parts/note.tsx";
import { panelButtonId } from "../parts/panel-head.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { go, type Panel, type Place, placeAddress } from "../place.ts";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message-list.tsx";

type GroupPlace = Extract<Place, { kind: "group" }>;

export function ConversationPage({ place }: { readonly place: GroupPlace }) {
  const { model } = useScreen();
  const { group, panel, at } = place;
  const row = useView((state) => state.groups.find(({ id }) => id === group));
  const conversation = useView((state) => state.conversations[group]);
  useEffect(() => model.openGroup(group), [model, group]);
  useReadOut(conversation);
  const forgetAt = useCallback(() => go({ kind: "group", group, panel }, { instead: true }), [group, panel]);
  if (!row) return null;
  if (row.state === "pending" || row.state === "refused") return <AskedToJoin row={row} />;
  const isOut = row.state !== undefined;
  return (
    <div className="conversation">
      <ConversationHead row={row} panel={panel} />
      <Banners row={row} conversation={conversation} />
      {conversation && conversation.loading !== "first" && conversation.rows.length > 0 ? (
        <MessageList
          group={group}
          label={words.conversation.label(nameWords(row.name, row.id))}
          conversation={conversation}
          at={at}
          onThere={forgetAt}
        />
      ) : (
        <NoRows group={group} conversation={conversation} />
      )}
      {!isOut && <Composer group={group} name={nameWords(row.name, row.id)} />}
    </div>
  );
}

function ConversationHead({ row, panel }: { readonly row: GroupRow; readonly panel: Panel | undefined }) {
  const members = words.conversation.members(row.members);
  return (
    <header className="bar">
      <a className="icon-button only-narrow" href={placeAddress({ kind: "groups" })} aria-label={words.back}>
        <Icon name="back" />
      </a>
      <Avatar id={row.id} name={row.name} kind="group" small />
      <div className="title">
        <h1>
          <Name name={row.name} id={row.id} oneLine />
        </h1>
        <div className="soft small one-line">{row.state ? words.groups.states[row.state] : members}</div>
      </div>
      {row.state !== "pending" && row.state !== "refused" && (
        <>
          <PanelLink row={row} panel="search" open={panel} icon="search" label={words.conversation.search} />
          <PanelLink row={row} panel="files" open={panel} icon="file" label={words.file.title} />
          <PanelLink row={row} panel="people" open={panel} icon="people" label={words.conversation.people} />
        </>
      )}
    </header>
  );
}

interface PanelLinkProps {
  readonly row: GroupRow;
  readonly panel: Panel;
  readonly open: Panel | undefined;
  readonly icon: IconName;
  readonly label: string;
}

function PanelLink({ row, panel, open, icon, label }: PanelLinkProps) {
  const isOpen = open === panel;
  return (
    <button
      type="button"
      id={panelButtonId(panel)}
      className="icon-button"
      aria-label={label}
      title={label}
      aria-expanded={isOpen}
      onClick={() => go({ kind: "group", group: row.id, ...(isOpen ? {} : { panel }) })}
    >
      <Icon name={icon} />
    </button>
  );
}

/** A group that one is not in yet. */
function AskedToJoin({ row }: { readonly row: GroupRow }) {
  const { model } = useScreen();
  const { busy, failure, run } = useAction();
  const stop = async () => {
    if (await run(() => model.call("group-cancel", { group: row.id }))) go({ kind: "groups" }, { instead: true });
  };
  const texts = words.conversation.absent;
  return (
    <div className="conversation">
      <ConversationHead row={row} panel={undefined} />
      <div className="splash rows-area">
        <p role="status">
          {row.refusal ? sentence(row.refusal) : row.state === "refused" ? texts.refused : texts.pending}
        </p>
        <FailureNote failure={failure} />
        <Button busy={busy} onClick={() => void stop()}>
          {words.begin.stop}
        </Button>
      </div>
    </div>
  );
}

function Banners({ row, conversation }: { readonly row: GroupRow; readonly conversation: Conversation | undefined }) {
  const network = useView((state) => networkState(state));
  const absent = conversation?.info?.absent;
  const by = absent ? nameWords(absent.by.name, absent.by.account) : words.nameless;
  const texts = words.conversation.absent;
  return (
    <div role="status">
      {row.state && <p className="banner">{row.state === "removed" ? texts.removed(by) : texts[row.state]}</p>}
      {!row.state && network === "offline" && <p className="banner">{words.network.offlineBanner}</p>}
    </div>
  );
}

function NoRows({ group, conversation }: { readonly group: string; readonly conversation: Conversation | undefined }) {
  const { model } = useScreen();
  if (conversation?.failed) {
    return (
      <div className="splash rows-area">
        <p>{words.conversation.failed}</p>
        <FailureNote failure={conversation.failed} />
        <Button onClick={() => void model.goTo(group, "newest")}>{words.tryAgain}</Button>
      </div>
    );
  }
  if (!conversation || conversation.loading === "first") {
    return (
      <div className="splash rows-area" aria-busy="true">
        <span className="spinner" />
        <span className="heard-only">{words.loading}</span>
      </div>
    );
  }
  return (
    <div className="splash rows-area">
      <h2>{words.conversation.empty}</h2>
      <p>{words.conversation.emptyText}</p>
      <Button onClick={() => go({ kind: "group", group, panel: "people" })}>{words.conversation.invite}</Button>
    </div>
  );
}

/** Messages that arrive in the open group are read out; those of a page that is loaded are not. */
function useReadOut(conversation: Conversation | undefined): void {
  const { announce } = useAnnouncer();
  const newest = conversation?.atEnd ? conversation.rows.at(-1) : undefined;
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (!newest) return;
    const isArrival = before.current !== undefined && before.current !== newest.id;
    before.current = newest.id;
    if (!isArrival || newest.kind !== "message" || newest.own) return;
    const { from, text } = newest.line;
    announce(words.conversation.arrived(nameWords(from.name, from.account), safeText(text.slice(0, 500))));
  }, [newest, announce]);
}
