/**
 * `hermes doctor`: what works, what does not, and what to do about it.
 *
 * 1. A check that fails keeps no other from being made, unless that one needs its result.
 * 2. It changes nothing that another command would not change, too.
 */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { ClientMethods } from "../client/api.ts";
import type { RelayUse } from "../client/relay-api.ts";
import { isFault } from "../wire/fault.ts";
import { secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, withSession } from "./command.ts";
import { groupsWithout, located, noRelay, reachFindings } from "./doctor-reach.ts";
import { checkEvidenceFile, saveEvidence, untrueText } from "./evidence-commands.ts";
import { advice } from "./next-steps.ts";
import { probeRelay } from "./relay-probe.ts";
import { printableLine, usesOf } from "./render.ts";
import { versionAt } from "./version-command.ts";

/** One thing that was looked at. `notice`: works, and could be better. */
export interface Finding {
  readonly check:
    | "version"
    | "node"
    | "clock"
    | "directory"
    | "disk"
    | "owner"
    | "profile"
    | "cryptography"
    | "relay"
    | "group"
    | "reservation"
    | "reach"
    | "peers"
    | "prekeys"
    | "messages"
    | "outbox";
  readonly state: "fine" | "notice" | "wrong";
  readonly text: string;
}
type Examination = ClientMethods["examine"][1];

/** Oldest Node that has what Hermes uses. */
const NODE_LEAST = [20, 19] as const;
/** Free space (bytes) below which the next messages may not fit, and below which that comes into sight. */
const DISK_WRONG_BYTES = 16 * 1_048_576;
const DISK_NOTICE_BYTES = 200 * 1_048_576;
/** This program did not exist before (ms): an earlier clock has lost its battery. */
const CLOCK_LEAST_MS = Date.UTC(2026, 0, 1);
/** How far (ms) the profile's files may lie ahead of the clock: file systems round, and time servers correct. */
const CLOCK_BACK_MS = 120_000;

/** `hermes doctor`: exit code 1 when something is wrong. */
export async function doctor(context: CommandContext): Promise<number> {
  const saved = textOf(context.given, "evidence");
  if (saved !== undefined) return await saveEvidence(context, saved);
  const shown = textOf(context.given, "check-evidence");
  if (shown !== undefined) return await checkEvidenceFile(context, shown);
  const findings = [await versionFinding(context.surroundings.root), nodeFinding(process.versions.node)];
  const directory = await directoryFindings(context);
  findings.push(...directory);
  if (directory.every(({ check, state }) => check === "clock" || state !== "wrong"))
    findings.push(...(await profileFindings(context)));
  const healthy = findings.every(({ state }) => state !== "wrong");
  context.output.result({ healthy, checks: findings }, renderFindings(findings));
  return healthy ? 0 : 1;
}

const MARKS: Readonly<Record<Finding["state"], string>> = { fine: "ok   ", notice: "note ", wrong: "WRONG" };

function renderFindings(findings: readonly Finding[]): string {
  return findings.map(({ check, state, text }) => `${MARKS[state]}  ${check.padEnd(12)}  ${text}`).join("\n");
}

const fine = (check: Finding["check"], text: string): Finding => ({ check, state: "fine", text });
const notice = (check: Finding["check"], text: string): Finding => ({ check, state: "notice", text });
const wrong = (check: Finding["check"], text: string): Finding => ({ check, state: "wrong", text });

/** `version`: "20.19.0". */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = NODE_LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return fine("node", `Node ${version}.`);
  return wrong("node", `Node ${version} is too old: Hermes needs ${NODE_LEAST.join(".")} or newer, from nodejs.org.`);
}

async function versionFinding(root: string): Promise<Finding> {
  const version = await versionAt(root);
  if (version === undefined) return notice("version", "The installation does not say which version it is.");
  return fine("version", `Hermes ${version} on ${process.platform} ${process.arch}.`);
}

/** `newestFileMs`: when a file of the profile was last written, by the clock of then. */
export function clockFinding(nowMs: number, newestFileMs: number): Finding {
  const now = new Date(nowMs).toISOString();
  if (nowMs < CLOCK_LEAST_MS)
    return wrong(
      "clock",
      `It says ${now}, which is long past: set it, or messages get that date and invites never end.`,
    );
  const backMs = newestFileMs - nowMs;
  if (backMs > CLOCK_BACK_MS) {
    const minutes = Math.round(backMs / 60_000).toLocaleString("en");
    return wrong("clock", `It says ${now}, ${minutes} minutes before this profile was last written: it was set back.`);
  }
  return fine("clock", `It says ${now}. Compare that yourself: relays do not tell the time.`);
}

async function newestFileMs(directory: string): Promise<number> {
  const names = await readdir(directory);
  const stats = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => undefined)));
  return Math.max(0, ...stats.map((each) => each?.mtimeMs ?? 0));
}

async function directoryFindings({ choice: { directory }, surroundings }: CommandContext): Promise<Finding[]> {
  const { profiles } = surroundings;
  return await faultsAs("directory", async () => {
    if (!(await profiles.exists(directory))) {
      return [wrong("directory", `There is no profile in ${directory}: make one with hermes init, or name another.`)];
    }
    const isInUse = await profiles.inUse(directory); // refuses a directory that others may write
    const owner = isInUse
      ? "Another command has the profile open; this one asks it."
      : "No other command uses the profile.";
    return [
      fine("directory", `${directory} belongs to you alone.`),
      ...(await diskFindings(directory)),
      clockFinding(Date.now(), await newestFileMs(directory)),
      fine("owner", owner),
    ];
  });
}

async function diskFindings(directory: string): Promise<Finding[]> {
  const space = await statfs(directory).catch(() => undefined);
  return space === undefined ? [] : [diskFinding(space.bavail * space.bsize)];
}

/** `freeBytes`: what this user may still write. */
export function diskFinding(freeBytes: number): Finding {
  const free = `${Math.floor(freeBytes / 1_048_576).toLocaleString("en")} MiB free`;
  if (freeBytes < DISK_WRONG_BYTES)
    return wrong("disk", `${free}, too little to keep messages: make room on this disk.`);
  if (freeBytes < DISK_NOTICE_BYTES) return notice("disk", `${free}, which will not last long.`);
  return fine("disk", `${free}.`);
}

async function profileFindings(context: CommandContext): Promise<Finding[]> {
  const waitMs = secondsAsMsOf(context.given, "wait");
  return await faultsAs("profile", async () => {
    const seen = await withSession(context, (session) =>
      session.call("examine", waitMs === undefined ? {} : { waitMs }),
    );
    const relays = await Promise.all(seen.relays.map(relayFinding));
    return [fine("profile", "It opens, and its database can be read."), ...examinationFindings(seen, relays)];
  });
}

/** What follows from an examination; `relays`: the finding about each of its relays. */
export function examinationFindings(seen: Examination, relays: readonly Finding[]): Finding[] {
  const { primitives } = seen;
  const isConnected = seen.relays.some(({ state }) => state === "connected");
  const cryptography =
    primitives === "noble"
      ? notice(
          "cryptography",
          "The portable one (noble): it works, and is slower. Reinstalling may bring the native one.",
        )
      : fine("cryptography", "The native one.");
  if (seen.relays.length === 0) {
    return [cryptography, noRelay(seen), peers(seen), ...keptForRelay(seen)];
  }
  // without a relay these follow from it, and there is nothing else to do about them
  const online = isConnected ? [...reachFindings(seen.reach), prekeys(seen), messages(seen)] : [];
  return [cryptography, ...relays, ...groupsWithout(seen), peers(seen), ...online, ...waiting(seen, isConnected)];
}

function peers(seen: Examination): Finding {
  const direct = seen.peers.filter(({ path }) => path === "direct").length;
  const through = seen.peers.length - direct;
  const known = located(seen);
  if (direct > 0)
    return fine("peers", `${devices(direct)} of other members reached directly: a relay may go away.${known}`);
  if (through > 0)
    return notice("peers", `${devices(through)} of other members reached, all of them through a relay.${known}`);
  const isNeeded = seen.relays.length > 0 ? ", so a relay has to be there" : "";
  return fine(
    "peers",
    `No other member is reached directly now${isNeeded}.${known} Those on the same LAN find each other; others need an address in peers or HERMES_PEERS.`,
  );
}

const devices = (count: number): string => (count === 1 ? "One device" : `${count} devices`);

function prekeys({ introduced }: Examination): Finding {
  if (introduced) return fine("prekeys", "A relay has your keys, so others can write to you while you are away.");
  return wrong(
    "prekeys",
    "No relay has taken your keys yet, so nobody can add you while you are away: try again, then look at the relay's log.",
  );
}

function messages({ caughtUp }: Examination): Finding {
  if (caughtUp) return fine("messages", "Everything that waited for you is here.");
  return notice("messages", "Not everything that waits for you was fetched in time: hermes sync --wait 60 goes on.");
}

function waiting({ outbox, undelivered }: Examination, isConnected: boolean): Finding[] {
  if (outbox === 0) return [fine("outbox", "Nothing waits to be sent.")];
  if (!isConnected) return [notice("outbox", `${envelopesWait(outbox)} until a relay can be reached.`)];
  if (outbox <= undelivered) {
    const why = "for people whose inbox no relay knows: they have to start Hermes with a relay that you reach";
    return [notice("outbox", `${envelopesWait(outbox)} ${why}.`)];
  }
  const stuck = envelopesWait(outbox - undelivered);
  return [
    wrong("outbox", `${stuck} although a relay is connected: see its reason in hermes status, and whether it is full.`),
  ];
}

/** Without a relay in the profile nothing is overdue: members who are met get what is theirs. */
function keptForRelay({ outbox }: Examination): Finding[] {
  if (outbox === 0) return [fine("outbox", "Nothing waits to be sent.")];
  const kept = outbox === 1 ? "1 envelope is kept" : `${outbox} envelopes are kept`;
  return [fine("outbox", `${kept} for members whom you meet, and for a relay, should there be one.`)];
}

const envelopesWait = (count: number): string => (count === 1 ? "1 envelope waits" : `${count} envelopes wait`);

async function relayFinding(relay: RelayUse): Promise<Finding> {
  const { address, state, reason } = relay;
  const name = `${printableLine(address)} for ${usesOf(relay)}`;
  const untrue = untrueText(relay);
  if (untrue !== undefined) return wrong("relay", `${name}: ${untrue}.`);
  if (state === "connected" && reason === undefined) return fine("relay", `${name}: connected.`);
  const why = reason === undefined ? "" : printableLine(reason);
  if (state === "connected") return notice("relay", `${name}: connected, but ${why}.`);
  return wrong("relay", `${name}: ${await causeOf(address, why)}`);
}

async function causeOf(address: string, why: string): Promise<string> {
  const probe = await probeRelay(address);
  switch (probe.kind) {
    case "no-name":
      return `the name ${probe.host} cannot be resolved: check the spelling, and that this machine is online.`;
    case "closed":
      return `nothing listens at ${probe.place}: start the relay, or look for its present address in its ready line.`;
    case "silent":
      return `nothing answers at ${probe.place}: check that the machine is on and that no firewall is in between.`;
    case "answers":
    case "unknown":
      return `${why === "" ? "it did not finish connecting in time" : why}. ${hintAbout(why)}`;
  }
}

function hintAbout(why: string): string {
  if (/token/.test(why)) return "Ask whoever runs it, and put the token into accessToken or HERMES_ACCESS_TOKEN.";
  if (/identity/.test(why)) return "Compare the end of the address with the relay's ready line.";
  return "hermes help relays says how addresses look.";
}

/** A fault ends the checks of its group, and is what they found. */
async function faultsAs(check: Finding["check"], look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!isFault(error) || error.code.startsWith("internal/") || error.code === "usage/cancelled") throw error;
    return [wrong(check, advice(error))];
  }
}
