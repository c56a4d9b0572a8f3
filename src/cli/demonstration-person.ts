/** One person of the demonstration: a profile, and while present a process of their own that chats. */
import { join } from "node:path";
import { Fault } from "../wire/fault.ts";
import { type HermesProcess, type OutputLine, type ProcessOptions, startHermes } from "./hermes-process.ts";

/** Most time that anything in the demonstration takes (ms), on a busy machine. */
export const PATIENCE_MS = 25_000;

/** What all people of one demonstration share. */
export interface Stage {
  readonly directory: string;
  readonly options: ProcessOptions;
  readonly signal: AbortSignal;
  /** Every process that was started, to be ended whatever happens. */
  readonly started: HermesProcess[];
}

/** Someone. */
export interface Person {
  readonly name: string;
  /** Runs one command to its end; answers its first line of output. */
  readonly run: (...args: readonly string[]) => Promise<OutputLine>;
  /** Opens a chat, a process that stays; resolves when it has reached the relay. */
  readonly arrive: (group: string) => Promise<void>;
  /** Ends that process. */
  readonly leave: () => Promise<void>;
  /** Types a line in the chat; resolves when it is in the outbox. */
  readonly say: (text: string) => Promise<void>;
  /** Resolves when this text from that person has come to the chat; `network/timeout` after so many ms. */
  readonly hear: (from: string, text: string, timeoutMs?: number) => Promise<void>;
}

/** A process of the demonstration, which its end will end too. */
export function startOn(stage: Stage, args: readonly string[]): HermesProcess {
  const started = startHermes(args, stage.options);
  stage.started.push(started);
  return started;
}

/** Someone whose profile lies on the stage. */
export function person(stage: Stage, name: string): Person {
  const { signal } = stage;
  const profile = ["--profile", join(stage.directory, name.split(" ")[0]?.toLowerCase() ?? name), "--json"];
  let chat: HermesProcess | undefined;
  /** Lines typed in the present chat, each of which is answered in turn. */
  let said = 0;
  const waiting = (what: string) => ({ what: `${name}: ${what}`, timeoutMs: PATIENCE_MS, signal });
  const present = () => {
    if (chat === undefined) throw new Fault("internal/invariant", `${name} is not here`);
    return chat;
  };
  return {
    name,
    run: async (...args) => {
      const command = startOn(stage, [...args, ...profile]);
      const line = await command.waitFor((each) => each, waiting(`hermes ${args.slice(0, 2).join(" ")}`));
      if (line["error"] !== undefined) throw refusal(name, line);
      await command.ended;
      return line;
    },
    arrive: async (group) => {
      chat = startOn(stage, ["chat", group, ...profile]);
      said = 0;
      await chat.waitFor(isConnected, waiting("connecting"));
    },
    leave: async () => {
      await present().end();
      chat = undefined;
    },
    say: async (text) => {
      said++;
      let answered = 0;
      present().write(text);
      await present().waitFor(
        (line) => (isAnswer(line) && ++answered === said ? true : undefined),
        waiting(`sending ${JSON.stringify(text)}`),
      );
    },
    hear: async (from, text, timeoutMs = PATIENCE_MS) => {
      const getting = { ...waiting(`getting ${JSON.stringify(text)}`), timeoutMs };
      await present().waitFor((line) => isMessage(line, from, text), getting);
    },
  };
}

function refusal(name: string, { error }: OutputLine): Fault {
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
  return new Fault("internal/invariant", `${name} was refused: ${message}`);
}

/** The result of a `send`. */
function isAnswer(line: OutputLine): boolean {
  return line["event"] === undefined && line["state"] !== undefined;
}

function isConnected(line: OutputLine): true | undefined {
  const relay = line["event"] === "status" ? (line["relay"] as { readonly state: string }) : undefined;
  return relay?.state === "connected" ? true : undefined;
}

function isMessage(line: OutputLine, from: string, text: string): true | undefined {
  if (line["event"] !== "message") return undefined;
  const message = line["message"] as { readonly from: { readonly name: string }; readonly text: string };
  return message.from.name === from && message.text === text ? true : undefined;
}
