/** How components reach the view model: what it shows, and what it can do. */
import { createContext, useContext, useRef, useSyncExternalStore } from "react";
import type { FileTransfer, ViewModel } from "../../client/view/view-api.ts";
import type { ViewState } from "../../client/view/view-state.ts";

/** What a page stands on. */
export interface Screen {
  readonly model: ViewModel;
  readonly files: FileTransfer;
}

export const ScreenContext = createContext<Screen | undefined>(undefined);

export function useScreen(): Screen {
  const screen = useContext(ScreenContext);
  if (!screen) throw new Error("No ScreenContext around this component");
  return screen;
}

/** A part of the state; `select` answers the same value until that part has changed. */
export function useView<T>(select: (state: ViewState) => T): T {
  const { model } = useScreen();
  const latest = useRef(select);
  latest.current = select;
  return useSyncExternalStore(model.subscribe, () => latest.current(model.state()));
}
