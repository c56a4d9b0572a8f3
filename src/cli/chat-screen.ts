/** Lines in, lines out, at a terminal and without one. */
import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";
import type { Surroundings } from "./command.ts";
import { linesOf } from "./standard-input.ts";

/** What a chat is shown on. */
export interface ChatScreen {
  /** Ends with the input, with Ctrl-C, Ctrl-D and the signal. */
  readonly lines: AsyncIterable<string>;
  /** Shows text above the line that is being typed. */
  readonly print: (text: string) => void;
  /** Shows how far something is, before the line that is being typed; empty: nothing. At a terminal only. */
  readonly progress: (text: string) => void;
  /** Gives the terminal back. */
  readonly close: () => void;
}

/** The terminal when input and output are one and people read it, else plain lines. */
export function openScreen(surroundings: Surroundings & { readonly isHuman: boolean }): ChatScreen {
  const { terminal, stdout, isHuman } = surroundings;
  return terminal !== undefined && stdout.isTTY && isHuman ? terminalScreen(surroundings) : plainScreen(surroundings);
}

function plainScreen({ stdin, streams, signal, isHuman }: Surroundings & { readonly isHuman: boolean }): ChatScreen {
  return {
    lines: linesOf(stdin, signal),
    // with --json standard output belongs to the events
    print: (text) => (isHuman ? streams.stdout : streams.stderr)(`${text}\n`),
    progress: () => undefined,
    close: () => undefined,
  };
}

const PROMPT = "> ";

function terminalScreen({ stdin, stdout, signal }: Surroundings): ChatScreen {
  const reader = createInterface({ input: stdin, output: stdout, prompt: PROMPT });
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    signal.removeEventListener("abort", close);
    reader.close();
    stdout.write("\n");
  };
  reader.once("close", close);
  reader.on("SIGINT", close);
  signal.addEventListener("abort", close, { once: true });
  reader.on("line", () => reader.prompt());
  return {
    lines: reader,
    print: (text) => {
      if (!isOpen) return;
      const { rows } = reader.getCursorPos(); // what is typed may be longer than the terminal is wide
      moveCursor(stdout, 0, -rows);
      cursorTo(stdout, 0);
      clearScreenDown(stdout);
      stdout.write(`${text}\n${"\n".repeat(rows)}`);
      reader.prompt(true); // with what was typed so far; it goes up by as many rows as there were
    },
    progress: (text) => {
      if (!isOpen) return;
      reader.setPrompt(`${text === "" ? "" : `[${text}] `}${PROMPT}`);
      reader.prompt(true);
    },
    close,
  };
}
