/** Doing something that may fail: what is under way, and what went wrong. */
import { useState } from "react";
import type { Failure } from "../../client/view/screen-methods.ts";
import { words } from "./words.ts";

/** What a rejected call of the view model says; anything else is told as it is. */
export function failureOf(error: unknown): Failure {
  const { code, message, next } = (error ?? {}) as Partial<Failure>;
  return { code: code ?? "internal/unknown", message: message ?? String(error), ...(next ? { next } : {}) };
}

/** What is shown of a failure: what the client says, and where on this screen it is mended. */
export function failureText({ message, next }: Pick<Failure, "message" | "next">): string {
  const step = next === undefined ? undefined : words.failures.next[next];
  return step ? `${sentence(message)} ${step}` : sentence(message);
}

/** One action of a form or button. */
export interface Action {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Runs `work` unless something runs; resolves with whether it went well. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly forget: () => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure(failureOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run, forget: () => setFailure(undefined) };
}

/** What a failure or warning says, as a sentence: a capital letter first, a full stop last. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const capital = trimmed.slice(0, 1).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
