/** Where most test files play: one scene with one relay, which is there for all tests of a `describe`. */
import { after, before } from "mocha";
import type { Relay } from "./relay.ts";
import { openScene, type Scene } from "./scene.ts";

export interface Stage {
  readonly scene: Scene;
  readonly relay: Relay;
}

/** Called inside a `describe`; what it answers can be used in its tests and later hooks. */
export function stage(): Stage {
  let scene: Scene | undefined;
  let relay: Relay | undefined;
  before("the scene, with a relay", async () => {
    scene = await openScene();
    relay = await scene.relay();
  });
  after("the end of the scene", () => scene?.end());
  return {
    get scene() {
      return scene ?? early();
    },
    get relay() {
      return relay ?? early();
    },
  };
}

function early(): never {
  throw new Error("the stage is set when the tests run, not when they are declared");
}
