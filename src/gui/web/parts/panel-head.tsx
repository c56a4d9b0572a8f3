/**
 * The head of what opens beside a conversation. It takes the focus, so that the keyboard is where the eyes are, and gives
 * it back to the button that opened the panel.
 */
import { useEffect, useRef } from "react";
import { go, type Panel } from "../place.ts";
import { words } from "../words.ts";
import { IconButton } from "./button.tsx";

interface PanelHeadProps {
  readonly group: string;
  readonly panel: Panel;
  readonly title: string;
  /** Something else in the panel takes the focus. */
  readonly unfocused?: true;
}

/** Of the button that opens a panel. */
export const panelButtonId = (panel: Panel): string => `open-${panel}`;

export function PanelHead({ group, panel, title, unfocused }: PanelHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!unfocused) heading.current?.focus();
  }, [unfocused]);
  useEffect(() => {
    const typed = (event: KeyboardEvent) => {
      const isOurs = event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]");
      if (isOurs && heading.current?.closest(".panel")?.contains(document.activeElement)) close(group, panel);
    };
    document.addEventListener("keydown", typed);
    return () => document.removeEventListener("keydown", typed);
  }, [group, panel]);
  return (
    <header className="bar panel-head">
      <h1 ref={heading} tabIndex={-1} className="grow">
        {title}
      </h1>
      <IconButton icon="close" label={words.close} onClick={() => close(group, panel)} />
    </header>
  );
}

function close(group: string, panel: Panel): void {
  go({ kind: "group", group });
  requestAnimationFrame(() => document.getElementById(panelButtonId(panel))?.focus());
}
