/** When a message was written and how far one of ours has come: only what is known. */
import type { MessageRow } from "../../../client/view/view-state.ts";
import { fullWords, hourWords } from "../clock-words.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { words } from "../words.ts";

interface Delivery {
  readonly icon: IconName;
  readonly text: string;
}

function deliveryOf({ own, line, sending }: MessageRow): Delivery | undefined {
  if (!own) return undefined;
  if (sending === "failed") return { icon: "warning", text: words.delivery.failed };
  if (sending === "sending") return { icon: "clock", text: words.delivery.sending };
  if (line.delivery && line.delivery.devices > 0) {
    return { icon: "check-twice", text: words.delivery.devices(line.delivery.devices, line.delivery.of) };
  }
  if (line.state === "delivered") return { icon: "check-twice", text: words.delivery.delivered };
  if (line.state === "on-relay") return { icon: "check", text: words.delivery.onRelay };
  if (line.state === "unsent") return { icon: "warning", text: words.delivery.unsent };
  return line.state === "queued" ? { icon: "clock", text: words.delivery.queued } : undefined;
}

/** The words stand under the last of several; the others have the picture, and the words for those who point or listen. */
export function Meta({ row }: { readonly row: MessageRow }) {
  const delivery = deliveryOf(row);
  return (
    <div className={row.sending === "failed" ? "meta failed" : "meta"}>
      <time dateTime={row.line.sentAt} title={fullWords(row.line.sentAt)}>
        {hourWords(row.line.sentAt)}
      </time>
      {delivery && (
        <>
          <span className={row.last ? undefined : "heard-only"}>
            <span aria-hidden="true">· </span>
            {delivery.text}
          </span>
          <span title={delivery.text}>
            <Icon name={delivery.icon} />
          </span>
        </>
      )}
    </div>
  );
}
