/** `hermes version`: what runs here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandContext } from "./command.ts";

/** The version of the installation at `root`; undefined when it does not say. */
export async function versionAt(root: string): Promise<string | undefined> {
  const text = await readFile(join(root, "package.json"), "utf8").catch(() => "{}");
  const { version } = JSON.parse(text) as { readonly version?: unknown };
  return typeof version === "string" ? version : undefined;
}

export async function version({ output, surroundings }: CommandContext): Promise<number> {
  const hermes = (await versionAt(surroundings.root)) ?? "unknown";
  const { node } = process.versions;
  output.result({ hermes, node }, `hermes ${hermes} (Node ${node})`);
  return 0;
}
