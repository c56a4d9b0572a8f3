/**
 * The browser of the tests, for measuring what people see. Its types name those of a browser, which the benchmarks are
 * compiled without: these are the few members that are used. What runs in a page is written as text.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { ROOT } from "./peers.ts";

export interface Page {
  readonly goto: (url: string) => Promise<unknown>;
  readonly evaluate: <T>(script: string) => Promise<T>;
  readonly setContent: (html: string) => Promise<void>;
  readonly waitForSelector: (selector: string, options?: { readonly timeout: number }) => Promise<unknown>;
  readonly click: (selector: string) => Promise<void>;
  readonly fill: (selector: string, text: string) => Promise<void>;
  readonly keyboard: { readonly press: (key: string) => Promise<void> };
  readonly close: () => Promise<void>;
}

export interface Browser {
  readonly newPage: () => Promise<Page>;
  readonly close: () => Promise<void>;
}

interface Playwright {
  readonly chromium: {
    readonly launch: (options: {
      readonly executablePath: string;
      readonly args: readonly string[];
    }) => Promise<Browser>;
  };
}

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** Starts a browser without a window, or says what to install. */
export async function startBrowser(): Promise<Browser> {
  const places = (process.env["PATH"] ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => places.map((place) => join(place, name)));
  const executablePath = process.env["HERMES_CHROMIUM"] ?? paths.find(isProgram);
  if (executablePath === undefined) throw new Error("there is no browser; type: apt-get install chromium");
  const { chromium } = createRequire(join(ROOT, "package.json"))("playwright-core") as Playwright;
  const args = process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"];
  return await chromium.launch({ executablePath, args });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
