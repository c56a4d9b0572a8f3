/** The list of groups, with a search, and how the connections are. */
import { type KeyboardEvent, useDeferredValue, useState } from "react";
import { safeName } from "../../../client/view/safe-text.ts";
import type { GroupRow, ViewState } from "../../../client/view/view-state.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Button, IconButton } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { go, type Place, placeAddress } from "../place.ts";
import { useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { CreateGroupForm, JoinForm } from "./group-forms.tsx";
import { GroupLine } from "./group-line.tsx";

export function Sidebar({ place }: { readonly place: Place }) {
  const [adding, setAdding] = useState(false);
  const open = (group: string) => {
    setAdding(false);
    go({ kind: "group", group });
  };
  return (
    <nav className="sidebar" aria-label={words.groups.title}>
      <SidebarHead onAdd={() => setAdding(true)} />
      <WarningLine />
      <GroupList current={place.kind === "group" ? place.group : undefined} onAdd={() => setAdding(true)} />
      {adding && (
        <Dialog title={words.groups.add} onClose={() => setAdding(false)}>
          <CreateGroupForm onCreated={open} />
          <div className="or" />
          <JoinForm onJoined={open} />
        </Dialog>
      )}
    </nav>
  );
}

function SidebarHead({ onAdd }: { readonly onAdd: () => void }) {
  const me = useView((state) => state.me);
  return (
    <div className="sidebar-head">
      <Avatar id={me?.account ?? ""} name={me?.name ?? ""} small />
      <div className="grow">
        <h1>
          <Name name={me?.name ?? ""} oneLine />
        </h1>
        <NetworkLine />
      </div>
      <IconButton icon="add" label={words.groups.add} onClick={onAdd} />
      <a
        className="icon-button"
        href={placeAddress({ kind: "settings" })}
        aria-label={words.groups.settings}
        title={words.groups.settings}
      >
        <Icon name="settings" />
      </a>
    </div>
  );
}

/** What may be said in one word about all connections. */
export function networkState({
  relays,
  peers,
}: Pick<ViewState, "relays" | "peers">): "online" | "direct" | "connecting" | "offline" {
  if (relays.some(({ state }) => state === "connected")) return "online";
  if (peers.length > 0) return "direct";
  return relays.some(({ state }) => state === "connecting") ? "connecting" : "offline";
}

const DOTS = { online: "good", direct: "good", connecting: "warn", offline: "danger" } as const;

function NetworkLine() {
  const relays = useView((state) => state.relays);
  const peers = useView((state) => state.peers);
  const state = networkState({ relays, peers });
  return (
    <a className="network-line" href={placeAddress({ kind: "settings" })}>
      <span className={`dot ${DOTS[state]}`} />
      <span role="status">{state === "direct" ? words.network.direct(peers.length) : words.network[state]}</span>
    </a>
  );
}

function WarningLine() {
  const count = useView((state) => state.warnings.length);
  return (
    <div role="status">
      {count > 0 && (
        <a className="warning-line" href={placeAddress({ kind: "warnings" })}>
          <Icon name="warning" />
          {words.groups.warnings(count)}
        </a>
      )}
    </div>
  );
}

interface GroupListProps {
  readonly current: string | undefined;
  readonly onAdd: () => void;
}

function GroupList({ current, onAdd }: GroupListProps) {
  const groups = useView((state) => state.groups);
  const isLoaded = useView((state) => state.groupsLoaded);
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(safeName(search).toLocaleLowerCase());
  const shown =
    wanted === "" ? groups : groups.filter((group) => safeName(group.name).toLocaleLowerCase().includes(wanted));
  return (
    <>
      <label className="search-line">
        <Icon name="search" />
        <input
          type="search"
          placeholder={words.groups.search}
          aria-label={words.groups.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </label>
      <div className="group-list">
        {isLoaded && shown.length === 0 && <NoGroups isSearch={wanted !== ""} onAdd={onAdd} />}
        <ul onKeyDown={moveFocus}>
          {shown.map((group: GroupRow) => (
            <li key={group.id}>
              <GroupLine group={group} isCurrent={group.id === current} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function NoGroups({ isSearch, onAdd }: { readonly isSearch: boolean; readonly onAdd: () => void }) {
  if (isSearch) return <p className="splash small">{words.groups.noMatch}</p>;
  return (
    <div className="splash">
      <h2>{words.groups.none}</h2>
      <p>{words.groups.noneText}</p>
      <Button look="primary" onClick={onAdd}>
        {words.groups.add}
      </Button>
    </div>
  );
}

/** Arrow keys go from one line to the next. */
function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const lines = [...event.currentTarget.querySelectorAll("a")];
  const next = lines[lines.findIndex((line) => line.matches(":focus")) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
