/** Ana and Ben, each at a screen of their own that has just been opened, with one relay: where tests of the screen begin. */
import type { Browser } from "playwright-core";
import type { Relay } from "../scene/relay.ts";
import { openScene, type Scene } from "../scene/scene.ts";
import { startChromium } from "./chromium.ts";
import { atScreen, type ScreenPerson } from "./screen-person.ts";

export interface TwoScreens {
  readonly scene: Scene;
  readonly relay: Relay;
  readonly browser: Browser;
  readonly ana: ScreenPerson;
  readonly ben: ScreenPerson;
  readonly end: () => Promise<void>;
}

export async function twoScreens(): Promise<TwoScreens> {
  const scene = await openScene();
  const [relay, browser] = await Promise.all([scene.relay(), startChromium()]);
  const open = (name: string): Promise<ScreenPerson> => atScreen(scene, { name, browser, relay: relay.address });
  const [ana, ben] = await Promise.all([open("Ana"), open("Ben")]);
  const end = async (): Promise<void> => {
    await browser.close();
    await scene.end();
  };
  return { scene, relay, browser, ana, ben, end };
}
