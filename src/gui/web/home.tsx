/** The unlocked screen: groups at one side, what one has chosen beside them. */
import { ConversationPage } from "./conversation/conversation-page.tsx";
import { FilesPanel } from "./conversation/files-panel.tsx";
import { SearchPanel } from "./conversation/search-panel.tsx";
import { Sidebar } from "./groups/sidebar.tsx";
import { Icon } from "./parts/icon.tsx";
import { PeoplePanel } from "./people/people-panel.tsx";
import { WarningsPage } from "./people/warnings-page.tsx";
import { type Place, placeOf, useFragment } from "./place.ts";
import { useView } from "./screen-context.ts";
import { SettingsPage } from "./settings/settings-page.tsx";
import { words } from "./words.ts";

export function Home() {
  const asked = placeOf(useFragment());
  const isLoaded = useView((state) => state.groupsLoaded);
  const isThere = useView((state) => asked.kind === "group" && state.groups.some(({ id }) => id === asked.group));
  const place: Place = asked.kind === "group" && !isThere && isLoaded ? { kind: "groups" } : asked;
  const panel = place.kind === "group" ? place.panel : undefined;
  return (
    <main className="home" data-place={place.kind} data-panel={panel}>
      <Sidebar place={place} />
      <div className="main">
        <Main place={place} />
      </div>
      {place.kind === "group" && panel && (
        <div className="panel" key={`${place.group}/${panel}`}>
          {panel === "people" && <PeoplePanel group={place.group} />}
          {panel === "search" && <SearchPanel group={place.group} />}
          {panel === "files" && <FilesPanel group={place.group} />}
        </div>
      )}
    </main>
  );
}

function Main({ place }: { readonly place: Place }) {
  switch (place.kind) {
    case "group":
      return <ConversationPage key={place.group} place={place} />;
    case "settings":
      return <SettingsPage />;
    case "warnings":
      return <WarningsPage />;
    case "groups":
      return (
        <div className="splash">
          <Icon name="lock" />
          <h2>{words.groups.pick}</h2>
          <p>{words.groups.pickText}</p>
        </div>
      );
  }
}
