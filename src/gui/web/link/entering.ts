/** How this browser comes in: the link's token is exchanged once, and the key that comes for it is kept for reloads and further tabs. */

/** Storage belongs to this port alone, which cookies do not; the key is good for as long as the process runs. */
const STORED = "hermes-key";

/** What stands before the token in a link's fragment; anything else there is a place in the page. */
const TOKEN = "#enter=";

/** The key, or `undefined` for a browser that never had the link. */
export async function enter(): Promise<string | undefined> {
  const token = location.hash.startsWith(TOKEN) ? location.hash.slice(TOKEN.length) : undefined;
  // Out of sight and out of the history before anything else.
  if (token !== undefined) history.replaceState(null, "", location.pathname);
  const key = token === undefined ? undefined : await exchange(token);
  if (key === undefined) return localStorage.getItem(STORED) ?? undefined;
  localStorage.setItem(STORED, key);
  return key;
}

async function exchange(token: string): Promise<string | undefined> {
  const answer = await fetch("/enter", { method: "POST", body: JSON.stringify({ token }) }).catch(() => undefined);
  if (!answer?.ok) return undefined;
  const { key } = (await answer.json()) as { readonly key: string };
  return key;
}

/** Whether the process still takes our cookie; `false` also when it does not answer. */
export async function isKnown(): Promise<boolean> {
  const answer = await fetch("/session").catch(() => undefined);
  return answer === undefined || answer.status !== 401;
}
