/** What a call of the view model answers, asked when a component comes and again when told. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Failure, ScreenMethod, ScreenMethods } from "../../../client/view/screen-methods.ts";
import { failureOf } from "../failures.ts";
import { useScreen } from "../screen-context.ts";

export interface Answer<T> {
  readonly answer: T | undefined;
  readonly failure: Failure | undefined;
  readonly again: () => void;
}

/** `params` of the first time are kept. */
export function useAnswer<M extends ScreenMethod>(method: M, params: ScreenMethods[M][0]): Answer<ScreenMethods[M][1]> {
  const { model } = useScreen();
  const [answer, setAnswer] = useState<ScreenMethods[M][1]>();
  const [failure, setFailure] = useState<Failure>();
  const asked = useRef(params);
  const again = useCallback(() => {
    model.call(method, asked.current).then(setAnswer, (error) => setFailure(failureOf(error)));
  }, [model, method]);
  useEffect(again, [again]);
  return { answer, failure, again };
}
