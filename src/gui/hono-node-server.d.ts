/**
 * The part of @hono/node-server that we use. Its own types need those of browsers, which this project is compiled
 * without; `paths` in config/tsconfig.app.json puts these in their place.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A listener for Node's server over a function from Request to Response. */
export function getRequestListener(
  fetch: (request: Request) => Response | Promise<Response>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
