/** One's own account and whom it trusts, as people read it: comparing fingerprints, devices, what was restored. */
import encodeQR from "qr";
import type { ClientMethods, IdentityView } from "../client/api.ts";
import { clock, printableLine } from "./render.ts";
import type { RestoredProfile } from "./session.ts";

/** Modules of light that a scanner wants around a code. */
const QUIET_MODULES = 2;

/** A QR code in half-block characters, two rows of it in one line; light on a dark terminal. */
export function renderQr(text: string): string {
  const rows = encodeQR(text, "raw", { ecc: "low", border: QUIET_MODULES });
  const isLight = (row: number, column: number): boolean => rows[row]?.[column] !== true;
  return Array.from({ length: Math.ceil(rows.length / 2) }, (_, line) =>
    (rows[0] ?? []).map((_, column) => halfBlock(isLight(2 * line, column), isLight(2 * line + 1, column))).join(""),
  ).join("\n");
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? "\u2588" : "\u2580";
  return lower ? "\u2584" : " ";
}

/** Both fingerprints, the code, and what to do with them. */
export function renderVerify(
  { me, member, code }: ClientMethods["verify"][1],
  done: VerifyDone = NOTHING_DONE,
): string {
  const name = printableLine(member.name) || member.account.slice(0, 12);
  if (done.isCompared || done.mark !== undefined) return renderDone(name, member.verified, done).join("\n");
  return [
    `You, ${printableLine(me.name)}`,
    indented(me),
    "",
    `${name}${member.verified ? " (verified)" : ""}`,
    indented(member),
    "",
    renderQr(code),
    "",
    `Compare with ${name}, in person or by a call in which you know the voice. Either read each other the digits, or scan the`,
    "other one's code with any telephone: it says your digits and theirs, and has to be the same on both screens.",
    member.verified
      ? "Marked as verified. If the digits differ now: hermes verify with --withdraw, and ask what happened."
      : "If all digits are the same, run this again with --confirm (and --compare DIGITS, if you have scanned them).",
  ].join("\n");
}

/** What a call of verify was asked to do. */
export interface VerifyDone {
  readonly isCompared: boolean;
  readonly mark: "verified" | "unverified" | undefined;
}

const NOTHING_DONE: VerifyDone = { isCompared: false, mark: undefined };

function renderDone(name: string, isVerified: boolean, { isCompared, mark }: VerifyDone): readonly string[] {
  const same = isCompared ? [`These are the digits of ${name}: nobody stands between you.`] : [];
  if (mark === "verified") return [...same, `${name} is marked as verified.`];
  if (mark === "unverified") return [...same, `${name} is not marked as verified any more.`];
  return [...same, isVerified ? `${name} is marked as verified.` : "Run this again with --confirm to mark that."];
}

/** Six groups of digits a line. */
function indented({ fingerprint }: IdentityView): string {
  const groups = fingerprint.split(" ");
  return [groups.slice(0, 6), groups.slice(6)].map((line) => `  ${line.join(" ")}`).join("\n");
}

export function renderDevices({ devices }: ClientMethods["devices"][1]): string {
  return devices
    .map(({ device, since, current, unlinked, groups }) => {
      const where = groups === 1 ? "in 1 group" : `in ${groups} groups`;
      const state = [current ? "this one" : undefined, unlinked ? "unlinked" : undefined, where].filter(Boolean);
      return `${device.slice(0, 12)}  since ${clock(since)} (${state.join(", ")})`;
    })
    .join("\n");
}

/** What became of an unlinked device. */
export function renderUnlinked({ device, unlinked, refused, state }: ClientMethods["device-unlink"][1]): string {
  const names = (groups: typeof unlinked) => groups.map(({ id, name }) => printableLine(name) || id).join(", ");
  const first = `Unlinked ${device.slice(0, 12)}: it opens nothing that is written from now on`;
  return [
    unlinked.length === 0 ? `${first}; it was in no group of this device.` : `${first} in ${names(unlinked)}.`,
    ...(refused.length === 0 ? [] : [`Not in ${names(refused)}: run hermes sync and try again.`]),
    ...(state === "queued" ? ["No relay has all of it yet: run hermes sync until it is up to date."] : []),
    "Whoever has it open also has your account's key: if it was stolen unlocked, leave your groups and begin a new account.",
  ].join("\n");
}

/** What `recovery restore` brought back, and what it could not. */
export function renderRestored({ name, account, fingerprint, groups }: RestoredProfile): string {
  const lines = groups.map(({ group, state }) => `  ${printableLine(group.name) || group.id}: ${STATES[state]}`);
  return [
    `Welcome back, ${printableLine(name)}. This is a new device of your account.`,
    "",
    `Account      ${account}`,
    `Fingerprint  ${fingerprint}`,
    "",
    groups.length === 0 ? "Your account is in no group." : "Groups",
    ...lines,
    "",
    "What was written before cannot be read here: its keys were on the other device alone. Everything from now on can.",
    "If that device is lost or stolen: hermes devices list, then hermes devices unlink DEVICE.",
  ].join("\n");
}

const STATES = {
  joined: "you are in it",
  pending: "asked; it goes on by itself whenever Hermes runs here and one of its members is online",
  alone: "nobody else was in it; only another device of yours can bring it back",
} as const;
