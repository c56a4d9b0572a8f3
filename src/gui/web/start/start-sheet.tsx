/** The frame of everything that comes before the groups. */
import { type ReactNode, useEffect, useRef } from "react";
import icon from "../icon.svg";

interface StartSheetProps {
  readonly title: string;
  readonly lead?: string;
  readonly step?: string;
  readonly wide?: true;
  readonly children?: ReactNode;
}

export function StartSheet({ title, lead, step, wide, children }: StartSheetProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // A new step is read from its heading on, unless one of its fields has taken the focus.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new title is a new step
  useEffect(() => {
    if (!document.activeElement || document.activeElement === document.body) heading.current?.focus();
  }, [title]);
  return (
    <main className="start">
      <div className={wide ? "start-sheet wide" : "start-sheet"}>
        <header className="start-head">
          <img className="start-mark" src={icon} alt="" />
          {step && <p className="soft small">{step}</p>}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p className="soft">{lead}</p>}
        </header>
        {children}
      </div>
    </main>
  );
}
