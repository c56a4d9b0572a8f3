/** The one cookie of a server; see entry-keys.ts. */

/** Value of a cookie in a request's Cookie header, or `undefined`. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}

/** A Set-Cookie header: for this host, no script, no request from another site; gone with the browser. */
export function cookieHeader(name: string, value: string): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict`;
}
