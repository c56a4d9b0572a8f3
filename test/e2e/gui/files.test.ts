import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { words } from "../../../src/gui/web/words.ts";
import { PATIENCE_MS } from "../scene/hermes-process.ts";
import { openScene, type Scene } from "../scene/scene.ts";
import { browserPath, startChromium, withBrowser } from "./chromium.ts";
import { type NarrowWire, narrowWire } from "./narrow-wire.ts";
import { atScreen, composer, type ScreenPerson } from "./screen-person.ts";
import { drag, fileCard, paste, png } from "./shared-files.ts";

const GROUP = "film club";
const MIB = 1_048_576;
const HOSTILE = "\u202egnp.<script>hacked=1</script>\u200b/../../exe";

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

describe(withBrowser("Files on the web screen"), function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let wire: NarrowWire;
  let browser: Browser;
  let ana: ScreenPerson;
  let ben: ScreenPerson;
  let again: () => Promise<ScreenPerson>;
  const film = randomBytes(8 * MIB);

  before(async function () {
    if (browserPath === undefined) this.skip();
    scene = await openScene();
    const [relay, started] = await Promise.all([scene.relay(), startChromium()]);
    browser = started;
    wire = await narrowWire(relay.port);
    const address = `/ip4/127.0.0.1/tcp/${wire.port}/p2p/${relay.peerId}`;
    const people = await Promise.all(["Ana", "Ben"].map((name) => scene.person(name, [address])));
    const [first, second] = people;
    assert(first && second);
    const link = await first.invite(await first.createGroup(GROUP));
    const opened = { browser, unlocked: true } as const;
    ana = await atScreen(scene, { ...opened, name: "Ana", profile: first.profile });
    await second.join(link);
    const env = { HERMES_AUTOMATIC_DOWNLOAD_BYTES: String(MIB), HERMES_DOWNLOADS: `${scene.directory}/downloads` };
    again = () => atScreen(scene, { ...opened, name: "Ben", profile: second.profile, env });
    ben = await again();
    for (const { page } of [ana, ben]) await page.locator(".group-row", { hasText: GROUP }).click();
    for (const { page } of [ana, ben]) await composer(page, GROUP).waitFor();
  });
  after(async () => {
    await browser?.close();
    await wire?.end();
    await scene?.end();
  });
  // what one test leaves open does not stand before the next
  afterEach(() => Promise.all([ana, ben].map(({ page }) => page.keyboard.press("Escape"))));

  it("are taken by drag, paste and button, and sent together unless one is taken back", async () => {
    const { page } = ana;
    const zone = page.locator(".drop");
    await drag(page, { name: HOSTILE, type: "text/plain", bytes: Buffer.from("harmless") }, () => zone.waitFor());
    await zone.waitFor({ state: "detached" });
    await paste(page, { name: "pier.png", type: "image/png", bytes: png(640, 400) });
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      button(page, words.composer.attach).click(),
    ]);
    const notes = { mimeType: "text/plain", buffer: Buffer.from("12 o'clock") };
    await chooser.setFiles([
      { name: "notes.txt", ...notes },
      { name: "wrong.txt", ...notes },
    ]);
    await button(page, words.composer.remove("wrong.txt")).click();
    await page.locator(".chip", { hasText: "wrong.txt" }).waitFor({ state: "detached" });
    assert.equal(await page.locator(".chip").count(), 3);
    await button(page, words.composer.send).click();
    for (const name of ["pier.png", "notes.txt", "exe"]) await fileCard(ben.page, name, "here").waitFor();
    assert.equal(await ben.page.locator(".file-card").count(), 3);
  });

  it("show a picture small at once, and large when it is asked for, to both", async () => {
    for (const [page, state] of [
      [ben.page, "here"],
      [ana.page, "sent"],
    ] as const) {
      const card = fileCard(page, "pier.png", state);
      const small = card.locator(".file-preview img");
      await small.waitFor();
      assert.ok(await small.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth > 0)));
      await card.getByRole("button", { name: words.file.view("pier.png") }).click();
      const large = page.locator("dialog .large-picture");
      await large.waitFor();
      const width = await large.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
      // of what one sends the screen keeps only the likeness
      if (page === ben.page) assert.equal(width, 640);
      await page.keyboard.press("Escape");
    }
  });

  it("have harmless names, on the screen and on the disk", async () => {
    const { page } = ben;
    const text = await fileCard(page, "exe").locator(".file-name").textContent();
    assert.doesNotMatch(text ?? "", /[\u200b\u202a-\u202e/]/);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      fileCard(page, "exe").getByRole("link", { name: words.file.save }).click(),
    ]);
    assert.doesNotMatch(download.suggestedFilename(), /[\u200b\u202a-\u202e/]/);
    assert.equal(await readFile(await download.path(), "utf8"), "harmless");
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.equal(await page.locator(".file-card script").count(), 0);
  });

  it("are not sent when one thinks better of it, be it on the way to the program or to the relay", async () => {
    const { page } = ana;
    const cdp = await ana.context.newCDPSession(page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: MIB / 2 };
    await cdp.send("Network.emulateNetworkConditions", slow);
    await page.locator("input[type=file]").setInputFiles({ name: "first.bin", mimeType: "", buffer: film });
    await button(page, words.composer.send).click();
    await page.locator(".chip", { hasText: /first\.bin.*[1-9]\d* ?%/ }).waitFor();
    await page.locator(".chip").getByRole("button", { name: words.file.cancel }).click();
    await page.locator(".chip").waitFor({ state: "detached" });
    await cdp.send("Network.emulateNetworkConditions", { ...slow, uploadThroughput: -1 });
    wire.allow(0);
    await page.locator("input[type=file]").setInputFiles({ name: "second.bin", mimeType: "", buffer: film });
    await button(page, words.composer.send).click();
    await fileCard(page, "second.bin", "sending").waitFor();
    await fileCard(page, "second.bin").getByRole("progressbar").waitFor();
    await fileCard(page, "second.bin").getByRole("button", { name: words.file.cancel }).click();
    await fileCard(page, "second.bin", "cancelled").waitFor();
    wire.allow(Number.POSITIVE_INFINITY);
    assert.equal(await fileCard(page, "first.bin").count(), 0);
  });

  it("come when they are asked for, say how far they are, can be stopped and begun anew", async () => {
    wire.allow(Number.POSITIVE_INFINITY);
    await ana.page.locator("input[type=file]").setInputFiles({ name: "film.bin", mimeType: "", buffer: film });
    await button(ana.page, words.composer.send).click();
    await fileCard(ana.page, "film.bin", "sent").waitFor();
    const offered = fileCard(ben.page, "film.bin");
    await fileCard(ben.page, "film.bin", "offered").waitFor();
    wire.allow(3 * MIB);
    await offered.getByRole("button", { name: words.file.get }).click();
    await someOf(ben.page);
    await offered.getByRole("button", { name: words.file.cancel }).click();
    await fileCard(ben.page, "film.bin", "cancelled").waitFor();
    wire.allow(3 * MIB);
    await offered.getByRole("button", { name: words.file.resume }).click();
    await someOf(ben.page);
  });

  it("go on where they were after a reload, and after the program was killed", async () => {
    await ben.page.reload();
    await someOf(ben.page);
    // how far it is, is saved once a second
    await ben.page.waitForFunction((ms) => performance.now() > ms, 2_000);
    ben.process().signal("SIGKILL");
    await ben.process().ended;
    await ben.page.getByText(words.lost).waitFor();
    ben = await again();
    const { page } = ben;
    await page.locator(".group-row", { hasText: GROUP }).click();
    await someOf(page); // nothing comes yet: this was saved
    wire.allow(Number.POSITIVE_INFINITY);
    await fileCard(page, "film.bin", "here").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      fileCard(page, "film.bin").getByRole("link", { name: words.file.save }).click(),
    ]);
    assert.ok(film.equals(await readFile(await download.path())));
  });

  /** Bytes of the film that are there, once some are and not all. */
  const someOf = async (page: Page): Promise<number> => {
    const bar = fileCard(page, "film.bin").getByRole("progressbar");
    await bar.waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("progress")].some(({ value }) => value > 0));
    const done = await bar.evaluate((element: HTMLProgressElement) => element.value);
    assert.ok(done < film.length);
    return done;
  };
});
