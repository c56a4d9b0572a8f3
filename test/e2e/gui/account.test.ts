import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { after, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { peopleWords, settingsWords } from "../../../src/gui/web/people-words.ts";
import { words } from "../../../src/gui/web/words.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import type { Relay } from "../scene/relay.ts";
import { openScene, type Scene } from "../scene/scene.ts";
import { browserPath, startChromium, withBrowser } from "./chromium.ts";
import {
  atScreen,
  bubbles,
  composer,
  firstRun,
  joinGroup,
  makeGroup,
  PASSPHRASE,
  type ScreenPerson,
  say,
} from "./screen-person.ts";

const GROUP = "Orchard";
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const systemLine = (page: Page, text: string) => page.locator(".system-line", { hasText: text });

/** The status of an answer to somebody who calls this machine otherwise. */
const statusFor = (origin: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(origin, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });

/** Goes on with the Tab key until this has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${selector}`);
}

/** The page, in front of the other one in its browser: one that is behind is drawn once a second only. */
async function seen({ page }: ScreenPerson): Promise<Page> {
  await page.bringToFront();
  return page;
}

describe(withBrowser("An account on the web screen"), function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relays: readonly Relay[];
  let browser: Browser;
  let cleo: ScreenPerson;
  let dan: ScreenPerson;
  let dansWords: string;

  before(async function () {
    if (browserPath === undefined) this.skip();
    scene = await openScene();
    const [started, ...both] = await Promise.all([startChromium(), scene.relay(), scene.relay()]);
    [browser, relays] = [started, both];
    const relay = relays[0]?.address ?? "";
    cleo = await atScreen(scene, { name: "Cleo", browser, relay });
    dan = await atScreen(scene, { name: "Dan", browser, relay, context: cleo.context });
  });
  after(async () => {
    await browser?.close();
    await scene?.end();
  });

  const commandOf = async (person: ScreenPerson, args: readonly string[], input?: string): Promise<unknown> => {
    const env = { HERMES_PASSPHRASE: PASSPHRASE };
    const ended = await scene.start({ args: [...args, "--json", "--profile", person.profile], env, input }).ended;
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    return ended.objects[0];
  };

  it("is one of several in one browser, each at a port of its own", async () => {
    assert.notEqual(cleo.origin, dan.origin);
    [, dansWords] = await Promise.all([firstRun(cleo), firstRun(dan)]);
    await seen(cleo);
    await makeGroup(cleo, GROUP);
    const { link } = (await commandOf(cleo, ["group", "invite", GROUP])) as { readonly link: string };
    await seen(dan);
    await joinGroup(dan, link, GROUP);
    await Promise.all([cleo.page.reload(), dan.page.reload()]);
    await cleo.page.locator(".sidebar-head h1", { hasText: "Cleo" }).waitFor();
    await dan.page.locator(".sidebar-head h1", { hasText: "Dan" }).waitFor();
    assert.equal(await statusFor(cleo.origin, new URL(cleo.origin).host), 200);
    for (const host of ["evil.example", new URL(dan.origin).host, `localhost:${new URL(cleo.origin).port}`])
      assert.equal(await statusFor(cleo.origin, host), 421, host);
  });

  it("is opened, read and written with the keyboard alone", async () => {
    const page = await seen(dan);
    await page.getByRole("link", { name: words.groups.settings }).click();
    await button(page, settingsWords.lock).click();
    await page.getByLabel(words.unlock.passphrase).waitFor();
    await tabTo(page, "input[type=password]");
    await page.keyboard.type(PASSPHRASE);
    await page.keyboard.press("Enter");
    await page.locator(".group-row").waitFor();
    await tabTo(page, ".group-row");
    await page.keyboard.press("Enter");
    await composer(page, GROUP).waitFor();
    await tabTo(page, "textarea");
    await page.keyboard.type("no mouse was here");
    await page.keyboard.press("Enter");
    await bubbles(cleo.page, "no mouse was here").waitFor();
    await tabTo(page, "#open-people");
    await page.keyboard.press("Enter");
    await page.locator(".panel h1:focus").waitFor();
    await page.locator("button.person").waitFor();
    await tabTo(page, "button.person");
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("button.person:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#open-people:focus").waitFor();
  });

  it("brings one to what is new, and back to the first of it", async () => {
    const page = await seen(dan);
    await page.getByRole("link", { name: words.groups.settings }).click();
    const lines = Array.from({ length: 60 }, (_, number) => `apple ${number}`);
    await commandOf(cleo, ["chat", GROUP], `${lines.join("\n")}\n`);
    await page.locator(".badge", { hasText: "60" }).waitFor();
    await page.locator(".group-row", { hasText: GROUP }).click();
    const mark = page.locator(".unread-line", { hasText: words.groups.unread(60) });
    await mark.waitFor();
    await page.locator(".jump.newest").click();
    await bubbles(page, "apple 59").waitFor();
    await page.locator(".badge").waitFor({ state: "detached" });
    await bubbles(page, "apple 59").hover();
    const back = button(page, words.conversation.toUnread);
    // a turn of the wheel while the list still settles at its end can be undone by it; people turn again
    for (let turns = 0, isThere = false; turns < 5 && !isThere; turns++) {
      await page.mouse.wheel(0, -400);
      isThere = await back.waitFor({ timeout: 1_000 }).then(
        () => true,
        () => false,
      );
    }
    await back.click();
    await mark.waitFor();
    await bubbles(page, "apple 0").waitFor();
  });

  it("takes another name, of which everybody is told", async () => {
    const page = await seen(dan);
    await page.getByRole("link", { name: words.groups.settings }).click();
    await button(page, settingsWords.rename).click();
    await page.locator("dialog").getByLabel(words.start.name).fill("Daniel");
    await button(page, words.save).click();
    await page.locator(".sidebar-head h1", { hasText: "Daniel" }).waitFor();
    await systemLine(await seen(cleo), "Dan is now called Daniel").waitFor();
    await button(cleo.page, words.conversation.people).click();
    await cleo.page.locator("button.person", { hasText: "Daniel" }).waitFor();
  });

  it("moves its group to another relay, and asks those who come for a password", async () => {
    const page = await seen(cleo);
    const [old, next] = relays;
    assert(old && next);
    await button(page, peopleWords.relays.open).click();
    const dialog = page.locator("dialog");
    await dialog.getByText(old.peerId).waitFor();
    await dialog.getByLabel(peopleWords.relays.add).fill(next.address);
    await dialog.getByText(words.start.relayStates.connected, { exact: true }).waitFor();
    await button(page, peopleWords.relays.add).click();
    await dialog.locator(".list-line", { hasText: next.peerId }).waitFor();
    await dialog
      .locator(".list-line", { hasText: old.peerId })
      .getByRole("button", { name: peopleWords.relays.removeLabel(old.address) })
      .click();
    await dialog.getByText(/No longer one of the group/).waitFor();
    await page.keyboard.press("Escape");
    await button(page, peopleWords.password.open).click();
    await page.getByText(peopleWords.password.isNone).waitFor();
    await page.getByLabel(peopleWords.password.label).fill("quince");
    await button(page, peopleWords.password.set).click();
    await systemLine(cleo.page, "password").waitFor();
    await button(page, peopleWords.password.open).click();
    await page.getByText(peopleWords.password.isSet).waitFor();
    await page.keyboard.press("Escape");
    await (await seen(dan)).getByRole("link", { name: words.groups.settings }).click();
    await dan.page.getByText(next.peerId).first().waitFor();
  });

  it("comes back on another machine with its words", async () => {
    const relay = relays[0]?.address ?? "";
    const again = await atScreen(scene, { name: "Again", browser, relay });
    const { page } = again;
    await button(page, words.start.haveWords).click();
    await page.getByLabel(words.start.wordsLabel).fill(dansWords);
    await page.getByLabel(words.start.passphrase, { exact: true }).fill(PASSPHRASE);
    await page.getByLabel(words.start.repeat).fill(PASSPHRASE);
    await button(page, words.start.restore).click();
    await page.locator(".sidebar-head h1", { hasText: "Daniel" }).waitFor();
    await page.locator(".group-row", { hasText: GROUP }).click();
    await composer(page, GROUP).waitFor();
    await say(again, GROUP, "from the new one");
    await bubbles(await seen(cleo), "from the new one").waitFor();
    await again.close();
  });

  it("goes for good when its owner says so twice, and leaves nothing on the disk", async () => {
    const page = await seen(dan);
    await button(page, settingsWords.leave).click();
    const name = page.locator("dialog").getByLabel(settingsWords.leaveName("Daniel"));
    await name.fill("Dan");
    await button(page, settingsWords.leaveConfirm).click();
    await page.locator("dialog .note.danger").waitFor();
    await name.fill("Daniel");
    await button(page, settingsWords.leaveConfirm).click();
    await page.getByRole("heading", { name: words.start.title }).waitFor();
    assert.equal(existsSync(`${dan.profile}/profile.db`), false);
    await systemLine(await seen(cleo), "Daniel left").waitFor();
    for (const { complaints, strays } of [cleo, dan])
      assert.deepEqual([strays, complaints.filter((each) => /Policy|Refused/i.test(each))], [[], []]);
  });
});
