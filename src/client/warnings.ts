/** What warnings say to people: cause, effect, next step. */
import type { WarningCode } from "../protocol/effects.ts";
import { UNASKED_GROUPS_MAX } from "../protocol/unasked-groups.ts";
import type { JoinRefusal } from "../wire/join-request.ts";

const TEXTS: Readonly<Record<WarningCode, string>> = {
  forged: "something arrived that no member signed; it was dropped and nothing was lost",
  malformed:
    "something arrived that is not in any format of Hermes; it was dropped: perhaps someone uses a newer version",
  fork: "one device contradicted itself: two different messages under one number, or more after its last one; they are not shown, and proof is kept: ask its owner whether the device was copied",
  "restored-state":
    "this profile is older than what this device has already sent, as after restoring a copy; sending goes on under fresh keys: use one copy only",
  "too-far-ahead": "a message is too far ahead of what was received before it, so it cannot be read yet",
  "given-up":
    "more than 2,000 messages of somebody have been missing for two weeks, so their keys were erased: should they still come, they cannot be read on this device",
  refused: "a relay refused one of our envelopes for good; it was dropped",
  undeliverable:
    "a letter to somebody's device was dropped, since no relay has known that device's inbox for a week: ask its owner to start Hermes, and which relay they use",
  "password-guessed":
    "somebody who has a link to this group tries passwords, so nobody comes in by that link for an hour: close it with hermes group revoke, and see hermes group invites",
  "removed-asks":
    "somebody who was removed from the group asks to join it again; hermes group add lets them in, and nothing else does",
  "own-new-device":
    "your account has another device, made with its recovery words; if that was not you, somebody else has them: unlink it (hermes devices list) and warn your groups",
  "own-unlinked":
    "another device of your account has unlinked this one, so it is out of your groups; if that was not you, somebody else has your recovery words",
  "verified-name-other-key":
    "somebody has the name of a person whom you verified, but another account key: do not trust it before you have compared fingerprints (hermes verify)",
  "verified-new-device":
    "a person whom you verified has a device that you have not met yet; if they know nothing of it, somebody else has their account key: ask them in person",
  withdrawn:
    "a message of somebody who was removed, or from a device that was unlinked, is shown no more, since nobody who stayed is known to have seen it in time; it comes back if somebody has",
  "relay-untrue":
    "a relay left out or changed what it had acknowledged, or went back; nothing is lost that others have, and what shows it is kept: hermes doctor says which relay, and --evidence FILE saves it",
  "false-chunks":
    "somebody gave other bytes than those of a file; they were thrown away, nothing false is saved, and the rest comes from others",
  "unasked-groups-full": `somebody added you to a group, and this device did not go in: it is in ${UNASKED_GROUPS_MAX} groups already that people whom you have not verified put you into and in which you wrote nothing; leave some of them or write there, then whoever added you can remove you and add you again`,
  "waiting-room-full":
    "too many membership changes wait for earlier ones that have not come; further ones are dropped until those arrive",
};

export const warningText = (code: WarningCode): string => TEXTS[code];

/** Why we are not let into a group, and how many tries at its password are left. */
export interface Refusal {
  readonly reason: JoinRefusal;
  readonly triesLeft: number;
}

/** What a joiner is told who is not let in. */
export function refusalText({ reason, triesLeft }: Refusal): string {
  switch (reason) {
    case "expired":
      return "this invite has expired, so nobody will let you in with it: ask for a new link";
    case "revoked":
      return "this invite was closed, so nobody will let you in with it: ask for a new link";
    case "usedUp":
      return "this invite has let in as many as it was made for, so nobody will let you in with it: ask for a new link";
    case "removed":
      return "you were removed from this group before, so no link lets you in: its admins were told that you ask, and can add you";
    case "wrongPassword":
      return `wrong room password, ${triesLeft} ${triesLeft === 1 ? "try" : "tries"} left: ask whoever sent the link`;
    case "paused":
      return "too many wrong tries, so you are not let in now: try again in an hour";
    default:
      return reason satisfies never;
  }
}
