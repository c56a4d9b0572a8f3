/**
 * What compiling a native module needs (python3, make, a C++ compiler), and how each system installs it.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const TOOLS = ["python3", "make", "g++"];

/** Package manager on the PATH -> the command that installs all three. */
const INSTALL_COMMANDS = {
  "apt-get": "apt-get install -y python3 make g++",
  dnf: "dnf install -y python3 make gcc-c++",
  yum: "yum install -y python3 make gcc-c++",
  apk: "apk add python3 make g++",
  pacman: "pacman -S --needed python make gcc",
  zypper: "zypper install -y python3 make gcc-c++",
  brew: "xcode-select --install; brew install python",
};

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Those of the tools that this machine lacks. */
export function missingTools() {
  return process.platform === "win32" ? [] : TOOLS.filter((tool) => !onPath(tool));
}

/** The one line to type, or a sentence where no known package manager is there. */
export function installCommand() {
  const manager = Object.keys(INSTALL_COMMANDS).find(onPath);
  if (manager === undefined) return `install ${TOOLS.join(", ")} with your system's package manager`;
  const command = INSTALL_COMMANDS[manager];
  return manager === "brew" || process.getuid?.() === 0 ? command : `sudo ${command}`;
}

/** As root on Debian and its kin: installs the tools. True when all are there afterwards. */
export function installTools(say) {
  if (process.getuid?.() !== 0 || !onPath("apt-get")) return false;
  say(`installing ${missingTools().join(", ")}, with which the database is compiled, once…`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const steps = "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 make g++";
  const run = spawnSync("sh", ["-c", steps], { env, encoding: "utf8" });
  if (run.status !== 0) process.stderr.write(`${run.stdout}${run.stderr}`);
  return missingTools().length === 0;
}
