/** Name, passphrase and relay of a new account. */
import { type FormEvent, useState } from "react";
import { passphraseStrength } from "../../../client/view/passphrase-strength.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { NewPassphraseField, RepeatedPassphraseField, TextField } from "../parts/field.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { RelayField } from "./relay-field.tsx";
import { StartSheet } from "./start-sheet.tsx";

interface AccountFormProps {
  readonly onBegin: () => void;
  readonly onCreated: (recoveryWords: string) => void;
  readonly onRestore: () => void;
}

/** The least strength that is taken: what is guessed at once is not. */
const LEVEL_MIN = 2;

/** What is wrong with a new passphrase, typed twice. */
export function passphraseMistakes(passphrase: string, repeated: string): { weak?: string; differs?: string } {
  if (passphraseStrength(passphrase).level < LEVEL_MIN) return { weak: words.start.tooWeak };
  return passphrase === repeated ? {} : { differs: words.start.repeatDiffers };
}

export function AccountForm({ onBegin, onCreated, onRestore }: AccountFormProps) {
  const { model } = useScreen();
  const defaults = useView((state) => state.defaultRelays);
  const [name, setName] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const [relay, setRelay] = useState(defaults[0] ?? "");
  const [mistakes, setMistakes] = useState<ReturnType<typeof passphraseMistakes>>({});
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = passphraseMistakes(passphrase, repeated);
    setMistakes(found);
    if (found.weak || found.differs) return;
    onBegin();
    void run(async () => {
      const relays = relay.trim() === "" ? [] : [relay.trim(), ...defaults.slice(1)];
      onCreated((await model.call("profile-create", { name: name.trim(), passphrase, relays })).recoveryWords);
    });
  };
  return (
    <StartSheet title={words.start.title} lead={words.start.lead} step={words.start.step(1, 3)}>
      <form className="stack" onSubmit={submit}>
        <TextField
          label={words.start.name}
          hint={words.start.nameHint}
          value={name}
          onText={setName}
          required
          maxLength={64}
          autoComplete="off"
        />
        <NewPassphraseField
          label={words.start.passphrase}
          hint={words.start.passphraseHint}
          wrong={mistakes.weak}
          value={passphrase}
          onText={setPassphrase}
          required
        />
        <RepeatedPassphraseField wrong={mistakes.differs} value={repeated} onText={setRepeated} />
        <RelayField value={relay} onText={setRelay} />
        <FailureNote failure={failure} />
        <div className="start-actions">
          <Button look="primary" type="submit" busy={busy}>
            {busy ? words.start.creating : words.start.create}
          </Button>
          <Button look="quiet" onClick={onRestore}>
            {words.start.haveWords}
          </Button>
        </div>
      </form>
    </StartSheet>
  );
}
