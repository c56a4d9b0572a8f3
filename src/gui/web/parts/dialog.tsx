/** A window over the page: the browser keeps the focus inside, and gives it back when it closes. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { words } from "../words.ts";
import { IconButton } from "./button.tsx";

/** Where one types first; without it the browser focuses the button that closes. */
const FIRST_FIELD = ".dialog-body :is(input:not([type=radio], [readonly]), textarea)";

interface DialogProps {
  readonly title: ReactNode;
  readonly wide?: true;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, wide, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element && !element.open) element.showModal();
    element?.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? "wide" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label={words.close} onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
