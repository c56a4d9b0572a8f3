/**
 * The profile behind the screen: not made yet, locked, or open. Passphrases come from the page and are used at once;
 * the key stays in this process.
 *
 * 1. At most one session is open, and one of create, restore, unlock and lock runs at a time.
 * 2. While it is open, what happens is added to the stream of events; when that stops by itself, the profile is locked.
 */
import type { CallOptions, ProfileChoice, Profiles, Session } from "../cli/session.ts";
import type { ClientMethods } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import type { ProfileState } from "../client/view/screen-messages.ts";
import { Fault } from "../wire/fault.ts";
import { fixedPassphrase } from "./fixed-passphrase.ts";

/** What the keeper works with. */
export interface KeeperParts {
  readonly profiles: Profiles;
  readonly choice: ProfileChoice;
  /** For a new profile, from the settings. */
  readonly defaultRelays: readonly string[];
  /** A link that the program was started with. */
  readonly invite?: string | undefined;
  /** Everything that happens, from the first look on. */
  readonly happened: (event: ClientEvent) => void;
  /** Events were lost. */
  readonly lost: () => void;
  /** The profile was made, opened or locked. */
  readonly changed: (state: ProfileState) => void;
}

export interface ProfileKeeper {
  readonly state: () => ProfileState;
  readonly choice: ProfileChoice;
  readonly profiles: Profiles;
  /** `usage/not-allowed` while it is locked. */
  readonly session: () => Session;
  /** Opens it if there is one and its passphrase was given to the program. */
  readonly begin: () => Promise<void>;
  /** Runs what makes a profile, then opens it with the passphrase. */
  readonly make: <T>(passphrase: string, work: (choice: ProfileChoice) => Promise<T>) => Promise<T>;
  readonly unlock: (passphrase: string) => Promise<void>;
  readonly lock: () => Promise<void>;
  /** Leaves all groups and relays, and wipes the profile; `storage/busy` while another process has it open. */
  readonly leave: () => Promise<ClientMethods["account-leave"][1]>;
}

interface Open {
  readonly session: Session;
  readonly end: AbortController;
}

/** Looks whether there is a profile. */
export async function createProfileKeeper(parts: KeeperParts): Promise<ProfileKeeper> {
  const { profiles, choice, defaultRelays, invite, changed } = parts;
  let open: Open | undefined;
  let exists = await profiles.exists(choice.directory);
  const oneByOne = takingTurns();
  const state = (): ProfileState => ({
    phase: open ? "open" : exists ? "locked" : "new",
    directory: choice.directory,
    defaultRelays,
    ...(invite === undefined ? {} : { invite }),
  });
  const close = async (): Promise<void> => {
    const closing = open;
    if (closing === undefined) return;
    open = undefined;
    closing.end.abort();
    changed(state());
    await closing.session.close();
  };
  const openWith = async (passphrase: string): Promise<void> => {
    if (open !== undefined) return;
    const { opened, over } = await openFollowed(parts, passphrase);
    exists = true;
    open = opened;
    void over.then(() => (open === opened ? oneByOne(close) : undefined));
    changed(state());
  };
  return {
    begin: async () => {
      const supplied = exists ? await choice.passphrases.supplied() : undefined;
      if (supplied !== undefined) await openWith(supplied);
    },
    profiles,
    choice,
    state,
    session: () => open?.session ?? locked(),
    make: (passphrase, work) =>
      oneByOne(async () => {
        const made = await work({ ...choice, passphrases: fixedPassphrase(passphrase) });
        await openWith(passphrase);
        return made;
      }),
    unlock: (passphrase) => oneByOne(() => openWith(passphrase)),
    lock: () => oneByOne(close),
    leave: () =>
      oneByOne(async () => {
        const leaving = open ?? locked();
        const left = await leaveAll(leaving);
        open = undefined;
        leaving.end.abort();
        try {
          await leaving.session.close();
          await profiles.erase(choice.directory);
        } finally {
          exists = await profiles.exists(choice.directory);
          changed(state());
        }
        return left;
      }),
  };
}

/** One piece of work after the other, in the order in which they were asked for. */
function takingTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** Opens the profile; nobody asks for anything before what happens from then on is told. `over`: it is told no more. */
async function openFollowed(parts: KeeperParts, passphrase: string) {
  const { profiles, choice } = parts;
  const end = new AbortController();
  const session = await profiles.open({ ...choice, passphrases: fixedPassphrase(passphrase) }, end.signal);
  const opened: Open = { session, end };
  let over: Promise<"over"> = Promise.resolve("over");
  const begun = new Promise<"begun">((resolve) => {
    over = followFor(opened, parts, () => resolve("begun")).then(() => "over");
  });
  if ((await Promise.race([begun, over])) === "begun") return { opened, over };
  await session.close();
  throw gone();
}

async function leaveAll({ session }: Open): Promise<ClientMethods["account-leave"][1]> {
  if (!(await session.owns())) throw inUse();
  return await session.call("account-leave", { handOverAll: true });
}

/** Adds everything that happens to the stream, until the session is closed or cannot go on. */
async function followFor({ session, end }: Open, { happened, lost }: KeeperParts, begun: () => void): Promise<void> {
  let isFirst = true;
  const emit: CallOptions["emit"] = (event) => {
    if (event.event !== "following") return happened(event);
    if (isFirst) begun();
    else lost();
    isFirst = false;
  };
  while (!end.signal.aborted) {
    const stopped = await session.call("follow", {}, { emit, signal: end.signal }).catch((error: unknown) => error);
    if (stopped instanceof Error) return;
  }
}

function locked(): never {
  throw new Fault(
    "usage/not-allowed",
    "the profile is locked, so nothing was done; unlock it with its passphrase first.",
  );
}

function inUse(): Fault {
  return new Fault(
    "storage/busy",
    "another process has this profile open, so nothing was deleted; end it and try again.",
  );
}

function gone(): Fault {
  return new Fault("network/closed", "the process that has the profile open has just ended; try again.");
}
