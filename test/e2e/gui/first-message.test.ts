import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { WebSocketRoute } from "playwright-core";
import { placeOf } from "../../../src/gui/web/place.ts";
import { words } from "../../../src/gui/web/words.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import { axeViolations } from "./accessibility.ts";
import { browserPath, withBrowser } from "./chromium.ts";
import {
  atScreen,
  bubbles,
  composer,
  firstRun,
  hasOnce,
  joinGroup,
  makeGroup,
  PASSPHRASE,
  type ScreenPerson,
  say,
  watch,
} from "./screen-person.ts";
import { type TwoScreens, twoScreens } from "./two-screens.ts";

const GROUP = "Harbour swimmers";
const LATE = "Late ferry";

describe(withBrowser("The web screen"), function () {
  this.timeout(3 * PATIENCE_MS);
  let screens: TwoScreens;
  let ana: ScreenPerson;
  let ben: ScreenPerson;

  before(async function () {
    if (browserPath === undefined) this.skip();
    screens = await twoScreens();
    ({ ana, ben } = screens);
  });
  after(() => screens?.end());

  const invite = async (): Promise<string> => {
    const { group } = await groupOf();
    const answer = await commandOf(ana, ["group", "invite", group]);
    return (answer as { link: string }).link;
  };
  /** A command on the profile of somebody whose screen is open: it asks the screen's process. */
  const commandOf = async (person: ScreenPerson, args: readonly string[]): Promise<unknown> => {
    const ended = await screens.scene.start({
      args: [...args, "--json", "--profile", person.profile],
      env: { HERMES_PASSPHRASE: PASSPHRASE },
    }).ended;
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    return ended.objects[0];
  };
  const groupOf = async () => ({
    group: ((await commandOf(ana, ["group", "list"])) as { group: { id: string } }).group.id,
  });

  it("takes two people from the link to their first message, and says that it has arrived", async () => {
    await Promise.all([firstRun(ana), firstRun(ben)]);
    await makeGroup(ana, GROUP);
    await joinGroup(ben, await invite(), GROUP);
    await say(ana, GROUP, "Who comes for a swim at seven?");
    await bubbles(ben.page, "Who comes for a swim at seven?").waitFor();
    await say(ben, GROUP, "Me! **19** degrees");
    await bubbles(ana.page, "Me! **19** degrees").waitFor();
    await hasOnce(ana.page, "Who comes for a swim at seven?");
    await bubbles(ana.page, "Who comes for a swim at seven?").getByText(words.delivery.devices(1, 1)).waitFor();
  });

  it("shows the same after a reload and in a second tab, and asks for no link again", async () => {
    await ana.page.reload();
    await bubbles(ana.page, "Who comes for a swim at seven?").waitFor();
    const second = await ana.context.newPage();
    await second.goto(`${ana.origin}/${new URL(ana.page.url()).hash}`);
    await bubbles(second, "Me! **19** degrees").waitFor();
    await say(ana, GROUP, "both tabs");
    await hasOnce(second, "both tabs");
    await hasOnce(ana.page, "both tabs");
    await second.close();
  });

  it("keeps what is written while the relay is away, says so, and loses and doubles nothing", async () => {
    await screens.relay.kill();
    await ana.page.getByText(words.network.offlineBanner).waitFor();
    await say(ana, GROUP, "into the dark");
    await bubbles(ana.page, "into the dark").getByText(words.delivery.queued).waitFor();
    await ana.page.reload();
    await bubbles(ana.page, "into the dark").waitFor();
    await screens.relay.restart();
    await bubbles(ben.page, "into the dark").waitFor();
    await hasOnce(ana.page, "into the dark");
  });

  it("misses and repeats nothing when its connection breaks, and sends once what was typed meanwhile", async () => {
    const { page } = ana;
    const lives: WebSocketRoute[] = [];
    let isCut = false;
    await page.routeWebSocket("**/live", (route) => {
      if (isCut) return void route.close({ code: 4_999 });
      route.connectToServer();
      lives.push(route);
    });
    await page.reload();
    await bubbles(page, "both tabs").waitFor();
    isCut = true;
    await lives.at(-1)?.close({ code: 4_999 });
    await page.getByText(words.lost).waitFor();
    for (const text of ["one", "two", "three"]) await say(ben, GROUP, text);
    await bubbles(ben.page, "three").waitFor();
    await say(ana, GROUP, "typed meanwhile");
    await bubbles(page, "typed meanwhile").waitFor();
    isCut = false;
    await bubbles(page, "three").waitFor();
    await bubbles(ben.page, "typed meanwhile").waitFor();
    for (const text of ["one", "two", "three", "typed meanwhile"]) await hasOnce(page, text);
    await hasOnce(ben.page, "typed meanwhile");
  });

  it("catches up when a tab that slept wakes", async () => {
    const cdp = await ana.context.newCDPSession(ana.page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await say(ben, GROUP, "while you slept");
    await bubbles(ben.page, "while you slept").waitFor();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await hasOnce(ana.page, "while you slept");
  });

  it("shows hostile names, texts and links harmlessly", async () => {
    const name = "\u202e<img src=x onerror=hacked=1>\u200b";
    const { scene, relay } = screens;
    const mallory = await scene.person(name, [relay.address], { directory: `${scene.directory}/mallory` });
    await mallory.join(await invite());
    const { group } = await groupOf();
    const marks = `a${"\u0301".repeat(10_000)}`;
    const texts = [
      "<script>hacked=1</script><img src=x onerror=hacked=1>",
      "javascript:hacked=1 data:text/html,<b> http://good.example\u202e/moc.live http://a@evil.example/x",
      marks,
      "**[bank](javascript:hacked=1)** `</code><b>`", // the last, which is waited for
    ];
    await mallory.run(["chat", group], `${texts.join("\n")}\n`);
    await ben.page.locator("article.message", { hasText: "</code><b>" }).waitFor();
    await ben.page.locator("article.message").last().scrollIntoViewIfNeeded();
    const seen = await ben.page.evaluate(() => ({
      hacked: "hacked" in window,
      scripts: document.querySelectorAll("article script, article img, article b").length,
      links: [...document.querySelectorAll<HTMLAnchorElement>("article a")].map(
        ({ protocol, rel }) => `${protocol} ${rel}`,
      ),
      overrides: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent),
      highest: Math.max(
        ...[...document.querySelectorAll("article")].map((each) => each.getBoundingClientRect().height),
      ),
      wide: document.documentElement.scrollWidth > innerWidth,
    }));
    assert.deepEqual(
      { ...seen, links: [], highest: seen.highest < 400 },
      { hacked: false, scripts: 0, links: [], overrides: false, highest: true, wide: false },
    );
    for (const link of seen.links) assert.match(link, /^https?: .*noreferrer/);
  });

  it("gives nothing to a page of another origin, even one on this machine", async () => {
    const stranger = await ana.context.newPage(); // with the cookie of the real one
    await stranger.goto(`${ben.origin}/nothing`);
    const tried = await stranger.evaluate(async (origin) => {
      const fetched = await fetch(`${origin}/session`, { credentials: "include" }).then(
        (answer) => String(answer.status),
        () => "refused",
      );
      const framed = await new Promise<string>((resolve) => {
        const frame = document.createElement("iframe");
        frame.onload = () => {
          let inside = "nothing";
          try {
            inside = frame.contentDocument?.title ?? "nothing";
          } catch {}
          resolve(inside);
        };
        frame.src = origin;
        document.body.append(frame); // what is refused is loaded as well, as a page that says so
      });
      const live = await new Promise<string>((resolve) => {
        try {
          const socket = new WebSocket(`${origin.replace("http", "ws")}/live`);
          socket.onopen = () => resolve("open");
          socket.onerror = () => resolve("refused");
        } catch {
          resolve("refused");
        }
      });
      return { fetched, framed, live };
    }, ana.origin);
    assert.deepEqual(
      { ...tried, framed: tried.framed || "nothing" },
      { fetched: "refused", framed: "nothing", live: "refused" },
    );
    await stranger.close();
  });

  it("is of no use to another browser that finds its address or its used link", async () => {
    const context = await screens.browser.newContext();
    for (const address of [ana.origin, ana.url]) {
      const page = await context.newPage(); // in the same one the second would be another place of what is shown
      await page.goto(address);
      await page.getByText(words.shutOut.title).waitFor();
    }
    await context.close();
  });

  it("has no violation that axe finds on its pages, and loads nothing from elsewhere", async () => {
    const { group } = await groupOf();
    const places = [
      "/",
      "/settings",
      "/warnings",
      ...["", "/people", "/search", "/files"].map((panel) => `/group/${group}${panel}`),
    ];
    for (const place of places) {
      await ana.page.evaluate((to) => location.assign(`#${to}`), place);
      const { kind, ...more } = placeOf(place);
      const panel = "panel" in more ? `[data-panel=${more.panel}]` : ":not([data-panel])";
      await ana.page.locator(`main[data-place=${kind}]${panel}`).waitFor();
      assert.deepEqual([place, await axeViolations(ana.page)], [place, []]);
    }
    for (const { name, complaints, strays } of [ana, ben]) {
      assert.deepEqual([name, strays], [name, []]);
      assert.deepEqual([name, complaints.filter((each) => /Security Policy|Refused/i.test(each))], [name, []]);
    }
  });

  it("opens the group that lets one in, also when that takes longer than the page has asked", async () => {
    const { page } = ben;
    await page.routeWebSocket("**/live", (route) => {
      const server = route.connectToServer();
      server.onMessage((text) => route.send(String(text).replace('"state":"joined"', '"state":"pending"')));
    });
    await page.reload();
    await page.getByRole("button", { name: words.groups.add }).click();
    await commandOf(ana, ["group", "create", LATE]);
    const { link } = (await commandOf(ana, ["group", "invite", LATE])) as { readonly link: string };
    await joinGroup(ben, link, LATE);
    await page.locator("dialog").waitFor({ state: "detached" });
  });

  it("locks with the program's end, and opens with the passphrase alone", async () => {
    await ben.close();
    const again = await atScreen(screens.scene, { name: "Ben", browser: screens.browser, profile: ben.profile });
    const { page } = again;
    await page.getByLabel(words.unlock.passphrase).fill("not this one");
    await page.getByRole("button", { name: words.unlock.unlock }).click();
    await page.getByText(words.unlock.wrong).waitFor();
    await page.getByLabel(words.unlock.passphrase).fill(PASSPHRASE);
    await page.getByRole("button", { name: words.unlock.unlock }).click();
    await page.getByText(GROUP).first().click();
    await bubbles(page, "into the dark").waitFor();
    await composer(page, GROUP).waitFor();
    watch(page, again.origin, { complaints: [], strays: [] });
    await again.close();
  });
});
