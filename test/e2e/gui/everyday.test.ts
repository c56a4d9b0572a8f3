import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "mocha";
import type { Page } from "playwright-core";
import { peopleWords, settingsWords } from "../../../src/gui/web/people-words.ts";
import { words } from "../../../src/gui/web/words.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import { browserPath, withBrowser } from "./chromium.ts";
import {
  bubbles,
  composer,
  firstRun,
  joinGroup,
  makeGroup,
  PASSPHRASE,
  type ScreenPerson,
  say,
} from "./screen-person.ts";
import { fileCard } from "./shared-files.ts";
import { type TwoScreens, twoScreens } from "./two-screens.ts";

const GROUP = "Night shift";
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

describe(withBrowser("Everyday things on the web screen"), function () {
  this.timeout(3 * PATIENCE_MS);
  let screens: TwoScreens;
  let ana: ScreenPerson;
  let ben: ScreenPerson;
  let recovery: string;

  before(async function () {
    if (browserPath === undefined) this.skip();
    screens = await twoScreens();
    ({ ana, ben } = screens);
    [recovery] = await Promise.all([firstRun(ana), firstRun(ben)]);
  });
  after(() => screens?.end());

  it("makes an invite link with a code, an end and a number of uses, with which somebody comes in", async () => {
    const { page } = ana;
    await makeGroup(ana, GROUP);
    await button(page, words.conversation.people).click();
    await page.locator(".panel").getByRole("button", { name: peopleWords.invite, exact: true }).click();
    await page.getByText(peopleWords.link.durations.day, { exact: true }).click();
    await page.getByLabel(peopleWords.link.uses).fill("2");
    await button(page, peopleWords.link.make).click();
    await page.getByRole("img", { name: peopleWords.link.qr }).waitFor();
    await page.getByText(peopleWords.link.left(2, 2)).waitFor();
    const link = await page.getByLabel(peopleWords.link.link, { exact: true }).inputValue();
    await joinGroup(ben, link, GROUP);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^B Ben|^Ben/ }).waitFor();
  });

  it("compares digits that are the same on both screens, and marks who was verified", async () => {
    await button(ben.page, words.conversation.people).click();
    const digits = async (person: ScreenPerson, of: string): Promise<readonly string[]> => {
      const { page } = person;
      await page.locator("button.person", { hasText: of }).click();
      await button(page, peopleWords.verify.open).click();
      await page.getByRole("img", { name: peopleWords.verify.qr }).waitFor();
      return await page.locator("dialog .digits").allTextContents();
    };
    const [atAna, atBen] = await Promise.all([digits(ana, "Ben"), digits(ben, "Ana")]);
    assert.deepEqual(atAna, [...atBen].reverse());
    assert.match(atAna[0] ?? "", /^\d{60}$/);
    await button(ana.page, peopleWords.verify.same).click();
    await ana.page.locator("dialog .note.good", { hasText: peopleWords.verified }).waitFor();
    await ana.page.keyboard.press("Escape");
    await ana.page.locator("button.person", { hasText: "Ben" }).getByRole("img").waitFor();
    await ben.page.keyboard.press("Escape");
  });

  it("finds an emoji by its name, remembers it, and shows it large when it is alone", async () => {
    const { page } = ana;
    await button(page, words.composer.emoji).click();
    await page.getByLabel(words.emoji.search).fill("otter");
    await page.getByRole("gridcell", { name: "Otter" }).or(page.getByTitle("Otter")).first().click();
    await page.keyboard.press("Escape");
    await composer(page, GROUP).press("Enter");
    await ben.page.locator(".text.large", { hasText: "🦦" }).waitFor();
    await button(page, words.composer.emoji).click();
    await page.locator(".emoji-recent").getByText("🦦").waitFor();
    await button(page, words.emoji.toneNow(words.emoji.tones.none)).click();
    await page.getByLabel(words.emoji.search).fill("waving hand");
    await page.locator("[role=gridcell][title^='Waving hand' i]").first().click();
    await button(page, words.emoji.toneNow(words.emoji.tones.light)).waitFor();
    await page.keyboard.press("Escape");
    await composer(page, GROUP).press("Enter");
    await ben.page.locator(".text.large", { hasText: "👋🏻" }).waitFor();
    await button(page, words.composer.emoji).click();
    await page.locator("input:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("textarea:focus").waitFor();
  });

  it("writes several lines, code and links", async () => {
    const { page } = ana;
    const field = composer(page, GROUP);
    await field.fill("first line");
    await field.press("Shift+Enter");
    await field.pressSequentially("run `ls` and read https://example.org/a_(b)");
    await field.press("Enter");
    const bubble = ben.page.locator("article.message", { hasText: "first line" });
    await bubble.locator("code", { hasText: "ls" }).waitFor();
    assert.equal(await bubble.getByRole("link").getAttribute("href"), "https://example.org/a_(b)");
    assert.match(await bubble.locator(".text").evaluate((element) => element.textContent), /first line\nrun ls/);
  });

  it("keeps a draft while one is elsewhere, and over a reload", async () => {
    const { page } = ana;
    await composer(page, GROUP).fill("not finished");
    await page.getByRole("link", { name: words.groups.settings }).click();
    await page.locator(".group-draft").waitFor();
    await page.getByLabel(words.groups.search).fill("no such");
    await page.getByText(words.groups.noMatch).waitFor();
    await page.getByLabel(words.groups.search).fill("NIGHT");
    await page.locator(".group-row", { hasText: GROUP }).click();
    assert.equal(await composer(page, GROUP).inputValue(), "not finished");
    await page.reload();
    await page.waitForFunction(() => document.querySelector("textarea")?.value === "not finished");
    await composer(page, GROUP).fill("");
  });

  it("finds messages, marks the words, and goes to what was found", async () => {
    const { page } = ben;
    for (const [number, text] of ["the lighthouse keeper", "something else", "and more"].entries()) {
      await say(ana, GROUP, `${text} ${number}`);
    }
    await bubbles(page, "and more 2").waitFor();
    await button(page, words.conversation.search).click();
    await page.getByLabel(words.search.label).fill("lighth");
    // it stands out for a moment only, so the page itself looks
    const [found] = await Promise.all([
      page.waitForFunction(() => document.querySelector(".message.found .text")?.textContent),
      page.locator("mark", { hasText: "lighth" }).click(),
    ]);
    assert.equal(await found.jsonValue(), "the lighthouse keeper 0");
  });

  it("sends a file by the button, which the other one gets and saves", async () => {
    const { page } = ana;
    const buffer = Buffer.from("a short log\n".repeat(5_000));
    await page.locator("input[type=file]").setInputFiles({ name: "shift.log", mimeType: "text/plain", buffer });
    await page.getByText("shift.log").waitFor();
    await button(page, words.composer.send).click();
    // Small ones come by themselves.
    const card = fileCard(ben.page, "shift.log", "here");
    const [download] = await Promise.all([
      ben.page.waitForEvent("download"),
      card.getByRole("link", { name: words.file.save }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "shift.log");
    assert.deepEqual(await readFile(await download.path()), buffer);
  });

  it("keeps theme and text size, and says where everything is", async () => {
    const { page } = ana;
    await page.getByRole("link", { name: words.groups.settings }).click();
    await page.getByText(settingsWords.themes.dark, { exact: true }).click();
    await page.getByText(settingsWords.textSizes.large, { exact: true }).click();
    await page.reload();
    await page.locator(":root[data-theme=dark][data-text-size=large]").waitFor();
    await page.locator(".list-line", { hasText: new RegExp(`^${settingsWords.relayStates.connected} `) }).waitFor();
    await page.getByText(settingsWords.database).waitFor();
  });

  it("changes the passphrase only for who knows the present one", async () => {
    const { page } = ana;
    await button(page, settingsWords.passphrase).click();
    await page.getByLabel(settingsWords.passphraseFrom).fill("not it");
    await page.getByLabel(settingsWords.passphraseTo).fill("lanterns juggle seven quiet otters");
    await page.getByLabel(words.start.repeat).fill("lanterns juggle seven quiet otters");
    await button(page, words.save).click();
    await page.locator("dialog .note.danger").waitFor();
    await page.getByLabel(settingsWords.passphraseFrom).fill(PASSPHRASE);
    await button(page, words.save).click();
    await page.getByText(settingsWords.passphraseDone).waitFor();
  });

  it("checks the recovery words on paper, and shows them again for the passphrase", async () => {
    const { page } = ana;
    await button(page, settingsWords.recoveryCheck).click();
    const typed = page.getByLabel(words.start.wordsLabel);
    await typed.fill(recovery.split(" ").reverse().join(" "));
    await button(page, words.recovery.check).click();
    await page.locator("dialog .note.danger").waitFor();
    await typed.fill(recovery);
    await button(page, words.recovery.check).click();
    await page.getByText(words.recovery.right).waitFor();
    await page.keyboard.press("Escape");
    await button(page, settingsWords.recoveryShow).click();
    await page.locator("dialog").getByLabel(words.unlock.passphrase).fill("lanterns juggle seven quiet otters");
    await page.keyboard.press("Enter");
    await page.locator("dialog .recovery-words li").nth(23).waitFor();
    assert.equal((await page.locator("dialog .recovery-words li").allTextContents()).join(" "), recovery);
    await page.keyboard.press("Escape");
  });

  it("gives somebody a rank, which their screen knows", async () => {
    const { page } = ana;
    await page.locator(".group-row", { hasText: GROUP }).click();
    await button(page, words.conversation.people).click();
    await page.locator("button.person", { hasText: "Ben" }).click();
    await page.locator("dialog .choice label", { hasText: peopleWords.roles.admin }).click();
    await ben.page.locator(".system-line", { hasText: "Ana made Ben an admin" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("button.person", { hasText: `Ben${peopleWords.roles.admin}` }).waitFor();
    await button(page, words.conversation.people).click();
    await page.locator(".panel").waitFor({ state: "detached" });
  });

  it("renames the group, and removes somebody after saying what that means", async () => {
    const { page } = ana;
    await page.locator(".group-row", { hasText: GROUP }).click();
    await button(page, words.conversation.people).click();
    await button(page, peopleWords.rename.open).click();
    await page.getByLabel(peopleWords.rename.label).fill("Day shift");
    await button(page, words.save).click();
    await ben.page.getByRole("heading", { name: "Day shift" }).waitFor();
    await page.locator("button.person", { hasText: "Ben" }).click();
    await button(page, peopleWords.remove.open).click();
    await page.getByText(peopleWords.remove.effects[0]).waitFor();
    await button(page, peopleWords.remove.confirm).click();
    await ben.page.getByText(words.conversation.absent.removed("Ana")).waitFor();
    assert.equal(await ben.page.locator("textarea").count(), 0);
  });

  it("leaves no complaint in either browser", () => {
    for (const { name, complaints, strays } of [ana, ben]) {
      assert.deepEqual([name, strays, complaints.filter((each) => /Policy|Refused/i.test(each))], [name, [], []]);
    }
  });
});
