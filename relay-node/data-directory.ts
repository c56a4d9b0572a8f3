/** The directory that holds a relay's key and database. */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Fault } from "../src/wire/fault.ts";
import type { Environment } from "./config.ts";
import { errnoOf } from "./errno.ts";

/** hermes/relay in the system's data directory. */
export function defaultDataDirectory(env: Environment, platform: NodeJS.Platform): string {
  switch (platform) {
    case "win32":
      return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "hermes", "relay");
    case "darwin":
      return join(homedir(), "Library", "Application Support", "hermes", "relay");
    default:
      return join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "hermes", "relay");
  }
}

/** Makes the directory (mode 0700) unless it is there; answers its absolute path. Throws `storage/failed`. */
export async function prepareDataDirectory(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    await mkdir(absolute, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = errnoOf(cause) ?? "unknown error";
    throw new Fault(
      "storage/failed",
      `the data directory ${absolute} cannot be made (${code}): choose another --data.`,
      {
        cause,
      },
    );
  }
  return absolute;
}
