/** What `hermes sync` has done, as people read it. */
import type { ClientMethods } from "../client/api.ts";
import type { RefusedJoin } from "../client/group-api.ts";
import { groupOf, SHORT_ID } from "./render.ts";

export function renderSync(done: ClientMethods["sync"][1]): string {
  return [renderProgress(done), ...(done.refused ?? []).map(renderRefused)].join("\n");
}

function renderRefused({ group, message }: RefusedJoin): string {
  const id = group.id.slice(0, SHORT_ID);
  return `Not let in to ${groupOf(group)}: ${message}. To wait for it no more: hermes group leave ${id}`;
}

function renderProgress(done: ClientMethods["sync"][1]): string {
  const { complete, received, outbox, undelivered, missing = 0, unreached = [] } = done;
  const news = received === 1 ? "1 new message" : `${received} new messages`;
  const mail = undelivered === 0 ? "" : ` ${undelivered} waiting for people whose inbox no relay knows yet.`;
  const lost = missing === 0 ? "" : ` Others speak of ${missing} more that nobody who can be reached has.`;
  if (complete) return `Up to date, ${news}.${mail}${lost}`;
  if (unreached.length > 0)
    return `Not complete: ${news}. There is no relay, and nobody is connected of ${unreached.map(groupOf).join(", ")}. What you wrote there is kept, and goes to them when they are met.`;
  if (missing > 0 && outbox <= undelivered)
    return `Not complete: ${news}.${lost} They come by themselves when somebody can be reached who has them; a relay may be withholding them.`;
  return `Not everything could be fetched and sent: ${news}, ${outbox} waiting to be sent. See \`hermes doctor\` for the reason; what waits goes by itself when a relay can be reached.`;
}
