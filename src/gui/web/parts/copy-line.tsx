/** A long text to be passed on, with a button that copies it. */
import { useEffect, useState } from "react";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { Field } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** How long "Copied" stands (ms). */
const COPIED_MS = 2_000;

export function CopyButton({ text, label = words.copy }: { readonly text: string; readonly label?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
  };
  return (
    <Button small onClick={copy}>
      <Icon name={copied ? "check" : "copy"} />
      <span aria-live="polite">{copied ? words.copied : label}</span>
    </Button>
  );
}

export function CopyLine({
  label,
  text,
  hint,
}: {
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
}) {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <div className="copy-line">
          <input
            {...control}
            className="input code-input"
            readOnly
            value={text}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton text={text} />
        </div>
      )}
    </Field>
  );
}
