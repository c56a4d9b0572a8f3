/** The rows of a conversation, one component each. */
import { memo } from "react";
import { safeText } from "../../../client/view/safe-text.ts";
import type { MessageRow, Row } from "../../../client/view/view-state.ts";
import { dayWords } from "../clock-words.ts";
import { failureText } from "../failures.ts";
import { Avatar, hueOf } from "../parts/avatar.tsx";
import { Button } from "../parts/button.tsx";
import { Name } from "../parts/name.tsx";
import { VerifiedMark } from "../parts/verified-mark.tsx";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";
import { Meta } from "./delivery.tsx";
import { FileCard } from "./file-card.tsx";
import { MessageText } from "./message-text.tsx";

interface RowProps {
  readonly group: string;
  readonly row: Row;
  readonly isVerified: boolean;
  /** Somebody was just brought here. */
  readonly isFound: boolean;
}

export const ConversationRow = memo(function ConversationRow({ group, row, isVerified, isFound }: RowProps) {
  return (
    <div className="row-frame">
      {row.kind === "day" && (
        <div className="day">
          <span>{dayWords(row.day)}</span>
        </div>
      )}
      {row.kind === "unread" && <div className="unread-line">{words.groups.unread(row.count)}</div>}
      {row.kind === "system" && (
        <p className="system-line">
          <bdi className="foreign">{safeText(row.line.text)}</bdi>
        </p>
      )}
      {row.kind === "message" && <Message group={group} row={row} isVerified={isVerified} isFound={isFound} />}
    </div>
  );
});

type MessageProps = Omit<RowProps, "row"> & { readonly row: MessageRow };

function Message({ group, row, isVerified, isFound }: MessageProps) {
  const { line, own, first, last } = row;
  const { account, name } = line.from;
  const classes = ["message", own && "own", first && "first", isFound && "found"].filter(Boolean).join(" ");
  return (
    <article className={classes}>
      {!own && (last ? <Avatar id={account} name={name} small /> : <span />)}
      <div className="bubble-side">
        <div className="bubble">
          {own ? (
            <span className="heard-only">{words.you}: </span>
          ) : (
            <span className={first ? `author ${hueOf(account)}` : "heard-only"}>
              <Name name={name} id={account} />
              {isVerified && <VerifiedMark />}
            </span>
          )}
          {line.file ? <FileCard group={group} file={line.file} own={own} /> : <MessageText text={line.text} />}
          <Meta row={row} />
        </div>
        {row.sending === "failed" && <FailedLine group={group} row={row} />}
      </div>
    </article>
  );
}

function FailedLine({ group, row }: { readonly group: string; readonly row: MessageRow }) {
  const { model } = useScreen();
  return (
    <div className="failed-line" role="alert">
      <span className="foreign">{failureText(row.failure ?? { message: words.delivery.failed })}</span>
      <Button small onClick={() => model.retry(group, row.id)}>
        {words.tryAgain}
      </Button>
      <Button small look="quiet" onClick={() => model.discard(group, row.id)}>
        {words.delivery.discard}
      </Button>
    </div>
  );
}
