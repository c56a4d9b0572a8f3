/** Coming back with the recovery words, on a machine that has no profile. */
import { type FormEvent, useState } from "react";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { RecoveryWordsField } from "../parts/field.tsx";
import { useNewPassphrase } from "../parts/new-passphrase.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { RelayField } from "./relay-field.tsx";
import { StartSheet } from "./start-sheet.tsx";

interface RestoreFormProps {
  readonly onBegin: () => void;
  readonly onRestored: () => void;
  readonly onBack: () => void;
}

export function RestoreForm({ onBegin, onRestored, onBack }: RestoreFormProps) {
  const { model } = useScreen();
  const defaults = useView((state) => state.defaultRelays);
  const [typed, setTyped] = useState("");
  const { passphrase, fields, isTaken } = useNewPassphrase(words.start.passphrase, words.start.passphraseHint);
  const [relay, setRelay] = useState(defaults[0] ?? "");
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isTaken()) return;
    onBegin();
    void run(async () => {
      const relays = relay.trim() === "" ? [] : [relay.trim()];
      await model.call("profile-restore", { words: typed.trim(), passphrase, relays });
      onRestored();
    });
  };
  return (
    <StartSheet title={words.start.restoreTitle} lead={words.start.restoreLead}>
      <form className="stack" onSubmit={submit}>
        <RecoveryWordsField value={typed} onText={setTyped} />
        {fields}
        <RelayField value={relay} onText={setRelay} />
        <FailureNote failure={failure} />
        <div className="start-actions">
          <Button look="primary" type="submit" busy={busy}>
            {busy ? words.start.restoring : words.start.restore}
          </Button>
          <Button look="quiet" onClick={onBack}>
            {words.start.haveNone}
          </Button>
        </div>
      </form>
    </StartSheet>
  );
}
