/** What was done or went wrong somewhere else than where one looks, for a moment; and what only a screen reader tells. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { words } from "../words.ts";
import { IconButton } from "./button.tsx";

/** How long a toast stands (ms): long enough to read two lines. */
const TOAST_MS = 7_000;
/** Toasts at once; older ones go. */
const TOASTS_MAX = 3;

interface Toast {
  readonly id: number;
  readonly text: string;
}

interface Announcer {
  /** Shown, and read out. */
  readonly toast: (text: string) => void;
  /** Read out only. */
  readonly announce: (text: string) => void;
}

const AnnouncerContext = createContext<Announcer>({ toast: () => undefined, announce: () => undefined });
export const useAnnouncer = (): Announcer => useContext(AnnouncerContext);

let latest = 0;

export function Toasts({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [heard, setHeard] = useState("");
  const announcer = useMemo<Announcer>(
    () => ({
      toast: (text) => setToasts((before) => [...before, { id: ++latest, text }].slice(-TOASTS_MAX)),
      announce: setHeard,
    }),
    [],
  );
  const box = useOnTop(toasts);
  const end = useCallback((id: number) => setToasts((before) => before.filter((toast) => toast.id !== id)), []);
  return (
    <AnnouncerContext value={announcer}>
      {children}
      <div className="heard-only" role="log" aria-live="polite">
        {heard}
      </div>
      <div ref={box} popover="manual" className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <ToastLine key={toast.id} toast={toast} onEnd={end} />
        ))}
      </div>
    </AnnouncerContext>
  );
}

/** Above everything, also a dialog that was opened later: what is opened last in the browser's top layer is seen. */
function useOnTop(toasts: readonly Toast[]) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    const isOpen = () => element?.matches(":popover-open") === true;
    if (isOpen() && toasts.length > 0 && document.querySelector("dialog[open]")) element?.hidePopover();
    if (!isOpen()) element?.showPopover();
  }, [toasts]);
  return box;
}

function ToastLine({ toast, onEnd }: { readonly toast: Toast; readonly onEnd: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onEnd(toast.id), TOAST_MS);
    return () => clearTimeout(timer);
  }, [toast.id, onEnd]);
  return (
    <div className="toast">
      <span className="grow">{toast.text}</span>
      <IconButton icon="close" label={words.dismiss} onClick={() => onEnd(toast.id)} />
    </div>
  );
}
