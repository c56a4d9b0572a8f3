/** `hermes gui`: the web screen, until it is told to end. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../wire/fault.ts";
import { mistake, textOf } from "./arguments.ts";
import type { CommandContext } from "./command.ts";

/** Where the build puts the page, below the installation's root. */
const ASSETS = join("dist", "gui");

/** What else `npm start` knows. */
export interface GuiStart {
  /** Relays of a new profile, instead of those of the settings. */
  readonly relays?: readonly string[];
  /** A link to join by. */
  readonly invite?: string;
}

/** `hermes gui` */
export async function gui(context: CommandContext): Promise<number> {
  await showInBrowser(context, {});
  return 0;
}

/** Serves the screen and opens a browser, unless told not to; resolves when the command is to end. */
export async function showInBrowser(context: CommandContext, { relays, invite }: GuiStart): Promise<void> {
  const { given, choice, newProfileRelays, output, surroundings } = context;
  const assets = join(surroundings.root, ASSETS);
  if (!existsSync(join(assets, "index.html"))) throw notBuilt();
  const { serveScreen } = await import("../gui/screen-server.ts");
  const server = await serveScreen({
    profiles: surroundings.profiles,
    choice,
    port: portOf(textOf(given, "port") ?? "0"),
    assets,
    offer: surroundings.files.offer,
    defaultRelays: relays ?? newProfileRelays,
    invite,
    debug: Boolean(surroundings.env["HERMES_DEBUG"]),
  });
  try {
    output.result({ event: "ready", url: server.url }, `Hermes is at ${server.url}`);
    if (!given.options.has("no-open")) await open(context, server.url);
    await aborted(surroundings.signal);
  } finally {
    await server.close();
  }
}

async function open({ output }: CommandContext, url: string): Promise<void> {
  const { openBrowser } = await import("../gui/browser-opener.ts");
  const opened = await openBrowser(url);
  const first = opened
    ? "It opens in your browser; if it does not, open the link yourself."
    : "Open this link in a browser.";
  output.note(`${first}\nThe link works once. Ctrl-C ends Hermes. Without a browser: npm start -- --chat`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw mistake(`--port is a number from 0 to 65535 (0: any free one), not ${JSON.stringify(text)}.`);
}

function notBuilt(): Fault {
  return new Fault("config/unreadable", "the web screen is not built, so it cannot be shown; run npm run build first.");
}
