/** Searching what this device can read of a group. */
import { useEffect, useRef, useState } from "react";
import type { MessageView } from "../../../client/api.ts";
import { safeText } from "../../../client/view/safe-text.ts";
import { searchMarks } from "../../../client/view/search-marks.ts";
import { recentWords } from "../clock-words.ts";
import { failureOf } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { FailureNote } from "../parts/note.tsx";
import { PanelHead } from "../parts/panel-head.tsx";
import { placeAddress } from "../place.ts";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";

/** Messages that are asked for at once. */
const PAGE = 50;
/** Pause in typing after which is searched (ms). */
const PAUSE_MS = 200;
/** Letters of a message that are shown, and of those in front of the first mark. */
const SHOWN = 240;
const IN_FRONT = 60;

interface Found {
  readonly search: string;
  /** Newest first. */
  readonly messages: readonly MessageView[];
  readonly isAll: boolean;
  readonly failure?: ReturnType<typeof failureOf>;
}

export function SearchPanel({ group }: { readonly group: string }) {
  const [typed, setTyped] = useState("");
  const { found, more } = useSearch(group, typed.trim());
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <>
      <PanelHead group={group} panel="search" title={words.conversation.search} unfocused />
      <div className="panel-body">
        <label className="search-line flush">
          <Icon name="search" />
          <input
            ref={field}
            type="search"
            aria-label={words.search.label}
            placeholder={words.search.label}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <p className="soft small" role="status">
          {found === undefined ? words.search.hint : resultWords(found)}
        </p>
        <FailureNote failure={found?.failure} />
        <ul className="stack tight">
          {found?.messages.map((message) => (
            <li key={message.id}>
              <SearchHit group={group} message={message} search={found.search} />
            </li>
          ))}
        </ul>
        {found && !found.isAll && <Button onClick={more}>{words.search.more}</Button>}
      </div>
    </>
  );
}

const resultWords = ({ messages, isAll }: Found): string =>
  messages.length === 0 ? words.search.none : `${words.search.found(messages.length)}${isAll ? "" : " …"}`;

function useSearch(group: string, search: string): { readonly found: Found | undefined; readonly more: () => void } {
  const { model } = useScreen();
  const [found, setFound] = useState<Found>();
  const [before, setBefore] = useState<string>();
  useEffect(() => {
    if (search === "") {
      setFound(undefined);
      return undefined;
    }
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const params = { group, search, limit: PAGE, peek: true, ...(before ? { before } : {}) };
        const { messages } = await model.call("history", params);
        const page = [...messages].reverse();
        const isAll = page.length < PAGE;
        if (current) {
          setFound((shown) => ({ search, isAll, messages: before && shown ? [...shown.messages, ...page] : page }));
        }
      } catch (error) {
        if (current) setFound({ search, messages: [], isAll: true, failure: failureOf(error) });
      }
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [model, group, search, before]);
  // Another search begins at the newest message.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the words have changed
  useEffect(() => setBefore(undefined), [search]);
  return { found, more: () => setBefore(found?.messages.at(-1)?.id) };
}

function SearchHit({
  group,
  message,
  search,
}: {
  readonly group: string;
  readonly message: MessageView;
  readonly search: string;
}) {
  const isNarrow = window.matchMedia("(max-width: 68rem)").matches;
  const place = { kind: "group" as const, group, at: message.id, ...(isNarrow ? {} : { panel: "search" as const }) };
  return (
    <a className="panel-card hit" href={placeAddress(place)}>
      <span className="row apart small">
        <strong className="one-line grow">
          <Name name={message.from.name} id={message.from.account} />
        </strong>
        <span className="soft">{recentWords(message.sentAt)}</span>
      </span>
      <MarkedText text={message.text} search={search} />
    </a>
  );
}

/** The part of a text around the first mark, with all marks in it. */
function MarkedText({ text, search }: { readonly text: string; readonly search: string }) {
  const safe = safeText(text);
  const first = searchMarks(safe, search)[0]?.[0] ?? 0;
  const from = first > IN_FRONT ? safe.indexOf(" ", first - IN_FRONT) + 1 || first : 0;
  const part = [...safe.slice(from, from + SHOWN)].join("");
  const marks = searchMarks(part, search);
  return (
    <bdi className="foreign hit-text">
      {from > 0 && "… "}
      {marks.map(([start, end], place) => (
        <span key={start}>
          {part.slice(marks[place - 1]?.[1] ?? 0, start)}
          <mark>{part.slice(start, end)}</mark>
        </span>
      ))}
      {part.slice(marks.at(-1)?.[1] ?? 0)}
      {from + SHOWN < safe.length && " …"}
    </bdi>
  );
}
