/**
 * Requests of one topic stream and their answers, from the holder's first frame to the stream's end.
 *
 * 1. Every request is answered, times out, or ends with the stream; nobody waits for ever.
 * 2. Nothing is asked before the holder has spoken, nor after the end.
 */
import { type ClientFrame, encodeClientFrame, type HolderFrame } from "../wire/topic-frames.ts";

/** What a holder answers to one request. */
export type Answer = Extract<
  HolderFrame,
  { readonly kind: "opened" | "appended" | "done" | "refused" | "pong" | "met" | "compared" | "got" }
>;
/** A request before it has its number. */
export type Request = Unnumbered<ClientFrame>;
type Unnumbered<F> = F extends { readonly id: number } ? Omit<F, "id"> : never;

export interface AskingOptions {
  /** Sends an encoded frame. */
  readonly send: (frame: Uint8Array) => void;
  /** How long an answer may take (ms). */
  readonly timeoutMs: number;
}

/** The requests under way. */
export class Asking {
  readonly #options: AskingOptions;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #nextId = 1;
  #state: "silent" | "open" | "over" = "silent";

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Whether something can be asked now. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** The holder has spoken. */
  begin(): void {
    if (this.#state === "silent") this.#state = "open";
  }

  /** The stream is over: whoever waits gets nothing. */
  end(): void {
    this.#state = "over";
    for (const answered of this.#waiting.values()) answered(undefined);
    this.#waiting.clear();
  }

  /**
   * The holder's answer, or `undefined` when the stream ended or it took too long.
   * @param atOnce called with the answer before any later frame is looked at
   */
  ask(request: Request, atOnce: (answer: Answer) => void = () => undefined): Promise<Answer | undefined> {
    if (!this.isOpen) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const id = this.#send(request);
      const timer = setTimeout(() => answered(undefined), this.#options.timeoutMs);
      const answered = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (answer) atOnce(answer);
        resolve(answer);
      };
      this.#waiting.set(id, answered);
    });
  }

  /** Sends what is not answered, or whose answer nobody waits for. */
  tell(request: Request): void {
    if (this.isOpen) this.#send(request);
  }

  /** One that nobody waits for is passed over. */
  answered(answer: Answer): void {
    this.#waiting.get(answer.id)?.(answer);
  }

  #send(request: Request): number {
    const id = this.#nextId;
    this.#nextId = (id % 0xffffffff) + 1;
    this.#options.send(encodeClientFrame({ ...request, id } as ClientFrame));
    return id;
  }
}
