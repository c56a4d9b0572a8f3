/** The head of a page beside the groups. It takes the focus when the page is opened. */
import { type ReactNode, useEffect, useRef } from "react";
import { placeAddress } from "../place.ts";
import { words } from "../words.ts";
import { Icon } from "./icon.tsx";

export function PageHead({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <header className="bar panel-head">
      <a className="icon-button only-narrow" href={placeAddress({ kind: "groups" })} aria-label={words.back}>
        <Icon name="back" />
      </a>
      <h1 ref={heading} tabIndex={-1} className="grow">
        {title}
      </h1>
      {children}
    </header>
  );
}
