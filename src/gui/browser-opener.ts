/** Opens an address with whatever the system opens addresses with. */
import { spawn } from "node:child_process";

/** Program and arguments that open an address. */
export function openerFor(platform: NodeJS.Platform, url: string): readonly [program: string, ...string[]] {
  switch (platform) {
    case "darwin":
      return ["open", url];
    case "win32":
      return ["rundll32", "url.dll,FileProtocolHandler", url];
    default:
      return ["xdg-open", url];
  }
}

/** True when the program started; whether a browser shows the page nobody says. */
export function openBrowser(url: string): Promise<boolean> {
  const [program, ...args] = openerFor(process.platform, url);
  return new Promise((resolve) => {
    const opener = spawn(program, args, { stdio: "ignore", detached: true });
    opener.once("error", () => resolve(false));
    opener.once("spawn", () => {
      opener.unref();
      resolve(true);
    });
  });
}
