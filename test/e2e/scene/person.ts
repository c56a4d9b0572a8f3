/** Somebody with a profile, who types commands. Results are those of --json. */
import assert from "node:assert/strict";
import type { ClientMethods, MessageView } from "../../../src/client/api.ts";
import type { ClientEvent } from "../../../src/client/event-api.ts";
import type { Ended, HermesProcess } from "./hermes-process.ts";
import { withSessions } from "./prepared-people.ts";
import type { Environment, Place, Scene } from "./scene.ts";

type Result<M extends keyof ClientMethods> = ClientMethods[M][1];

/** A command that failed, as scripts see it. */
export interface Refusal {
  readonly exit: number | null;
  readonly code: string;
  readonly message: string;
}

/** A running `listen --json`. */
export interface Listener extends HermesProcess {
  readonly events: () => readonly ClientEvent[];
  /** Waits until it has begun to listen. */
  readonly ready: () => Promise<void>;
  /** Waits for an event; `index` counts all events since the start. */
  readonly event: <E extends ClientEvent["event"]>(
    kind: E,
    fits: (event: Extract<ClientEvent, { event: E }>, index: number) => boolean,
    ms?: number,
  ) => Promise<Extract<ClientEvent, { event: E }>>;
  /** Waits until exactly these texts have come in this order from this person; fails when another one comes. */
  readonly texts: (from: string, expected: readonly string[], ms?: number) => Promise<void>;
}

export interface Person {
  readonly name: string;
  /** Directory of the profile. */
  readonly profile: string;
  /** Runs a command to its end, with --json and this profile. */
  readonly run: (args: readonly string[], input?: string) => Promise<Ended>;
  /** The one object that a command answers; the command must succeed. */
  readonly ask: <T>(...args: readonly string[]) => Promise<T>;
  /** All objects that a command answers; the command must succeed. */
  readonly askAll: <T>(...args: readonly string[]) => Promise<readonly T[]>;
  /** The error that a command answers; the command must fail and say nothing else. */
  readonly refused: (args: readonly string[], input?: string) => Promise<Refusal>;
  /** Starts a command that stays. */
  readonly start: (args: readonly string[], input?: string | "open", env?: Environment) => HermesProcess;
  readonly listen: (...args: readonly string[]) => Listener;
  readonly whoami: () => Promise<Result<"whoami">>;
  /** Makes a group and answers its id. */
  readonly createGroup: (name: string) => Promise<string>;
  readonly invite: (group: string) => Promise<string>;
  /** Waits for the welcome for so many seconds. */
  readonly join: (link: string, waitS?: number) => Promise<Result<"group-join">>;
  readonly send: (group: string, text: string, ...args: readonly string[]) => Promise<Result<"send">>;
  /** All messages of a group but the system's lines, oldest first. */
  readonly history: (group: string) => Promise<readonly MessageView[]>;
  readonly status: () => Promise<Result<"status">>;
  readonly sync: () => Promise<Result<"sync">>;
}

/** Joining takes a second, and several on a busy machine. */
const JOIN_WAIT_S = 25;
/** More than any test writes. */
const ALL = "10000";

/** Who it is; with a passphrase, groups and links are made in the test's own process (prepared-people.ts), since they only prepare. */
export interface PersonChoice {
  readonly name: string;
  readonly place: Required<Place>;
  readonly passphrase: string | undefined;
}

export function createPerson(start: Scene["start"], { name, place, passphrase }: PersonChoice): Person {
  const { directory: profile, shellPrefix, env: own } = place;
  const begin: Person["start"] = (args, input, env = {}) =>
    start({
      args: [...args, "--profile", profile, "--json"],
      input,
      env: { ...own, ...env },
      shellPrefix: shellPrefix(),
    });
  const run: Person["run"] = (args, input) => begin(args, input).ended;
  const askAll = async <T>(...args: readonly string[]): Promise<readonly T[]> => {
    const { code, stdout, stderr, objects } = await run(args);
    assert.equal(code, 0, `hermes ${args.join(" ")} ended with ${code}\n${stdout}\n${stderr}`);
    return objects as readonly T[];
  };
  const ask = async <T>(...args: readonly string[]): Promise<T> => {
    const all = await askAll<T>(...args);
    assert.equal(all.length, 1, `hermes ${args.join(" ")} answered ${all.length} objects`);
    return all[0] as T;
  };
  const prepare = <M extends "whoami" | "group-create" | "group-invite">(
    method: M,
    params: ClientMethods[M][0],
    ...args: readonly string[]
  ): Promise<Result<M>> =>
    passphrase === undefined
      ? ask(...args)
      : withSessions({ directories: [profile], passphrase }, ([session]) => {
          assert(session);
          return session.call(method, params);
        });
  return {
    name,
    profile,
    run,
    ask,
    askAll,
    start: begin,
    refused: async (args, input) => refusalOf(await run(args, input), args),
    listen: (...args) => listenerOf(begin(["listen", ...args])),
    whoami: () => prepare("whoami", {}, "whoami"),
    createGroup: async (title) => (await prepare("group-create", { name: title }, "group", "create", title)).group.id,
    invite: async (group) => (await prepare("group-invite", { group }, "group", "invite", group)).link,
    join: (link, waitS = JOIN_WAIT_S) => ask("group", "join", link, "--wait", String(waitS)),
    send: (group, text, ...args) => ask("send", ...args, group, text),
    history: async (group) =>
      (await askAll<{ readonly message: MessageView }>("history", group, "--limit", ALL))
        .map(({ message }) => message)
        .filter(({ kind }) => kind !== "system"),
    status: () => ask("status"),
    sync: () => ask("sync"),
  };
}

function refusalOf({ code: exit, stdout, objects, stderr }: Ended, args: readonly string[]): Refusal {
  const where = `hermes ${args.join(" ").slice(0, 200)}\n${stdout.slice(0, 2_000)}\n${stderr.slice(0, 2_000)}`;
  assert.notEqual(exit, 0, `succeeded: ${where}`);
  assert.equal(objects.length, 1, `not one object: ${where}`);
  const { error } = objects[0] as { readonly error?: { readonly code: string; readonly message: string } };
  assert(error !== undefined, `no error object: ${where}`);
  assert.deepEqual(objects[0], { error: { code: error.code, message: error.message } });
  return { exit, ...error };
}

function listenerOf(process: HermesProcess): Listener {
  const events = (): readonly ClientEvent[] => process.objects as readonly ClientEvent[];
  return {
    ...process,
    events,
    ready: async () => {
      await process.until("its first event", (objects) => objects[0]);
    },
    event: (kind, fits, ms) =>
      process.until(
        `an event ${kind}`,
        () => {
          for (const [index, event] of events().entries()) {
            if (isOf(event, kind) && fits(event, index)) return event;
          }
          return undefined;
        },
        ms,
      ),
    texts: async (from, expected, ms) => {
      await process.until(
        `${expected.length} texts from ${from}, the last ${JSON.stringify(expected.at(-1)?.slice(0, 80))}`,
        () => (textsFrom(events(), from).length >= expected.length ? true : undefined),
        ms,
      );
      assert.deepEqual(textsFrom(events(), from), expected);
    },
  };
}

function isOf<E extends ClientEvent["event"]>(
  event: ClientEvent,
  kind: E,
): event is Extract<ClientEvent, { event: E }> {
  return event.event === kind;
}

function textsFrom(events: readonly ClientEvent[], from: string): readonly string[] {
  return events.flatMap((event) =>
    event.event === "message" && event.message.from.name === from ? [event.message.text] : [],
  );
}

/** Texts of one person in a history, in its order. */
export function textsBy(messages: readonly MessageView[], from: string): readonly string[] {
  return messages.filter((message) => message.from.name === from).map(({ text }) => text);
}
