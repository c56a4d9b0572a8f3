/** Somebody at the web screen: a `hermes gui` process of their own, and a browser that shares nothing with anybody else's. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { words } from "../../../src/gui/web/words.ts";
import { type HermesProcess, PATIENCE_MS } from "../scene/hermes-process.ts";
import type { Environment, Scene } from "../scene/scene.ts";

export interface ScreenPerson {
  readonly name: string;
  readonly page: Page;
  readonly context: BrowserContext;
  /** Of the page, without a slash at the end. */
  readonly origin: string;
  /** The link with its token, used up. */
  readonly url: string;
  readonly profile: string;
  readonly process: () => HermesProcess;
  /** What the browser could not load, and what it refused for the page's own policy. */
  readonly complaints: readonly string[];
  /** Addresses of other hosts that the page asked for. */
  readonly strays: readonly string[];
  readonly close: () => Promise<void>;
}

export const PASSPHRASE = "seven otters juggle lanterns quietly";

interface Options {
  readonly name: string;
  readonly browser: Browser;
  /** Relays of a new profile. */
  readonly relay?: string;
  /** Of a profile that is there already. */
  readonly profile?: string;
  /** The program is given the passphrase of the scene: the profile is open at once. */
  readonly unlocked?: true;
  /** Another one's browser, which knows what it knew; left out: one that knows nothing. */
  readonly context?: BrowserContext;
  /** Beside that of the scene. */
  readonly env?: Environment;
}

interface Ready {
  readonly event: "ready";
  readonly url: string;
}

/** Starts the program and follows its link. */
export async function atScreen(scene: Scene, options: Options): Promise<ScreenPerson> {
  const { name, browser, relay, profile } = options;
  const directory = profile ?? `${scene.directory}/${name}`;
  const env = {
    ...(options.unlocked ? {} : { HERMES_PASSPHRASE: undefined }),
    ...(relay === undefined ? {} : { HERMES_RELAYS: relay }),
    ...options.env,
  };
  const args = ["gui", "--no-open", "--json", "--profile", directory];
  const running = scene.start({ args, env });
  const { url } = await running.until("the ready line", (objects) =>
    (objects as Ready[]).find(({ event }) => event === "ready"),
  );
  const context = options.context ?? (await browser.newContext({ reducedMotion: "reduce" }));
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const strays: string[] = [];
  const { origin } = new URL(url);
  watch(page, origin, { complaints, strays });
  await page.goto(url);
  return {
    name,
    page,
    context,
    origin,
    url,
    profile: directory,
    process: () => running,
    complaints,
    strays,
    close: async () => {
      await (options.context ? page : context).close();
      running.signal("SIGTERM");
      await running.ended;
    },
  };
}

/** Writes down what goes wrong in a page, and what it asks of others. */
export function watch(
  page: Page,
  origin: string,
  notes: { readonly complaints: string[]; readonly strays: string[] },
): void {
  page.on("pageerror", (error) => notes.complaints.push(error.message));
  page.on("console", (message) => {
    const isPolicy = /Content Security Policy|Refused to/i.test(message.text());
    if (isPolicy || message.type() === "error") notes.complaints.push(message.text());
  });
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(origin) && !/^(?:data|blob|about):/.test(address)) notes.strays.push(address);
  });
}

/** Name, passphrase, recovery words written down and asked back: up to the step with the first group. */
export async function firstRun({ page, name }: ScreenPerson): Promise<string> {
  await page.getByLabel(words.start.name).fill(name);
  await page.getByLabel(words.start.passphrase, { exact: true }).fill(PASSPHRASE);
  await page.getByLabel(words.start.repeat).fill(PASSPHRASE);
  await page.getByRole("button", { name: words.start.create }).click();
  const list = page.locator(".recovery-words li");
  await list.nth(23).waitFor();
  const recovery = await list.allTextContents();
  await page.getByRole("button", { name: words.recovery.written }).click();
  await page.getByRole("heading", { name: words.recovery.checkTitle }).waitFor();
  for (const [place, word] of recovery.entries()) {
    const asked = page.getByLabel(words.recovery.word(place + 1), { exact: true });
    if ((await asked.count()) > 0) await asked.fill(word);
  }
  await page.getByRole("button", { name: words.recovery.check, exact: true }).click();
  await page.getByRole("heading", { name: words.begin.title }).waitFor();
  return recovery.join(" ");
}

/** From the step with the first group into a new one. */
export async function makeGroup({ page }: ScreenPerson, group: string): Promise<void> {
  await page.getByLabel(words.begin.groupName).fill(group);
  await page.getByRole("button", { name: words.begin.create, exact: true }).click();
  await composer(page, group).waitFor();
}

/** From the step with the first group into somebody else's. */
export async function joinGroup({ page }: ScreenPerson, link: string, group: string): Promise<void> {
  await page.getByLabel(words.begin.link, { exact: true }).fill(link);
  await page.getByRole("button", { name: words.begin.join, exact: true }).click();
  await composer(page, group).waitFor();
}

export const composer = (page: Page, group: string) => page.getByLabel(words.composer.label(group));

/** Types a text and sends it with Enter. */
export async function say({ page }: ScreenPerson, group: string, text: string): Promise<void> {
  await composer(page, group).fill(text);
  await composer(page, group).press("Enter");
}

/** The bubbles with exactly this text. */
export const bubbles = (page: Page, text: string) =>
  page.locator("article.message").filter({ has: page.getByText(text, { exact: true }) });

/** Waits until there is a bubble with exactly this text; there must not be two. */
export async function hasOnce(page: Page, text: string): Promise<void> {
  await bubbles(page, text).first().waitFor();
  assert.equal(await bubbles(page, text).count(), 1, text);
}
