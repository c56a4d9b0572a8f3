/**
 * Three people, one relay, each a process of its own, on loopback and in a temporary directory: live messages, someone
 * who is away and catches up, a relay that is killed and comes back, and what its files hold of it all.
 *
 * What does not go as promised ends it with a sentence and exit code 1. Every process it started is ended.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault, isFault } from "../wire/fault.ts";
import type { CommandContext, Surroundings } from "./command.ts";
import { PATIENCE_MS, type Person, person, type Stage, startOn } from "./demonstration-person.ts";
import { plant, scanFiles } from "./demonstration-scan.ts";
import type { HermesProcess } from "./hermes-process.ts";
import { readyAddresses } from "./home-relay.ts";
import { Interrupted } from "./terminal.ts";

const GROUP = "Harbour swimmers";
/** Names as others see them: long enough not to stand in random bytes by chance. */
const NAMES = ["Ana Lindqvist", "Ben Okafor", "Cleo Marchetti"] as const;
const CONTROL = "planted control string, which has to be found";

/** How long people without a relay may take to find each other (ms). */
const WITHOUT_RELAY_MS = 8_000;

/** These profiles live for a minute under a passphrase that everybody knows, so guessing needs no slowing down. */
const QUICK = { HERMES_PASSPHRASE: "demonstration", HERMES_KDF_MEMORY_KIB: "8192", HERMES_KDF_PASSES: "1" };

/** The play: who is on stage, and how to tell what happens. */
interface Play extends Stage {
  readonly tell: (who: string, what: string) => void;
  /** Everything said, and all names: what the relay must not know. */
  readonly secrets: string[];
}

/** Runs it; answers the exit code. */
export async function demonstrate({ surroundings }: CommandContext): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "hermes-demonstration-"));
  const startMs = Date.now();
  const play: Play = {
    directory,
    options: { program: surroundings.program, env: { ...withoutSettings(surroundings), ...QUICK } },
    signal: surroundings.signal,
    started: [],
    tell: (who, what) => {
      const seconds = ((Date.now() - startMs) / 1000).toFixed(1).padStart(5);
      surroundings.streams.stdout(`${seconds} s  ${who.padEnd(6)} ${what}\n`);
    },
    secrets: [GROUP, ...NAMES],
  };
  surroundings.streams.stdout("Three people and a relay, each a process of its own on this machine.\n");
  surroundings.streams.stdout("(At a terminal, npm start opens a messenger of your own in the browser instead.)\n\n");
  try {
    await perform(play);
    surroundings.streams.stdout("\nAll of it went as promised.\n");
    return 0;
  } catch (error) {
    if (surroundings.signal.aborted) throw new Interrupted(); // exit code 0 would say that all was shown
    throw error;
  } finally {
    await Promise.all(play.started.map((each) => each.end()));
    await rm(directory, { recursive: true, force: true });
  }
}

async function perform(play: Play): Promise<void> {
  const { relay, address } = await openRelay(play, "/ip4/127.0.0.1/tcp/0");
  play.tell("relay", `started at ${address.split("/p2p/")[0]}`);
  const people = NAMES.map((name) => person(play, name)) as [Person, Person, Person];
  await meet(play, people, address);
  await talk(play, people);
  await missSomething(play, people);
  await loseRelay(play, people, { relay, address });
}

async function openRelay(play: Play, listen: string): Promise<{ relay: HermesProcess; address: string }> {
  const data = join(play.directory, "relay");
  const relay = startOn(play, ["relay", "--json", "--data", data, "--listen", listen, "--log-level", "error"]);
  const waiting = { what: "The start of the relay", timeoutMs: PATIENCE_MS, signal: play.signal };
  const [address = ""] = await relay.waitFor(readyAddresses, waiting);
  return { relay, address };
}

async function meet({ tell, secrets }: Play, people: readonly [Person, Person, Person], address: string) {
  const [ana, ben, cleo] = people;
  const accounts = await Promise.all(people.map((each) => each.run("init", "--name", each.name, "--relay", address)));
  secrets.push(...accounts.map(({ account }) => String(account)));
  tell("all", "made accounts: Ana, Ben and Cleo");
  await ana.run("group", "create", GROUP);
  const { link } = await ana.run("group", "invite", GROUP);
  await ana.arrive(GROUP);
  tell("Ana", `made the group "${GROUP}" and an invite link`);
  await Promise.all(
    [ben, cleo].map(async (each) => {
      const { state } = await each.run("group", "join", String(link), "--wait", "20");
      if (state !== "joined") throw new Fault("network/timeout", `${each.name} was not let in within 20 s.`);
      await each.arrive(GROUP);
      tell(first(each), "joined by the link");
    }),
  );
}

async function talk(play: Play, [ana, ben, cleo]: readonly [Person, Person, Person]): Promise<void> {
  await say(play, ana, "Who comes for a swim at seven?", [ben, cleo]);
  await say(play, ben, "Me! The water has 19 degrees.", [ana, cleo]);
  await say(play, cleo, "I bring the coffee ☕", [ana, ben]);
}

async function missSomething(play: Play, [ana, ben, cleo]: readonly [Person, Person, Person]): Promise<void> {
  await cleo.leave();
  play.tell("Cleo", "goes away: her process has ended");
  await say(play, ana, "Better half past seven, there is fog.", [ben]);
  await say(play, ben, "Fine. I tell the others.", [ana]);
  await cleo.arrive(GROUP);
  await cleo.hear(ana.name, "Better half past seven, there is fog.");
  await cleo.hear(ben.name, "Fine. I tell the others.");
  play.tell("Cleo", "is back and has caught up on both messages");
}

async function loseRelay(
  play: Play,
  [ana, ben, cleo]: readonly [Person, Person, Person],
  { relay, address }: { readonly relay: HermesProcess; readonly address: string },
): Promise<void> {
  await relay.kill();
  play.tell("relay", "killed (SIGKILL)");
  const question = "Does anybody hear me?";
  play.secrets.push(question);
  const sinceMs = Date.now();
  await ana.say(question);
  const heard = (ms?: number) => Promise.all([ben, cleo].map((each) => each.hear(ana.name, question, ms)));
  const isHeard = await heard(WITHOUT_RELAY_MS).then(() => true, notInTime);
  const how = isHeard ? ` → Ben and Cleo, ${Date.now() - sinceMs} ms, without a relay` : ": it waits in her outbox";
  play.tell("Ana", `“${question}” ${how}`);
  const again = await openRelay(play, address.split("/p2p/")[0] ?? address);
  play.tell("relay", "started again, with what it had stored");
  if (!isHeard) {
    await heard();
    play.tell("all", "got what was written while the relay was away");
  }
  await Promise.all([ana, ben, cleo].map((each) => each.leave()));
  await again.relay.kill();
  await searchRelay(play);
}

/** Where no direct way is, as on a machine without a network, the relay is waited for. */
function notInTime(error: unknown): boolean {
  if (!isFault(error, "network/timeout")) throw error;
  return false;
}

async function searchRelay({ directory, secrets, tell }: Play): Promise<void> {
  const data = join(directory, "relay");
  const { files, bytes, found } = await scanFiles(data, secrets);
  const [leak] = found;
  if (leak !== undefined) {
    throw new Fault("internal/invariant", `the relay's file ${leak.file} holds ${JSON.stringify(leak.needle)}.`);
  }
  tell(
    "relay",
    `its ${files} files (${Math.round(bytes / 1024)} KiB) hold no text, no name, no account, no group name`,
  );
  await plant(data, CONTROL);
  if ((await scanFiles(data, [CONTROL])).found.length === 0) {
    throw new Fault("internal/invariant", "a planted control string was not found, so the search proves nothing.");
  }
  tell("relay", "a control string planted into its database was found, so the search does search");
}

/** Someone says something and the others get it. */
async function say(play: Play, who: Person, text: string, others: readonly Person[]): Promise<void> {
  play.secrets.push(text);
  const startMs = Date.now();
  const heard = Promise.all(others.map((each) => each.hear(who.name, text)));
  await Promise.all([who.say(text), heard]);
  const listeners = others.map(first).join(" and ");
  play.tell(first(who), `“${text}”  → ${listeners}, ${Date.now() - startMs} ms`);
}

function first({ name }: Person): string {
  return name.split(" ")[0] ?? name;
}

/** The environment less what would reach the children as a setting. */
function withoutSettings({ env }: Surroundings): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith("HERMES_")));
}
