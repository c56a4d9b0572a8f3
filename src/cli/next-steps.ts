/** What to do about a failure, in commands: the client says what is wrong, and each screen how it is mended there. */
import type { NextStep } from "../wire/fault.ts";

const STEPS: Readonly<Record<NextStep, string>> = {
  "see-groups": "`hermes group list` shows those there are",
  "name-group": "use an id from `hermes group list --json` instead",
  "see-members": "`hermes group info` shows who is in it, and what they may do",
  "name-member": "use an account id from `hermes group info --json` instead",
  "see-change": "`hermes group info` says by whom and when, and an admin can add you again",
  "see-links": "`hermes group invites` shows their ids",
  "see-files": "`hermes files` shows those it has",
  "name-file": "use an id from `hermes files --json` instead",
  "see-devices": "`hermes devices list` shows those it has",
  "see-relays": "`hermes relays`, or `hermes group relays G`, shows those there are",
  "ask-contact": "`hermes whoami` of that person shows the link",
  "add-contact": "`hermes group add` takes it, in a group of yours",
  "join-group": "`hermes group join` takes it",
  "hand-over": "hand them over with `hermes group role G MEMBER owner`, or give --hand-over-all",
  leave: "`hermes group leave` takes you out",
  restore: "go on there, or make a new profile with `hermes recovery restore`",
  "be-reached": "leave out --no-listen, or give the group a relay with `hermes group relays`",
  sync: "run `hermes sync` and try again",
};

/** The sentence of a fault, with what to do next. */
export function advice({ message, next }: { readonly message: string; readonly next?: NextStep | undefined }): string {
  return next === undefined ? message : `${message}: ${STEPS[next]}`;
}
