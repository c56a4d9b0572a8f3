import assert from "node:assert/strict";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { type KeptRelay, keepHomeRelay } from "../../src/cli/kept-relay.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { openScene, type Scene } from "./scene/scene.ts";

const MAIN = fileURLToPath(new URL("../../dist/program/hermes.js", import.meta.url));

describe("the relay of npm start", function () {
  this.timeout(2 * PATIENCE_MS);
  const notes: string[] = [];
  let told: () => void = () => undefined;
  let scene: Scene;
  let relay: KeptRelay;
  before(async () => {
    scene = await openScene();
    const options = { program: [MAIN], env: { ...scene.env, PATH: process.env["PATH"] } };
    const note = (sentence: string) => {
      notes.push(sentence);
      told();
    };
    relay = await keepHomeRelay(scene.directory, options, { note, signal: new AbortController().signal });
  });
  after(async () => {
    await relay.end();
    await scene.end();
  });

  /** What is said after the process of now was killed. */
  async function killed(): Promise<string> {
    const next = new Promise<void>((resolve) => {
      told = resolve;
    });
    await relay.process().kill();
    await next;
    return notes.at(-1) ?? "";
  }

  /** Whether somebody takes connections at the relay's port. */
  async function answers(): Promise<boolean> {
    const socket = connect(Number(/\/tcp\/(\d+)/.exec(relay.addresses[0] ?? "")?.[1]), "127.0.0.1");
    try {
      return await new Promise((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      });
    } finally {
      socket.destroy();
    }
  }

  it("is started again at its address when it was killed, and is left alone when that goes on", async () => {
    for (let kills = 1; kills <= 3; kills++) {
      assert.match(await killed(), /^The relay has ended by itself \(code \d+\), and was started again; it has all/);
      assert.equal(await answers(), true);
    }
    assert.match(await killed(), /, as 3 times before in a row\. .* to have a relay again end Hermes/);
    assert.equal(await answers(), false);
  });
});
