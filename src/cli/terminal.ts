/**
 * Questions at a terminal, read key by key in raw mode.
 *
 * 1. The terminal is restored however a question ends.
 * 2. What was typed ahead, after the Enter that ends an answer, stays for the next question.
 * 3. Ctrl-C rejects with {@link Interrupted}; Ctrl-D on an empty line too.
 */
import { StringDecoder } from "node:string_decoder";
import type { ReadStream } from "node:tty";

/** Somebody pressed Ctrl-C at a question or in the middle of the demonstration (exit code 130). */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A terminal to ask at. */
export interface Terminal {
  readonly input: Pick<ReadStream, "setRawMode" | "on" | "off" | "resume" | "pause" | "unshift">;
  /** Prompts go here: never to standard output, which carries results. */
  readonly write: (text: string) => void;
}

/** How an answer appears while it is typed. */
export type Echo = "visible" | "hidden";

/** What the keys typed so far have made of an answer. */
type Typed =
  | { readonly kind: "typing"; readonly text: string }
  | { readonly kind: "entered"; readonly text: string; readonly rest: string }
  | { readonly kind: "interrupted" };

/** Asks once; answers what was typed before Enter, without trimming. */
export function ask({ input, write }: Terminal, question: string, echo: Echo): Promise<string> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  input.setRawMode(true); // before the question: whoever answers at once is not shown either
  write(question);
  return new Promise<string>((resolve, reject) => {
    const finish = (settle: () => void) => {
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
      input.setRawMode(false);
      write("\n");
      settle();
    };
    const onEnd = () => finish(() => reject(new Interrupted()));
    const onData = (chunk: Buffer | string) => {
      const before = text;
      const typed = type(text, typeof chunk === "string" ? chunk : decoder.write(chunk));
      if (typed.kind !== "interrupted") text = typed.text;
      if (echo === "visible") write(redraw(before, text));
      if (typed.kind === "interrupted") finish(() => reject(new Interrupted()));
      if (typed.kind !== "entered") return;
      finish(() => resolve(text));
      if (typed.rest !== "") input.unshift(Buffer.from(typed.rest, "utf8"));
    };
    input.on("data", onData);
    input.on("end", onEnd);
    input.resume();
  });
}

function type(before: string, keys: string): Typed {
  let text = before;
  let at = 0;
  for (const key of keys) {
    at += key.length;
    if (key === "\r" || key === "\n") return { kind: "entered", text, rest: keys.slice(at) };
    if (key === "\x03" || (key === "\x04" && text === "")) return { kind: "interrupted" };
    if (key === "\x7f" || key === "\b") text = Array.from(text).slice(0, -1).join("");
    else if (key === "\x15") text = "";
    else if (key >= " ") text += key;
  }
  return { kind: "typing", text };
}

/** Takes back what changed and writes it anew; letters of one column each are enough for a name. */
function redraw(before: string, after: string): string {
  if (after.startsWith(before)) return after.slice(before.length);
  return "\b \b".repeat(Array.from(before).length) + after;
}
