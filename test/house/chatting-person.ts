/** A person with a profile and an open chat in this process, over the real store and network. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { chatIn } from "../../src/cli/chat.ts";
import type { CommandContext, Surroundings } from "../../src/cli/command.ts";
import { fileTools } from "../../src/cli/compose-files.ts";
import { profiles } from "../../src/cli/compose-profiles.ts";
import { outputTo } from "../../src/cli/output.ts";
import { passphrasesFrom } from "../../src/cli/passphrase.ts";
import type { ProfileChoice, Session } from "../../src/cli/session.ts";
import type { GroupName } from "../../src/client/api.ts";

/** Somebody at a terminal that is a pipe. */
export interface ChattingPerson {
  readonly session: Session;
  readonly openChat: (group: GroupName) => void;
  readonly type: (line: string) => void;
  /** Resolves when the screen shows this text. */
  readonly sees: (text: string) => Promise<void>;
  /** Ends the chat and the profile. */
  readonly leave: () => Promise<void>;
}

/** Makes a profile and opens it. */
export async function chattingPerson(name: string, relay: string): Promise<ChattingPerson> {
  const directory = await mkdtemp(join(tmpdir(), "hermes-hops-"));
  const choice: ProfileChoice = {
    directory: join(directory, "profile"),
    passphrases: passphrasesFrom({ env: { HERMES_PASSPHRASE: "for a test" }, file: undefined, terminal: undefined }),
    relays: [relay],
    accessToken: "",
    kdf: { memoryKiB: 8_192, passes: 1 },
  };
  await profiles.create(choice, name);
  const stop = new AbortController();
  const session = await profiles.open(choice, stop.signal);
  const keyboard = new PassThrough();
  const screen = pipedScreen();
  let chat: Promise<void> = Promise.resolve();
  return {
    session,
    openChat: (group) => {
      chat = chatIn(context(choice, { keyboard, print: screen.print, signal: stop.signal }), session, group);
    },
    type: (line) => keyboard.write(`${line}\n`),
    sees: screen.shows,
    leave: async () => {
      keyboard.end();
      await chat;
      await session.close();
      await rm(directory, { recursive: true });
    },
  };
}

function pipedScreen() {
  let shown = "";
  let changed: () => void = () => undefined;
  return {
    print: (text: string): void => {
      shown += text;
      changed();
    },
    shows: async (text: string): Promise<void> => {
      while (!shown.includes(text)) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
  };
}

interface Ends {
  readonly keyboard: PassThrough;
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

function context(choice: ProfileChoice, { keyboard, print, signal }: Ends): CommandContext {
  const streams = { stdout: print, stderr: print };
  const surroundings: Surroundings = {
    env: {},
    stdin: keyboard as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    streams,
    terminal: undefined,
    profiles,
    files: fileTools,
    relay: async () => 1,
    program: [],
    root: "",
    signal,
  };
  const given = { operands: [], options: new Map<string, string[]>() };
  return {
    given,
    output: outputTo(streams, "human"),
    choice,
    newProfileRelays: [],
    table: { commands: [], common: {} },
    surroundings,
  };
}
