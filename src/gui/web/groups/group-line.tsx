/** One line of the list of groups. */
import { memo } from "react";
import { safeText } from "../../../client/view/safe-text.ts";
import type { GroupRow } from "../../../client/view/view-state.ts";
import { nameWords, recentWords } from "../clock-words.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { placeAddress } from "../place.ts";
import { words } from "../words.ts";

/** Letters of a line that can be seen in the list. */
const LINE_MAX = 160;
/** A badge says no more than this. */
const BADGE_MAX = 999;

interface GroupLineProps {
  readonly group: GroupRow;
  readonly isCurrent: boolean;
}

export const GroupLine = memo(function GroupLine({ group, isCurrent }: GroupLineProps) {
  return (
    <a
      className={group.unread > 0 ? "group-row unread" : "group-row"}
      href={placeAddress({ kind: "group", group: group.id })}
      aria-current={isCurrent ? "page" : undefined}
    >
      <Avatar id={group.id} name={group.name} kind="group" />
      <span className="group-lines">
        <span className="group-line">
          <span className="group-name one-line">
            <Name name={group.name} id={group.id} oneLine />
          </span>
          {group.last && <span className="group-time">{recentWords(group.last.sentAt)}</span>}
        </span>
        <span className="group-line">
          <span className="group-last one-line small">
            <LastLine group={group} />
          </span>
          {group.unread > 0 && (
            <span className="badge">
              <span aria-hidden="true">{group.unread > BADGE_MAX ? `${BADGE_MAX}+` : group.unread}</span>
              <span className="heard-only">{words.groups.unread(group.unread)}</span>
            </span>
          )}
        </span>
      </span>
    </a>
  );
});

const flat = (text: string): string => safeText(text.slice(0, LINE_MAX)).replace(/\s+/g, " ");

function LastLine({ group: { state, last, draft } }: { readonly group: GroupRow }) {
  if (state) return <>{words.groups.states[state]}</>;
  if (draft.trim() !== "") {
    return (
      <>
        <span className="group-draft">{words.groups.draft}</span> <bdi className="foreign">{flat(draft)}</bdi>
      </>
    );
  }
  if (!last) return <>{words.groups.noLines}</>;
  if (last.kind === "system") return <bdi className="foreign">{flat(last.text)}</bdi>;
  return (
    <>
      <bdi className="foreign">{last.own ? words.you : nameWords(last.from)}</bdi>:{" "}
      {last.kind === "file" && <Icon name="file" />}
      <bdi className="foreign">{flat(last.text)}</bdi>
    </>
  );
}
