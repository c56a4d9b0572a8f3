/**
 * magic-wormhole beside our files, if it is on the path: its own mailbox and transit relay on loopback, one file from one process to
 * another, directly and through the relay. Counted from when both are connected, so without its key exchange and Python's start.
 * (croc would be another; Debian has no package of it.)
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { type Child, startChild, temporaryDirectory } from "./child-process.ts";

/** MiB of the file: a quarter of ours, since it takes longer. */
const MIB = 64;
const PATIENCE_MS = 120_000;

/** What has to be there, by Debian's names of the packages. */
export const WORMHOLE_PACKAGES = "magic-wormhole magic-wormhole-transit-relay python3-magic-wormhole-mailbox-server";

/** MiB/s; `undefined`: not installed. */
export async function wormholeRates(): Promise<{ readonly direct: number; readonly relayed: number } | undefined> {
  const [wormhole, twistd] = [onPath("wormhole"), onPath("twistd3") ?? onPath("twistd")];
  if (wormhole === undefined || twistd === undefined) return undefined;
  const directory = await temporaryDirectory();
  const running: Child[] = [];
  const serve = async (name: string, port: number, ...more: readonly string[]): Promise<void> => {
    const args = ["--nodaemon", "--pidfile=", name, "--port", `tcp:${port}:interface=127.0.0.1`, ...more];
    running.push(await startChild(twistd, args, /starting on \d+/));
  };
  try {
    const [mailbox, transit] = [await freePort(), await freePort()];
    await serve("wormhole-mailbox", mailbox, "--channel-db", join(directory.path, "mailbox.sqlite"));
    await serve("transitrelay", transit);
    const servers = [`ws://127.0.0.1:${mailbox}/v1`, `tcp:127.0.0.1:${transit}`] as const;
    const source = await writeFile(join(directory.path, "file"));
    const rate = (name: string, ...options: readonly string[]): Promise<number> =>
      moved(wormhole, servers, { source, target: join(directory.path, name), options });
    return { direct: await rate("direct"), relayed: await rate("relayed", "--no-listen") };
  } catch {
    return undefined; // a part of it is missing, or speaks otherwise than the version that we know
  } finally {
    for (const each of running) await each.stop();
    await directory.remove();
  }
}

interface Way {
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** MiB/s from one process to another. */
async function moved(
  wormhole: string,
  [mailbox, transit]: readonly [string, string],
  { source, target, options }: Way,
): Promise<number> {
  const code = `7-${randomBytes(8).toString("hex")}`;
  const begin = (ready: RegExp, ...args: readonly string[]): Promise<Child> =>
    startChild(wormhole, ["--relay-url", mailbox, "--transit-helper", transit, ...args], ready);
  const sender = await begin(/code is/, "send", ...options, "--hide-progress", "--code", code, source);
  const args = ["receive", ...options, "--accept-file", "--hide-progress", "-o", target, code];
  const receiver = await begin(/^Receiving \(/, ...args);
  const startedMs = performance.now();
  await receiver.nextLine(/^Received file/, PATIENCE_MS);
  const ms = performance.now() - startedMs;
  await Promise.all([sender.stop(), receiver.stop()]);
  return (MIB / ms) * 1_000;
}

function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function writeFile(path: string): Promise<string> {
  const file = await open(path, "w");
  for (let at = 0; at < MIB; at++) await file.write(randomBytes(1_048_576));
  await file.close();
  return path;
}
