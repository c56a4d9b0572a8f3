/**
 * An open profile. Whoever gets the lock owns it: store, network and client run here, and others are served over the
 * local socket. Everybody else asks the owner; if the owner ends in the middle, the caller becomes the owner and
 * repeats its call under the same id, unless it would have to ask for a passphrase.
 *
 * 1. A passphrase that was supplied is checked, also when the owner would do without it.
 * 2. The lock is never held while somebody types a passphrase.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ClientCall, ClientMethod, ClientMethods } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import { callLocalSocket } from "../store/local-call.ts";
import { noProfileFault, profileExists } from "../store/profile-directory.ts";
import { eraseProfile, removeLock } from "../store/profile-erasure.ts";
import { acquireProfileLock, type OwnedByUs } from "../store/profile-lock.ts";
import { Fault, isFault } from "../wire/fault.ts";
import { cancelled, untilAborted } from "./cancellation.ts";
import { type Keys, keyOf } from "./compose-key.ts";
import type { Reach, ReachOptions } from "./compose-owner.ts";
import { eachMessageOnce } from "./messages-once.ts";
import type { ProfileChoice, Session } from "./session.ts";

/** How long an owner may take to start or to end (ms): a slow machine, a large profile. */
const OWNER_TIMEOUT_MS = 30_000;
/** Between two looks at the lock (ms). */
const LOOK_AGAIN_MS = 50;

/** See `Profiles.erase`. */
export async function eraseUnowned(directory: string): Promise<void> {
  const lock = await acquireProfileLock(directory);
  if (lock.kind === "owned") throw silentOwner(directory);
  await eraseProfile(directory).finally(lock.release);
  await removeLock(directory);
}

/** See `Profiles.inUse`. */
export async function isOwned(directory: string): Promise<boolean> {
  if (!(await profileExists(directory))) return false;
  const lock = await acquireProfileLock(directory);
  if (lock.kind === "owner") await lock.release();
  return lock.kind === "owned";
}

/** See `Profiles.open`. */
export async function openSession(choice: ProfileChoice, signal: AbortSignal): Promise<Session> {
  if (!(await profileExists(choice.directory))) throw noProfileFault(choice.directory);
  const keys = keyOf(choice);
  let reach = reachProfile(choice, keys, signal);
  await reach;
  const renew = async (lost: Reach): Promise<void> => {
    const current = await reach;
    if (current !== lost) return;
    await pause(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    await keys.checkSupplied();
    if (!keys.isKnown()) throw ownerGone();
    if ((await reach) === lost) reach = reachProfile(choice, keys, signal);
  };
  const call: Session["call"] = async (
    method,
    params,
    { id = randomUUID(), emit: show = () => undefined, shown = async () => true, signal: own = signal } = {},
  ) => {
    const emit = eachMessageOnce(show);
    const either = AbortSignal.any([signal, own]);
    let from: number | undefined;
    const taken: ReachOptions["taken"] = async (place) => {
      const isTaken = await shown();
      if (isTaken) from = place;
      return isTaken;
    };
    for (let triedSinceMs = Date.now(); ; ) {
      const current = await reach;
      const askedMs = Date.now();
      try {
        return await untilAborted(either, () =>
          current.call({ id, method, params }, { emit, taken, from, signal: either }),
        );
      } catch (error) {
        const isLost = current.kind === "guest" && isFault(error, "network/closed");
        if (Date.now() - askedMs > OWNER_TIMEOUT_MS) triedSinceMs = Date.now(); // it worked for long: not the same loss
        if (!isLost || Date.now() - triedSinceMs > OWNER_TIMEOUT_MS) throw error;
        await renew(current);
        if ((await reach).socketPath !== current.socketPath) triedSinceMs = Date.now(); // owners come and go
      }
    }
  };
  return {
    call,
    owns: async () => (await reach).kind === "owner",
    close: async () => await (await reach.catch(() => undefined))?.close(),
  };
}

async function reachProfile(choice: ProfileChoice, keys: Keys, signal: AbortSignal): Promise<Reach> {
  const sinceMs = Date.now();
  for (;;) {
    if (signal.aborted) throw cancelled();
    const lock = await acquireProfileLock(choice.directory);
    if (lock.kind === "owner") {
      if (keys.isKnown()) return await own(choice, keys, lock);
      await lock.release();
      await keys.dataKey();
      continue;
    }
    if (lock.socketPath !== undefined) {
      await keys.checkSupplied();
      return askOwner(lock.socketPath);
    }
    if (Date.now() - sinceMs > OWNER_TIMEOUT_MS) throw silentOwner(choice.directory);
    await pause(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** What an owner needs is loaded only by owners: most commands ask another process. */
async function own(choice: ProfileChoice, keys: Keys, lock: OwnedByUs): Promise<Reach> {
  try {
    const { openOwned } = await import("./compose-owner.ts");
    return await openOwned(choice, await keys.dataKey(), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function askOwner(socketPath: string): Reach {
  return {
    kind: "guest",
    socketPath,
    call: async <M extends ClientMethod>(
      { id, method, params }: ClientCall<M>,
      { emit, taken, from, signal }: ReachOptions,
    ) => {
      const onEvent = (event: unknown) => emit(event as ClientEvent);
      const request = { id, method, params, from };
      // The owner is a process of the same user and answers what its own client answers.
      return (await callLocalSocket(socketPath, request, { onEvent, taken, signal })) as ClientMethods[M][1];
    },
    close: async () => undefined,
  };
}

/** Not asked for here: somebody may be typing a message, which must not turn into a passphrase or the other way round. */
function ownerGone(): Fault {
  return new Fault(
    "network/closed",
    "the process that had the profile open has ended, and no passphrase was given with which this one could open it; run the command again.",
  );
}

function silentOwner(directory: string): Fault {
  return new Fault(
    "storage/busy",
    `another process uses the profile in ${directory} and does not answer, so nothing was done; end it, or wait and try again.`,
  );
}
