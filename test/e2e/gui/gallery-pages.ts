/** Every page, panel and dialog of the web screen, and how one gets there in the gallery. */
import type { Page } from "playwright-core";
import { peopleWords, settingsWords } from "../../../src/gui/web/people-words.ts";
import { words } from "../../../src/gui/web/words.ts";

type Step = (page: Page) => Promise<unknown>;

/** A written state at a place of the screen; from there the steps lead on, one after the other. */
export interface GalleryPage {
  readonly state: string;
  readonly place: string;
  readonly steps?: Readonly<Record<string, Step>>;
}

const GROUP = `#/group/${"a1".repeat(16)}`;

const press =
  (name: string): Step =>
  (page) =>
    page.getByRole("button", { name, exact: true }).last().click();

/** Closes the dialog that is open. */
const shut: Step = async (page) => {
  if ((await page.locator("dialog[open]").count()) === 0) return;
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
};

/** Opens a dialog, after closing the one before. */
const next =
  (...names: readonly string[]): Step =>
  async (page) => {
    await shut(page);
    for (const name of names) await press(name)(page);
    await page.locator("dialog[open]").waitFor();
  };

const member =
  (name: string, ...then: readonly string[]): Step =>
  async (page) => {
    await shut(page);
    await page.locator("button.person", { hasText: name }).click();
    for (const each of then) await press(each)(page);
    await page.locator("dialog[open]").waitFor();
  };

/** The form of a new account with this passphrase. */
const begin =
  (passphrase: string): Step =>
  async (page) => {
    await page.getByLabel(words.start.name).fill("Mira");
    await page.getByLabel(words.start.passphrase, { exact: true }).fill(passphrase);
    await page.getByLabel(words.start.repeat).fill(passphrase);
    await press(words.start.create)(page);
  };

const START: readonly GalleryPage[] = [
  { state: "connecting", place: "#/" },
  { state: "shut-out", place: "#/" },
  {
    state: "new",
    place: "#/",
    steps: {
      "a weak passphrase": async (page) => {
        await begin("secret")(page);
        await page.getByText(words.start.tooWeak).waitFor();
      },
      restoring: press(words.start.haveWords),
      "recovery words": async (page) => {
        await press(words.start.haveNone)(page);
        await begin("seven otters juggle lanterns quietly")(page);
        await page.locator(".recovery-words").waitFor();
      },
      "words asked back": press(words.recovery.written),
    },
  },
  {
    state: "locked",
    place: "#/",
    steps: {
      "a wrong passphrase": async (page) => {
        await page.getByLabel(words.unlock.passphrase).fill("not it");
        await press(words.unlock.unlock)(page);
        await page.getByText(words.unlock.wrong).waitFor();
      },
    },
  },
];

const GROUPS: readonly GalleryPage[] = [
  { state: "no-groups", place: "#/", steps: { "a new group": next(words.groups.add) } },
  { state: "home", place: "#/" },
  { state: "home", place: `#/group/${"e5".repeat(16)}` },
  { state: "loading", place: GROUP },
  { state: "empty-group", place: GROUP },
  { state: "offline", place: GROUP },
  { state: "out", place: GROUP },
  { state: "warnings", place: "#/warnings" },
];

const CONVERSATION: readonly GalleryPage[] = [
  {
    state: "home",
    place: GROUP,
    steps: {
      emoji: async (page) => {
        await press(words.composer.emoji)(page);
        await page.getByRole("gridcell").first().waitFor();
      },
    },
  },
  { state: "hostile", place: GROUP },
  {
    state: "ours",
    place: GROUP,
    steps: {
      "a large picture": async (page) => {
        await page.locator(".file-preview").click();
        await page.locator(".large-picture").waitFor();
      },
    },
  },
  { state: "ours", place: `${GROUP}/files` },
  {
    state: "home",
    place: `${GROUP}/search`,
    steps: {
      "what was found": async (page) => {
        await page.getByLabel(words.search.label).fill("the");
        await page.locator("mark").first().waitFor();
      },
    },
  },
];

const PEOPLE: readonly GalleryPage[] = [
  {
    state: "home",
    place: `${GROUP}/people`,
    steps: {
      inviting: next(peopleWords.invite),
      "an invite": async (page) => {
        await press(peopleWords.link.make)(page);
        await page.getByRole("img", { name: peopleWords.link.qr }).waitFor();
      },
      "a member": member("Tomás"),
      verifying: async (page) => {
        await member("Jonas", peopleWords.verify.open)(page);
        await page.locator("dialog .digits").first().waitFor();
      },
      removing: member("Tomás", peopleWords.remove.open),
      "handing over": member("Jonas", peopleWords.role.hand),
      renaming: next(peopleWords.rename.open),
      "room password": next(peopleWords.password.open),
      relays: next(peopleWords.relays.open),
      "renewing the key": next(peopleWords.rekey.open),
      leaving: next(peopleWords.leave.open),
    },
  },
];

const SETTINGS: readonly GalleryPage[] = [
  {
    state: "home",
    place: "#/settings",
    steps: {
      "one's name": next(settingsWords.rename),
      "one's relays": next(settingsWords.ownRelays.open),
      "the passphrase": next(settingsWords.passphrase),
      "checking the words": next(settingsWords.recoveryCheck),
      "asking for the words": next(settingsWords.recoveryShow),
      "the words": async (page) => {
        await page.locator("dialog").getByLabel(words.unlock.passphrase).fill("it");
        await page.keyboard.press("Enter");
        await page.locator("dialog .recovery-words").waitFor();
      },
      unlinking: next(settingsWords.unlink),
      "deleting the account": next(settingsWords.leave),
    },
  },
];

export const PAGES: Readonly<Record<string, readonly GalleryPage[]>> = {
  "the start": START,
  groups: GROUPS,
  "a conversation": CONVERSATION,
  people: PEOPLE,
  settings: SETTINGS,
};
