/**
 * The one error class of Hermes. A fault is something wrong on our side of the fence (usage,
 * configuration, storage, network, a bug); whatever a peer or time can cause is a value instead.
 *
 * Invariant: messages never carry plaintext, keys, passphrases or names of people.
 */

/** Closed list of fault codes; the part before the slash decides the reaction (see ARCHITECTURE.md, "Faults"). */
export const FAULT_CODES = [
  "usage/bad-argument",
  "usage/not-found",
  "usage/ambiguous",
  "usage/not-allowed",
  "usage/too-long",
  "usage/bad-link",
  "usage/expired",
  "usage/wrong-passphrase",
  "usage/no-profile",
  "usage/profile-exists",
  "usage/cancelled",
  "config/invalid",
  "config/unreadable",
  "storage/full",
  "storage/busy",
  "storage/corrupt",
  "storage/too-new",
  "storage/failed",
  "network/unreachable",
  "network/refused",
  "network/timeout",
  "network/closed",
  "internal/encode",
  "internal/invariant",
] as const;

/** One of {@link FAULT_CODES}. */
export type FaultCode = (typeof FAULT_CODES)[number];

/** Codes of what is wrong in itself, whatever this machine, the profile and the network are like. */
const WRONG_AS_GIVEN: ReadonlySet<FaultCode> = new Set([
  "usage/bad-argument",
  "usage/too-long",
  "usage/bad-link",
  "config/invalid",
  "config/unreadable",
]);

/** With what a program ends that a fault ended: 2 where an argument or a setting was wrong, 1 where something failed. */
export function exitCodeOf(code: FaultCode): 1 | 2 {
  return WRONG_AS_GIVEN.has(code) ? 2 : 1;
}

/** What helps, where that is done otherwise at a terminal than at another screen: each says it in its own words. */
export const NEXT_STEPS = [
  "see-groups",
  "name-group",
  "see-members",
  "name-member",
  "see-change",
  "see-links",
  "see-files",
  "name-file",
  "see-devices",
  "see-relays",
  "ask-contact",
  "add-contact",
  "join-group",
  "hand-over",
  "leave",
  "restore",
  "be-reached",
  "sync",
] as const;

/** One of {@link NEXT_STEPS}. */
export type NextStep = (typeof NEXT_STEPS)[number];

/** An error with a closed code and a sentence for the user: cause, effect, and the next step, here or as `next`. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly next: NextStep | undefined;

  constructor(
    code: FaultCode,
    message: string,
    options?: { readonly cause?: unknown; readonly next?: NextStep | undefined },
  ) {
    super(message, options);
    this.code = code;
    this.next = options?.next;
  }
}

/** True for a {@link Fault}, optionally only for one with the given code. */
export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
