/** The browser that tests of the web screen drive: looked for, and installed where that may be done unasked. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** Where a program of this name is, or `undefined`. */
function onPath(name, env = process.env) {
  const places = (env.PATH ?? "").split(delimiter).map((directory) => join(directory, name));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The browser, or `undefined`; `HERMES_CHROMIUM` names another. */
export function findChromium(env = process.env) {
  return env.HERMES_CHROMIUM || NAMES.map((name) => onPath(name, env)).find((path) => path !== undefined);
}

/** What to type where there is none. */
export const INSTALL = `${process.getuid?.() === 0 ? "" : "sudo "}apt-get install -y chromium`;

/** As root on Debian and its kin: installs the browser if there is none. Without it those tests are skipped by name. */
export function installChromium(say) {
  if (findChromium() !== undefined || process.getuid?.() !== 0 || onPath("apt-get") === undefined) return;
  say("installing Chromium, with which the web screen is tested, once…");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const steps = "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium";
  const run = spawnSync("sh", ["-c", steps], { env, encoding: "utf8" });
  if (run.status !== 0) say(`that did not work, so these tests are skipped:\n${run.stderr}`);
}
