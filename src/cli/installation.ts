/** Where this program lies. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory with our package.json, from the URL of a module in it (built or not). */
export function installationRoot(moduleUrl: string): string {
  let directory = dirname(fileURLToPath(moduleUrl));
  while (!existsSync(join(directory, "package.json"))) {
    const above = dirname(directory);
    if (above === directory) return directory;
    directory = above;
  }
  return directory;
}
