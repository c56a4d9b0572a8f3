/**
 * What a screen knows of profiles: make one, open one, call its client. The parts behind it are put together in
 * compose-profile.ts and compose-session.ts.
 */
import type { ClientMethod, ClientMethods } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import type { RecoveryReading } from "../client/recovery.ts";

/** Where passphrases come from; asked only when one is needed. */
export interface Passphrases {
  /** Given without a question (environment or file), or `undefined`. */
  readonly supplied: () => Promise<string | undefined>;
  /** The supplied one, else from the terminal. Never empty. */
  readonly known: () => Promise<string>;
  /** The supplied one, else from the terminal, typed twice. Never empty. */
  readonly chosen: () => Promise<string>;
  /** Tells whoever typed it that it was not right and that there is another go. */
  readonly refused: () => void;
}

/** Which profile, and how to reach what it needs. */
export interface ProfileChoice {
  readonly directory: string;
  readonly passphrases: Passphrases;
  /** Multiaddrs that are used beside the profile's own, for this run only. */
  readonly relays: readonly string[];
  /** True: no relay is connected to. */
  readonly noRelay?: boolean;
  /** How other members are reached directly: where we listen, where they may be, whether the LAN is asked; undefined: not at all. */
  readonly members?: {
    readonly listen: readonly string[];
    readonly addresses: readonly string[];
    readonly discover: boolean;
  };
  /** Sent to relays that ask for one; empty for none. */
  readonly accessToken: string;
  /** Where fetched files go (absolute), and up to which size (bytes) they are fetched unasked; undefined: no files. */
  readonly files?: { readonly downloads: string; readonly automaticBytes: number };
  /** Cost of Argon2id for a new key file. */
  readonly kdf: { readonly memoryKiB: number; readonly passes: number };
}

/** What `init` answers; `recovery`: 24 words. */
export interface CreatedProfile {
  readonly account: string;
  readonly fingerprint: string;
  readonly device: string;
  readonly name: string;
  readonly recovery: string;
}

/** With what `recovery restore` comes back. */
export interface Restoring {
  readonly words: string;
  /** Name to show to others; left out: that of before. */
  readonly name: string | undefined;
  /** The account that the words have to stand for, or the beginning of its id. */
  readonly account: string | undefined;
  /** How long to wait to be let into groups (ms). */
  readonly waitMs: number | undefined;
}

/** What `recovery restore` answers. `alone`: nobody else was in that group, so it may be lost. */
export interface RestoredProfile {
  readonly account: string;
  readonly fingerprint: string;
  readonly device: string;
  readonly name: string;
  readonly groups: readonly {
    readonly group: { readonly id: string; readonly name: string };
    readonly state: "joined" | "pending" | "alone";
  }[];
}

/** All may be left out. */
export interface CallOptions {
  /** Under which a message or file is sent once, however often the call is repeated (1 to 100 characters); left out: a random one. */
  readonly id?: string;
  /** Takes the events of `listen`. */
  readonly emit?: (event: ClientEvent) => void;
  /** Resolves with whether these have reached whoever is to see them: only then are messages read. Left out: they have. */
  readonly shown?: () => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** An open profile: either this process owns it, or it asks the process that does. */
export interface Session {
  /** Rejects with a `Fault`; `usage/cancelled` when its signal or the session's aborts. */
  readonly call: <M extends ClientMethod>(
    method: M,
    params: ClientMethods[M][0],
    options?: CallOptions,
  ) => Promise<ClientMethods[M][1]>;
  /** Whether this process is the one that has the profile open; it may become that later. */
  readonly owns: () => Promise<boolean>;
  /** Finishes what is being written and gives the profile free. */
  readonly close: () => Promise<void>;
}

/** All that commands do with profiles. */
export interface Profiles {
  /** Throws `usage/profile-exists`, `usage/bad-argument`, `usage/wrong-passphrase` or a storage fault; then nothing was made. */
  readonly create: (choice: ProfileChoice, name: string) => Promise<CreatedProfile>;
  readonly open: (choice: ProfileChoice, signal: AbortSignal) => Promise<Session>;
  readonly exists: (directory: string) => Promise<boolean>;
  /** Takes a profile away that nobody has open; `storage/busy` otherwise. */
  readonly erase: (directory: string) => Promise<void>;
  /** True while a process owns it. */
  readonly inUse: (directory: string) => Promise<boolean>;
  /** Asks for the present passphrase, then for `chosen`, and puts the profile under that one, whoever has it open. */
  readonly changePassphrase: (choice: ProfileChoice, chosen: () => Promise<string>) => Promise<void>;
  /** The 24 words of the profile's account. Asks for the passphrase, also when somebody has the profile open. */
  readonly recoveryWords: (choice: ProfileChoice) => Promise<string>;
  /** Makes a new device of the account of these words. Throws as `create` does, and `usage/not-allowed` for words that are wrong,
   * `usage/not-found` when no relay has anything of the account, `network/unreachable`; then nothing was made. */
  readonly restore: (choice: ProfileChoice, given: Restoring) => Promise<RestoredProfile>;
  /** Whose words these are. */
  readonly readRecoveryWords: (text: string) => Promise<RecoveryReading>;
  /** Whether this is a whole link into a group, neither cut nor mistyped. */
  readonly isInvite: (text: string) => Promise<boolean>;
  /** The operating system's place for a profile. */
  readonly defaultDirectory: () => string;
}
