/**
 * What a web screen may ask beside the client's own methods: the profile around the client, answered by the process
 * that serves the screen. Passphrases and recovery words travel over its loopback socket and nowhere else.
 */
import type { ClientMethods } from "../api.ts";
import type { RelayView } from "../relay-api.ts";

/** Method name -> [parameters, result]. Every method rejects with a {@link Failure}. */
export interface ProfileMethods {
  /** Makes the profile and opens it. `recoveryWords`: 24 words that are shown once. */
  "profile-create": [
    { name: string; passphrase: string; relays: readonly string[] },
    { account: string; fingerprint: string; recoveryWords: string },
  ];
  /** A new device of the account of these words, in a profile that is opened. `name` left out: that of before. */
  "profile-restore": [
    { words: string; name?: string; passphrase: string; relays: readonly string[] },
    { account: string; fingerprint: string; name: string },
  ];
  /** `usage/wrong-passphrase`; after five wrong ones in a row `usage/not-allowed` for half a minute. */
  "profile-unlock": [{ passphrase: string }, Record<never, never>];
  /** Closes the profile on all tabs. */
  "profile-lock": [Record<never, never>, Record<never, never>];
  /** See `account-leave`; groups that one owns are handed over, and the profile is wiped. `name`: one's own, to be sure.
   * `storage/busy`, and nothing is done, while another process has the profile open. */
  "account-delete": [{ name: string }, ClientMethods["account-leave"][1]];
  /** Wrong ones are counted as those of `profile-unlock` are. */
  "passphrase-change": [{ from: string; to: string }, Record<never, never>];
  "recovery-show": [{ passphrase: string }, { recoveryWords: string }];
  /** Whether these are the words of this profile's account; `reason`: what is wrong with them otherwise, as a sentence. */
  "recovery-check": [{ words: string }, { matches: boolean; reason?: string }];
  /** Whether something answers at a relay's address. */
  "relay-try": [{ address: string }, { state: RelayView["state"]; reason?: string }];
  /** Bytes on this machine's disk: of the profile's database, and of files kept beside it. */
  storage: [Record<never, never>, { databaseBytes: number; filesBytes: number }];
}

/** Everything that a screen may call. */
export interface ScreenMethods extends ClientMethods, ProfileMethods {}

export type ScreenMethod = keyof ScreenMethods;

/** Why a call was not carried out: a fault's code, a sentence for people, and what helps, which the screen says in its own words. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next?: string;
}
