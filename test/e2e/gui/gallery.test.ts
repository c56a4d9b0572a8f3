import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import type { Browser, BrowserContext } from "playwright-core";
import { build } from "vite";
import { securityHeaders } from "../../../src/gui/request-guard.ts";
import { staticFile } from "../../../src/gui/static-files.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import { axeViolations } from "./accessibility.ts";
import { browserPath, startChromium, withBrowser } from "./chromium.ts";

const CONFIG = fileURLToPath(new URL("../../gui/gallery/vite.config.mjs", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../dist/gallery", import.meta.url));
const GROUP = `#/group/${"a1".repeat(16)}`;

/** State, and place. */
const PAGES: readonly (readonly [state: string, place: string])[] = [
  ["new", "#/"],
  ["no-groups", "#/"],
  ["home", `#/group/${"e5".repeat(16)}`],
  ["hostile", GROUP],
  ["ours", GROUP],
  ["offline", GROUP],
  ["warnings", "#/warnings"],
];

describe(withBrowser("The gallery of written states"), function () {
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

  /** What is wrong with one page: for axe, for the content security policy, or since it is wider than the screen. */
  const faults = async (context: BrowserContext, address: string): Promise<readonly string[]> => {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
    });
    await page.goto(address);
    await page.locator("main").waitFor();
    const violations = await axeViolations(page);
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    await page.close();
    return [...violations, ...complaints, ...(isWide ? ["wider than the screen"] : [])];
  };

  for (const [theme, width] of [
    ["light", 1_240],
    ["dark", 320],
  ] as const) {
    it(`shows each without a fault, ${theme} and ${width} pixels wide`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 700 }, reducedMotion: "reduce" });
      for (const [state, place] of PAGES) {
        const found = await faults(context, `${origin}/?screen=${state}&theme=${theme}${place}`);
        assert.deepEqual([state, place, found], [state, place, []]);
      }
      await context.close();
    });
  }
});
