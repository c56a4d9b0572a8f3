/**
 * What a test file plays in: a directory of its own, relays and people in it, and an end that leaves nothing behind.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HermesProcess, type Launch, startHermes } from "./hermes-process.ts";
import { createPerson, type Person } from "./person.ts";
import { prepareProfile } from "./prepared-people.ts";
import { createRelay, type Relay } from "./relay.ts";

/** The passphrase of every profile here, but where a test says otherwise. */
export const PASSPHRASE = "seven-otters-juggle-lanterns";

/** Where data lies, and a shell prefix for the processes that write it (see {@link Launch}). */
export interface Place {
  readonly directory?: string;
  readonly shellPrefix?: () => string | undefined;
  /** Beside that of the scene, for a person's commands. */
  readonly env?: Environment;
}

/** What is `undefined` is taken away from the scene's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Scene {
  /** Removed at the end. */
  readonly directory: string;
  /** Environment of every process here. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts a command that is killed at the end, if it still runs. */
  readonly start: (launch: Omit<Launch, "env"> & { readonly env?: Environment }) => HermesProcess;
  /** A relay that is ready. */
  readonly relay: (place?: Place & { readonly args?: readonly string[] }) => Promise<Relay>;
  /** Somebody with a new profile, made by `init` where the place has a shell or an environment; `relays` are addresses. */
  readonly person: (name: string, relays: readonly string[], place?: Place) => Promise<Person>;
  /** Somebody without a profile yet. */
  readonly stranger: (name: string, place?: Place) => Person;
  readonly end: () => Promise<void>;
}

/** An empty scene. The directory's path is short: local sockets live in it. */
export async function openScene(): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "hermes-e2e-"));
  const running = new Set<HermesProcess>();
  const env = {
    HOME: directory,
    TMPDIR: directory,
    XDG_RUNTIME_DIR: directory,
    HERMES_PASSPHRASE: PASSPHRASE,
    // the least that is allowed: these tests are not about guessing passphrases
    HERMES_KDF_MEMORY_KIB: "8192",
    HERMES_KDF_PASSES: "1",
    // other tests run on this machine, too
    HERMES_NO_MDNS: "1",
    HERMES_NO_LISTEN: "1",
  };
  const start: Scene["start"] = (launch) => {
    const one = startHermes({ ...launch, env: given({ ...env, ...launch.env }) });
    running.add(one);
    one.ended.then(() => running.delete(one));
    return one;
  };
  let places = 0;
  const placeOf = ({ directory: chosen, shellPrefix, env: own = {} }: Place): Required<Place> => ({
    directory: chosen ?? join(directory, `data-${++places}`),
    shellPrefix: shellPrefix ?? (() => undefined),
    env: own,
  });
  /** Nothing stands between the profile and the test's own process. */
  const isPlain = ({ shellPrefix, env: own }: Place): boolean => shellPrefix === undefined && own === undefined;
  const stranger: Scene["stranger"] = (name, place = {}) =>
    createPerson(start, { name, place: placeOf(place), passphrase: isPlain(place) ? PASSPHRASE : undefined });
  return {
    directory,
    env,
    start,
    relay: (place = {}) => createRelay(start, { ...placeOf(place), args: place.args ?? [] }),
    stranger,
    person: async (name, relays, place = {}) => {
      const one = stranger(name, place);
      if (isPlain(place)) await prepareProfile({ directory: one.profile, passphrase: PASSPHRASE }, { name, relays });
      else await one.ask("init", "--name", name, ...relays.flatMap((address) => ["--relay", address]));
      return one;
    },
    end: async () => {
      for (const one of [...running]) {
        one.signal("SIGKILL");
        await one.ended;
      }
      await rm(directory, { recursive: true });
    },
  };
}

function given(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
