/** A real browser for tests; see scripts/chromium.mjs. */
import { type Browser, chromium } from "playwright-core";
import { findChromium, INSTALL } from "../../../scripts/chromium.mjs";

/** The program, or `undefined`. */
export const browserPath: string | undefined = findChromium();

/** A title of tests that need it: where it is missing it says what to type, since they are skipped by that name. */
export const withBrowser = (title: string): string =>
  browserPath === undefined ? `${title} (skipped: no browser; ${INSTALL})` : title;

/** Starts it without a window. */
export async function startChromium(): Promise<Browser> {
  if (browserPath === undefined) throw new Error("there is no browser");
  // Root has no sandbox to give; everything shown here is ours.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const options = [...args, "--disable-gpu", "--disable-dev-shm-usage"];
  return await chromium.launch({ executablePath: browserPath, args: options });
}
