/** Name, passphrase and relay of a new account. */
import { type FormEvent, useState } from "react";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { useNewPassphrase } from "../parts/new-passphrase.tsx";
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

export function AccountForm({ onBegin, onCreated, onRestore }: AccountFormProps) {
  const { model } = useScreen();
  const defaults = useView((state) => state.defaultRelays);
  const [name, setName] = useState("");
  const { passphrase, fields, isTaken } = useNewPassphrase(words.start.passphrase, words.start.passphraseHint);
  const [relay, setRelay] = useState(defaults[0] ?? "");
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isTaken()) return;
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
        {fields}
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
