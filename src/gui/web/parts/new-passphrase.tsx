/** A new passphrase, typed twice: its fields, how strong it is, and whether it is taken. */
import { type ReactNode, useState } from "react";
import { passphraseStrength } from "../../../client/view/passphrase-strength.ts";
import { words } from "../words.ts";
import { TextField, type TextFieldProps } from "./field.tsx";

/** The least strength that is taken: what is guessed at once is not. */
const LEVEL_MIN = 2;

interface NewPassphrase {
  readonly passphrase: string;
  /** Both fields, for a form. */
  readonly fields: ReactNode;
  /** Whether it is taken; else the fields say why not. */
  readonly isTaken: () => boolean;
}

/** One that is being typed under this label. */
export function useNewPassphrase(label: string, hint?: string): NewPassphrase {
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const [weak, setWeak] = useState<string>();
  const [differs, setDiffers] = useState<string>();
  const isTaken = (): boolean => {
    const isWeak = passphraseStrength(passphrase).level < LEVEL_MIN;
    const isOther = !isWeak && passphrase !== repeated;
    setWeak(isWeak ? words.start.tooWeak : undefined);
    setDiffers(isOther ? words.start.repeatDiffers : undefined);
    return !isWeak && !isOther;
  };
  const fields = (
    <>
      <StrengthField label={label} hint={hint} wrong={weak} value={passphrase} onText={setPassphrase} />
      <TextField {...HIDDEN} label={words.start.repeat} wrong={differs} value={repeated} onText={setRepeated} />
    </>
  );
  return { passphrase, fields, isTaken };
}

const HIDDEN = { type: "password", autoComplete: "new-password", required: true } as const;

/** How strong it is shows while one types. */
function StrengthField(props: TextFieldProps & { readonly value: string }) {
  const { level } = passphraseStrength(props.value);
  const strength = words.start.strengths[level] ?? "";
  return (
    <div className="field">
      <TextField {...HIDDEN} {...props} />
      {level > 0 && (
        <div className="strength">
          <meter
            min={0}
            max={4}
            low={2}
            high={3}
            optimum={4}
            value={level}
            aria-label={words.start.strength(strength)}
          />
          <span aria-live="polite">{strength}</span>
        </div>
      )}
    </div>
  );
}
