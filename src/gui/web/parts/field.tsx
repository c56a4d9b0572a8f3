/** A field with its label, hint and what is wrong with it. */
import { type ComponentProps, type ReactNode, useId } from "react";
import { words } from "../words.ts";

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly wrong?: string | undefined;
  readonly children: (control: {
    readonly id: string;
    readonly "aria-describedby": string | undefined;
    readonly "aria-invalid": true | undefined;
  }) => ReactNode;
}

export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": wrong ? true : undefined })}
      {hint && (
        <div className="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {wrong && (
        <div className="wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </div>
      )}
    </div>
  );
}

export interface TextFieldProps extends Omit<ComponentProps<"input">, "className" | "onChange"> {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly wrong?: string | undefined;
  readonly onText: (text: string) => void;
}

export function TextField({ label, hint, wrong, onText, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(control) => (
        <input {...rest} {...control} className="input" onChange={(event) => onText(event.currentTarget.value)} />
      )}
    </Field>
  );
}

/** The recovery words, typed or pasted. */
export function RecoveryWordsField({ hint, value, onText }: Pick<TextFieldProps, "hint" | "onText" | "value">) {
  return (
    <Field label={words.start.wordsLabel} hint={hint}>
      {(control) => (
        <textarea
          {...control}
          className="input"
          rows={4}
          required
          spellCheck={false}
          autoComplete="off"
          value={value}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: Readonly<Record<T, string>>;
  readonly onPick: (value: T) => void;
}

/** One of a few, all visible. */
export function Choice<T extends string>({ label, value, options, onPick }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="stack tight">
      <legend className="label">{label}</legend>
      <div className="choice">
        {(Object.entries(options) as [T, string][]).map(([key, text]) => (
          <label key={key}>
            <input type="radio" name={name} checked={key === value} onChange={() => onPick(key)} />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
