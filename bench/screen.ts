/**
 * The web screen as people meet it, in a real browser: what it weighs, how soon it is there, scrolling through a long
 * conversation, typing while others write much. Wall time: on a busy machine all of it is slower, the page beside it too.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { unlock } from "../src/cli/compose-key.ts";
import { openProfileStore } from "../src/store/profile-store.ts";
import { type Browser, type Page, startBrowser } from "./browser.ts";
import { type Child, startChild, startRelay, temporaryDirectory } from "./child-process.ts";
import { random } from "./device.ts";
import { ROOT } from "./peers.ts";
import { atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";

const MAIN = fileURLToPath(new URL("../program/hermes.js", import.meta.url));
const PASSPHRASE = "seven-otters-juggle-lanterns";
const GROUP = "bench";
const MESSAGES = 100_000;
/** Lines of one commit. */
const FILL = 20_000;
/** Frames of one measurement, and how far each scrolls (pixels): a fast fling. */
const FRAMES = 400;
const STEP_PX = 300;
const KEYS = 60;
const PASSWORD = "input[type=password]";
/** Messages a second that arrive while somebody types. */
const ARRIVING = 100;
/** What the page may weigh (kB, gzipped, without the names of emoji). */
const BUNDLE_MAX_KB = 350;
/** What a keystroke may take at the 95th percentile (ms) until it is seen: beyond it people notice. */
const KEYSTROKE_MAX_MS = 50;

/** Scrolls a list up frame by frame; answers the times between frames (ms). */
const SCROLL = `(async () => {
  const list = document.querySelector("[data-virtuoso-scroller]") ?? document.scrollingElement;
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < ${FRAMES}; i++) {
    list.scrollTop -= ${STEP_PX};
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
})()`;

/** From now on notes for each key how long it takes until the frame after it is drawn (ms). */
const WATCH_KEYS = `(() => {
  window.keyTimes = [];
  addEventListener("keydown", ({ timeStamp }) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel(); // after the frame is drawn
      port1.onmessage = () => window.keyTimes.push(performance.now() - timeStamp);
      port2.postMessage(0);
    });
  }, true);
})()`;

/** A long page of plain text, as a measure of the browser. */
const PLAIN = `<!doctype html><body style="font:16px sans-serif">${"<p>old message with a few words in it</p>".repeat(4_000)}
<script>scrollTo(0, document.body.scrollHeight)</script><textarea id="t" style="position:fixed;bottom:0"></textarea>`;

export const SCREEN: Benchmark = {
  name: "screen",
  about: "the web screen: weight, start, scrolling through 100,000 messages, typing while 100 a second arrive",
  run: async (extent, tell) => {
    tell(weight());
    const place = await temporaryDirectory();
    const browser = await startBrowser();
    const relay = await startRelay(join(place.path, "relay"));
    try {
      await inBrowser({ extent, tell, browser, directory: place.path, relay: relay.address });
    } finally {
      await browser.close();
      await relay.stop();
      await place.remove();
    }
  },
};

/** Scripts, styles and page, as they would travel compressed. */
function weight(): Row {
  const directory = join(ROOT, "dist/gui");
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const sizeOf = (ending: RegExp): number =>
    files
      .filter((name) => ending.test(name) && !name.startsWith("emoji/"))
      .reduce((sum, name) => sum + gzipSync(readFileSync(join(directory, name))).length / 1_000, 0);
  const all = sizeOf(/\.(js|css|html|svg)$/);
  const ours = `scripts ${figure(sizeOf(/\.js$/))} kB, styles ${figure(sizeOf(/\.css$/))} kB`;
  return row({
    name: "page, gzipped, without emoji data",
    ratio: all,
    unit: "kB",
    target: BUNDLE_MAX_KB,
    ours,
    peer: "",
  });
}

interface Surroundings {
  readonly extent: Extent;
  readonly tell: (row: Row) => void;
  readonly browser: Browser;
  readonly directory: string;
  readonly relay: string;
}

async function inBrowser({ extent, tell, browser, directory, relay }: Surroundings): Promise<void> {
  const file = join(directory, "passphrase");
  writeFileSync(file, PASSPHRASE, { mode: 0o600 });
  const [ana, ben] = [join(directory, "ana"), join(directory, "ben")];
  const hermes = (profile: string, args: readonly string[]): readonly string[] => [
    MAIN,
    ...args,
    "--json",
    "--profile",
    profile,
    "--passphrase-file",
    file,
    "--no-mdns",
  ];
  const ask = async (profile: string, ...args: readonly string[]): Promise<Record<string, unknown>> => {
    const child = await startChild(process.execPath, hermes(profile, args), /^\{/);
    await child.stop();
    return JSON.parse(child.line) as Record<string, unknown>;
  };
  for (const [profile, name] of [
    [ana, "Ana"],
    [ben, "Ben"],
  ] as const)
    await ask(profile, "init", "--name", name, "--relay", relay);
  const { id } = (await ask(ana, "group", "create", GROUP))["group"] as { readonly id: string };
  await fill(ana, id, Math.min(MESSAGES, extent.maxSize));
  const startedMs = performance.now();
  const server = await startChild(
    process.execPath,
    [MAIN, "gui", "--no-open", "--json", "--profile", ana, "--no-mdns"],
    /"ready"/,
  );
  try {
    const page = await browser.newPage();
    await page.goto(urlOf(server));
    await page.waitForSelector(PASSWORD);
    const lockedMs = performance.now() - startedMs;
    tell(
      row({
        name: "from hermes gui to the page that asks for the passphrase",
        ratio: lockedMs,
        unit: "ms",
        ours: "",
        peer: "",
      }),
    );
    await page.fill(PASSWORD, PASSPHRASE);
    const typedMs = performance.now();
    await page.keyboard.press("Enter");
    await openGroup(page, id);
    const openedMs = performance.now() - typedMs;
    tell(
      row({
        name: "from the passphrase to a usable group",
        ratio: openedMs,
        unit: "ms",
        ours: "with Argon2id, 64 MiB",
        peer: "",
      }),
    );
    const plain = await browser.newPage();
    await plain.setContent(PLAIN);
    tell(compared("scrolling through 100,000 messages", await page.evaluate(SCROLL), await plain.evaluate(SCROLL)));
    await page.goto(`${new URL(urlOf(server)).origin}/#/group/${id}`);
    const { link } = (await ask(ana, "group", "invite", id)) as { readonly link: string };
    await ask(ben, "group", "join", link);
    const quiet = await typing(page);
    const chatting = chat(hermes(ben, ["chat", id]));
    const busy = await typing(page).finally(chatting);
    tell({
      ...compared(`a keystroke while ${ARRIVING} messages/s arrive`, busy, quiet, "in a quiet group"),
      target: undefined,
    });
    tell(
      row({
        name: "the same, 95th percentile",
        ratio: percentile(busy, 95),
        unit: "ms",
        target: KEYSTROKE_MAX_MS,
        ours: "",
        peer: "",
      }),
    );
    await Promise.all([page.close(), plain.close()]);
  } finally {
    await server.stop();
  }
}

const urlOf = ({ line }: Child): string => (JSON.parse(line) as { readonly url: string }).url;

/** Ready when the group's newest message and the place to write are there. */
async function openGroup(page: Page, id: string): Promise<void> {
  await page.waitForSelector(`a[href*="${id}"]`);
  await page.click(`a[href*="${id}"]`);
  await page.waitForSelector("article.message");
  await page.waitForSelector("textarea");
}

/** Lines as receiving them would have left them. */
async function fill(directory: string, group: string, count: number): Promise<void> {
  const store = await openProfileStore({ directory, dataKey: await unlock(directory, PASSPHRASE) });
  const author = { account: "bb".repeat(32), device: "cc".repeat(32), name: "Somebody" };
  const sinceMs = Date.now() - count * 60_000;
  for (let from = 0; from < count; from += FILL) {
    const lines = Array.from({ length: Math.min(FILL, count - from) }, (_, i) => ({
      ...author,
      group,
      id: Buffer.from(random(32)).toString("hex"),
      depth: from + i + 2,
      sentAtMs: sinceMs + (from + i) * 60_000,
      kind: "text" as const,
      text: `old message ${from + i} with a few words in it`,
      state: "received" as const,
    }));
    await store.commit({ records: new Map(), lines, removedLines: [], lineStates: [] });
  }
  await store.close();
}

/** Times of keys typed one after another (ms). */
async function typing(page: Page): Promise<readonly number[]> {
  await page.waitForSelector("textarea");
  await page.click("textarea");
  await page.evaluate(WATCH_KEYS);
  for (let i = 0; i < KEYS; i++) await page.keyboard.press("a");
  return await page.evaluate<readonly number[]>("window.keyTimes");
}

/** Somebody who writes so many messages a second; the answer ends it. */
function chat(args: readonly string[]): () => void {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "ignore"] });
  let count = 0;
  const timer = setInterval(() => child.stdin.write(`message ${count++}\n`.repeat(ARRIVING / 10)), 100);
  child.stdin.on("error", () => undefined);
  return () => {
    clearInterval(timer);
    child.kill("SIGTERM");
  };
}

/** The 99th percentile of frames or keys beside that of another page. */
function compared(name: string, ours: readonly number[], peer: readonly number[], beside = "plain text"): Row {
  const words = (times: readonly number[]): string =>
    `median ${figure(percentile(times, 50))} ms, p99 ${figure(percentile(times, 99))} ms`;
  const ratio = percentile(ours, 99) / percentile(peer, 99);
  return row({ name, ratio, unit: "cost", ours: words(ours), peer: `${beside}: ${words(peer)}` });
}

function percentile(times: readonly number[], percent: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

function row({ target, ...rest }: Omit<Row, "bench" | "target"> & { readonly target?: number }): Row {
  return { bench: "screen", ...rest, target: target === undefined ? undefined : atMost(target) };
}
