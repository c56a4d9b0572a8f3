/** The built screen, as files that lie in one directory and nowhere else. */
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

/** Names that a build makes: no dots in front, no way up. */
const PATH = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

export interface StaticFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The file at a path of the address ("/" is the page), or `undefined`. Read anew each time: a build shows at the next reload. */
export async function staticFile(directory: string, path: string): Promise<StaticFile | undefined> {
  const name = path === "/" ? "/index.html" : path;
  const type = TYPES[extname(name)];
  if (type === undefined || !PATH.test(name)) return undefined;
  const bytes = await readFile(join(directory, ...name.split("/"))).catch(() => undefined);
  return bytes && { type, bytes: new Uint8Array(bytes) };
}
