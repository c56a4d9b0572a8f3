/** A message's text: links that say where they go, code, large emoji; whatever strangers put into it does no harm. */
import { memo, type ReactNode, useMemo, useState } from "react";
import { isEmojiOnly, type MessagePart, messageParts } from "../../../client/view/message-parts.ts";
import { safeText } from "../../../client/view/safe-text.ts";
import { CopyButton } from "../parts/copy-line.tsx";
import { words } from "../words.ts";

/** Letters (UTF-16 units) of a message that are shown at first: about two screens. */
const SHOWN_MAX = 3_000;
/** And lines. */
const LINES_MAX = 60;

export const MessageText = memo(function MessageText({ text }: { readonly text: string }) {
  const [whole, setWhole] = useState(false);
  const safe = useMemo(() => safeText(text), [text]);
  const cut = useMemo(() => cutText(safe), [safe]);
  if (isEmojiOnly(safe)) return <div className="text large">{safe}</div>;
  const isLong = cut.length < safe.length;
  return (
    <div className="text" dir="auto">
      {messageParts(whole ? safe : cut).map(partElement)}
      {isLong && (
        <>
          {whole ? "" : " … "}
          <button type="button" className="button quiet small" onClick={() => setWhole(!whole)}>
            {whole ? words.conversation.showLess : words.conversation.showAll}
          </button>
        </>
      )}
    </div>
  );
});

/** The beginning of a long text; a pair of surrogates stays together. */
function cutText(text: string): string {
  let end = Math.min(text.length, SHOWN_MAX);
  for (let at = -1, lines = 0; lines < LINES_MAX; lines++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) break;
    if (lines === LINES_MAX - 1) end = Math.min(end, at);
  }
  const isPair = /[\ud800-\udbff]/.test(text.charAt(end - 1));
  return text.slice(0, isPair ? end - 1 : end);
}

function partElement(part: MessagePart, place: number): ReactNode {
  switch (part.kind) {
    case "text":
      return part.text;
    case "code":
      return (
        <bdi key={place}>
          <code>{part.text}</code>
        </bdi>
      );
    case "block":
      return (
        <div key={place} className="code-block" dir="ltr">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide code has to be scrolled by keys as well */}
          <pre tabIndex={0}>{part.text}</pre>
          <CopyButton text={part.text} label={words.conversation.copyCode} />
        </div>
      );
    case "link":
      return <Link key={place} text={part.text} href={part.href} />;
  }
}

/** Shown exactly as it leads; a host that looks like another one, or hides behind a name before "@", is named. */
function Link({ text, href }: { readonly text: string; readonly href: string }) {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) return <bdi>{text}</bdi>;
  const isPlain = url.username === "" && url.password === "" && text.toLowerCase().includes(`//${url.host}`);
  return (
    <bdi>
      <a href={url.href} target="_blank" rel="noopener noreferrer nofollow">
        {text}
      </a>
      {!isPlain && <span className="host-hint"> ({words.conversation.goesTo(url.host)})</span>}
    </bdi>
  );
}
