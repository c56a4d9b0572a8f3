/**
 * What every answer says to browsers, and which requests are answered at all.
 *
 * 1. The Host header must be ours to the letter: a name that somebody made point to 127.0.0.1 is another one.
 * 2. Whoever changes something or opens the WebSocket names our own origin; other pages of this machine cannot.
 * 3. No script, style, picture or connection from anywhere but here; no other page may frame, embed or read ours.
 */

/** Parts of a request that decide; header names in lower case. */
export interface Asked {
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** Why a request gets nothing, or `undefined` for one that may go on. `origin`: "http://127.0.0.1:PORT". */
export function refusalOf(
  { method, header }: Asked,
  origin: string,
): { status: 403 | 421; reason: string } | undefined {
  if (header("host") !== origin.slice("http://".length)) {
    return { status: 421, reason: `This address serves ${origin} only; open the link that the terminal shows.` };
  }
  const from = header("origin");
  const isSafe = method === "GET" || method === "HEAD";
  if (from === undefined ? !isSafe : from !== origin) return { status: 403, reason: "Not from another page." };
  // Browsers say where a request comes from; "none" is somebody's own typing or a link of the system.
  const site = header("sec-fetch-site");
  const isOurs = site === undefined || site === "same-origin" || site === "none";
  return isOurs || isPageVisit(method, header) ? undefined : { status: 403, reason: "Not from another page." };
}

/** Somebody follows a link to us: the page itself holds no secret. */
function isPageVisit(method: string, header: Asked["header"]): boolean {
  return method === "GET" && header("sec-fetch-mode") === "navigate" && header("sec-fetch-dest") === "document";
}

/** Headers of every answer. */
export function securityHeaders(origin: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ${origin.replace(/^http/, "ws")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
  };
}
