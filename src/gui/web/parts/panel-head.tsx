/** The head of what opens beside a conversation. It takes the focus, so that the keyboard is where the eyes are. */
import { useEffect, useRef } from "react";
import { go } from "../place.ts";
import { words } from "../words.ts";
import { IconButton } from "./button.tsx";

interface PanelHeadProps {
  readonly group: string;
  readonly title: string;
  /** Something else in the panel takes the focus. */
  readonly unfocused?: true;
}

export function PanelHead({ group, title, unfocused }: PanelHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!unfocused) heading.current?.focus();
  }, [unfocused]);
  return (
    <header className="bar panel-head">
      <h1 ref={heading} tabIndex={-1} className="grow">
        {title}
      </h1>
      <IconButton icon="close" label={words.close} onClick={() => go({ kind: "group", group })} />
    </header>
  );
}
