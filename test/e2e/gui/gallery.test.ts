import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { securityHeaders } from "../../../src/gui/request-guard.ts";
import { staticFile } from "../../../src/gui/static-files.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import { axeViolations } from "./accessibility.ts";
import { browserPath, startChromium, withBrowser } from "./chromium.ts";
import { type GalleryPage, PAGES } from "./gallery-pages.ts";

const CONFIG = fileURLToPath(new URL("../../gui/gallery/vite.config.mjs", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../dist/gallery", import.meta.url));

/** Each page is looked at in these ways: the widest and the narrowest screen, both themes; what a theme changes is colours. */
const LOOKS = [
  { colorScheme: "light", viewport: { width: 1_240, height: 700 }, only: undefined },
  { colorScheme: "dark", viewport: { width: 320, height: 640 }, only: "contrast" },
] as const;

describe(withBrowser("Every page of the web screen"), function () {
  this.timeout(3 * PATIENCE_MS);
  let server: Server;
  let browser: Browser;
  let origin: string;

  before(async function () {
    if (browserPath === undefined) this.skip();
    await build({ configFile: CONFIG, logLevel: "silent" });
    server = createServer(async (request, response) => {
      const file = await staticFile(BUILT, new URL(request.url ?? "/", origin).pathname);
      response.writeHead(file ? 200 : 404, { ...securityHeaders(origin), "content-type": file?.type ?? "text/plain" });
      response.end(file?.bytes);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** What is wrong with the page as it is: for axe, or since it is wider than the screen. */
  const faults = async (page: Page): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const { colorScheme, viewport, only } of LOOKS) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      const all = [...(await axeViolations(page, only)), ...(isWide ? ["wider than the screen"] : [])];
      found.push(...all.map((fault) => `${colorScheme}: ${fault}`));
    }
    return found;
  };

  const looked = async (pages: readonly GalleryPage[]): Promise<void> => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
    });
    for (const { state, place, steps } of pages) {
      await page.setViewportSize(LOOKS[0].viewport);
      await page.goto(`${origin}/?screen=${state}&theme=system${place}`);
      await page.locator("main").waitFor();
      assert.deepEqual([state, place, await faults(page)], [state, place, []]);
      for (const [name, step] of Object.entries(steps ?? {})) {
        await page.setViewportSize(LOOKS[0].viewport);
        await step(page);
        assert.deepEqual([state, name, await faults(page)], [state, name, []]);
      }
    }
    assert.deepEqual(complaints, []);
    await context.close();
  };

  for (const [title, pages] of Object.entries(PAGES))
    it(`has no fault in both themes, wide and 320 pixels narrow: ${title}`, () => looked(pages));
});
