/** What was typed in a group and not sent: kept in the profile, a moment after the last key. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useScreen } from "../screen-context.ts";

/** Pause in typing after which a draft is kept (ms). */
const PAUSE_MS = 500;

export interface Draft {
  readonly text: string;
  readonly change: (text: string) => void;
  readonly clear: () => void;
}

export function useDraft(group: string): Draft {
  const { model } = useScreen();
  const [text, setText] = useState(() => model.state().groups.find(({ id }) => id === group)?.draft ?? "");
  /** What is not kept yet. */
  const unkept = useRef<string>(undefined);
  const keep = useCallback(() => {
    if (unkept.current !== undefined) model.saveDraft(group, unkept.current);
    unkept.current = undefined;
  }, [model, group]);
  useEffect(() => keep, [keep]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change begins the pause anew
  useEffect(() => {
    const timer = setTimeout(keep, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, keep]);
  const change = (next: string) => {
    unkept.current = next;
    setText(next);
  };
  const clear = () => {
    change("");
    keep();
  };
  return { text, change, clear };
}
