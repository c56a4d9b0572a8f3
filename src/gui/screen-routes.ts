/** What the server answers over HTTP: the page, the exchange of the link's token, and files on their way in and out. */
import { Hono } from "hono/tiny"; // the same with the smallest router, and types that need no browser's
import type { Failure } from "../client/view/screen-methods.ts";
import { cookieHeader, cookieOf } from "./cookie.ts";
import type { EntryKeys } from "./entry-keys.ts";
import { type FileDoor, failureStatus } from "./file-door.ts";
import { refusalOf, securityHeaders } from "./request-guard.ts";
import { staticFile } from "./static-files.ts";

/** What the routes work with. */
export interface RouteParts {
  /** "http://127.0.0.1:PORT". */
  readonly origin: string;
  /** Cookies know no ports, so each server's has a name of its own. */
  readonly cookieName: string;
  readonly keys: EntryKeys;
  /** Directory of the built page. */
  readonly assets: string;
  readonly files: FileDoor;
  readonly failureOf: (error: unknown) => Failure;
}

/** A token is 43 characters; more is not read (bytes). */
const ENTRY_MAX_BYTES = 1_024;

/** All routes; whatever is none of them is 404. */
export function screenRoutes(parts: RouteParts): Hono {
  const { origin, keys, cookieName, assets } = parts;
  const routes = new Hono();
  routes.use(async (c, next) => {
    const refused = refusalOf({ method: c.req.method, header: (name) => c.req.header(name) }, origin);
    if (refused) c.res = c.text(refused.reason, refused.status);
    else await next();
    for (const [name, value] of Object.entries(securityHeaders(origin))) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  });
  routes.post("/enter", async (c) => {
    const declared = Number(c.req.header("content-length"));
    if (!(declared <= ENTRY_MAX_BYTES)) return c.json({}, 413);
    const entered = keys.exchange(tokenIn(await c.req.text()));
    if (!entered) return c.json({}, 401);
    return c.json({ key: entered.key }, 200, { "set-cookie": cookieHeader(cookieName, entered.cookie) });
  });
  // A browser whose WebSocket was refused asks why.
  routes.get("/session", (c) => c.body(null, keys.isCookie(cookieOf(c.req.header("cookie"), cookieName)) ? 204 : 401));
  fileRoutes(routes, parts);
  routes.get("*", async (c) => {
    const file = await staticFile(assets, new URL(c.req.url).pathname);
    if (!file) return c.text("Not here.", 404);
    return c.body(file.bytes, 200, { "content-type": file.type });
  });
  routes.onError((_, c) => c.text("That did not work.", 500));
  return routes;
}

function fileRoutes(routes: Hono, { keys, cookieName, files, failureOf }: RouteParts): void {
  const answered = async (work: () => Promise<Response>): Promise<Response> => {
    try {
      return await work();
    } catch (error) {
      const failure = failureOf(error);
      return Response.json({ error: failure }, { status: failureStatus(failure) });
    }
  };
  routes.post("/files/:group", (c) =>
    answered(async () => {
      const isOurs =
        keys.isCookie(cookieOf(c.req.header("cookie"), cookieName)) && keys.isKey(c.req.header("x-hermes-key"));
      const body = c.req.raw.body;
      if (!isOurs || !body) return c.json({}, 401);
      const name = c.req.query("name") ?? "";
      return c.json(await files.take({ group: c.req.param("group"), name, type: c.req.query("type") ?? "", body }));
    }),
  );
  routes.get("/files/:group/:file", (c) =>
    answered(async () => {
      const isOurs = keys.isCookie(cookieOf(c.req.header("cookie"), cookieName)) && keys.isFileKey(c.req.query("key"));
      if (!isOurs) return c.text("Not here.", 404);
      const use = c.req.query("use") === "show" ? "show" : "save";
      const given = await files.give(c.req.param("group"), c.req.param("file"), use);
      return given ? new Response(given.body, { headers: given.headers }) : c.text("Not here.", 404);
    }),
  );
}

function tokenIn(body: string): string {
  try {
    const { token } = JSON.parse(body) as { readonly token?: unknown };
    return typeof token === "string" ? token : "";
  } catch {
    return "";
  }
}
