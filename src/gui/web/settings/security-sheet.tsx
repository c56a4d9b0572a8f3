/** Passphrase, recovery words, locking. */
import { type FormEvent, useState } from "react";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { RecoveryWordsField, TextField } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { useNewPassphrase } from "../parts/new-passphrase.tsx";
import { FailureNote, Note } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { settingsWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { RecoveryWords } from "../start/recovery-step.tsx";
import { words } from "../words.ts";

type Opened = "passphrase" | "check" | "show";

export function SecuritySheet() {
  const { model } = useScreen();
  const { failure, run } = useAction();
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  return (
    <section className="sheet">
      <h2>{settingsWords.security}</h2>
      <div className="row">
        <Button onClick={() => setOpened("passphrase")}>{settingsWords.passphrase}</Button>
        <Button onClick={() => setOpened("check")}>{settingsWords.recoveryCheck}</Button>
        <Button onClick={() => setOpened("show")}>{settingsWords.recoveryShow}</Button>
      </div>
      <div className="row">
        <Button onClick={() => void run(() => model.call("profile-lock", {}))}>
          <Icon name="lock" />
          {settingsWords.lock}
        </Button>
        <span className="soft small grow">{settingsWords.lockHint}</span>
      </div>
      <FailureNote failure={failure} />
      {opened === "passphrase" && <PassphraseDialog onClose={close} />}
      {opened === "check" && <CheckDialog onClose={close} />}
      {opened === "show" && <ShowDialog onClose={close} />}
    </section>
  );
}

function PassphraseDialog({ onClose }: { readonly onClose: () => void }) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { busy, failure, run } = useAction();
  const [from, setFrom] = useState("");
  const { passphrase: to, fields, isTaken } = useNewPassphrase(settingsWords.passphraseTo);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isTaken() || !(await run(() => model.call("passphrase-change", { from, to })))) return;
    toast(settingsWords.passphraseDone);
    onClose();
  };
  const present = { type: "password", autoComplete: "current-password", required: true } as const;
  return (
    <Dialog title={settingsWords.passphrase} onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField {...present} label={settingsWords.passphraseFrom} value={from} onText={setFrom} />
        {fields}
        <FailureNote failure={failure} />
        <Button look="primary" type="submit" busy={busy}>
          {words.save}
        </Button>
      </form>
    </Dialog>
  );
}

function CheckDialog({ onClose }: { readonly onClose: () => void }) {
  const { model } = useScreen();
  const { busy, failure, run } = useAction();
  const [typed, setTyped] = useState("");
  const [result, setResult] = useState<{ readonly matches: boolean; readonly reason?: string }>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => setResult(await model.call("recovery-check", { words: typed.trim() })));
  };
  return (
    <Dialog title={settingsWords.recoveryCheck} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <RecoveryWordsField hint={settingsWords.recoveryCheckHint} value={typed} onText={setTyped} />
        <FailureNote failure={failure} />
        <div role="status">
          {result?.matches && <Note look="good">{words.recovery.right}</Note>}
          {result && !result.matches && <Note look="danger">{result.reason ?? words.recovery.wrong}</Note>}
        </div>
        <Button look="primary" type="submit" busy={busy}>
          {words.recovery.check}
        </Button>
      </form>
    </Dialog>
  );
}

function ShowDialog({ onClose }: { readonly onClose: () => void }) {
  const { model } = useScreen();
  const { busy, failure, run } = useAction();
  const [passphrase, setPassphrase] = useState("");
  const [shown, setShown] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => setShown((await model.call("recovery-show", { passphrase })).recoveryWords));
  };
  return (
    <Dialog title={settingsWords.recovery} onClose={onClose}>
      <p className="soft">{words.recovery.lead}</p>
      {shown ? (
        <RecoveryWords recoveryWords={shown} />
      ) : (
        <form className="stack" onSubmit={submit}>
          <TextField
            label={words.unlock.passphrase}
            type="password"
            autoComplete="current-password"
            required
            value={passphrase}
            onText={setPassphrase}
          />
          <FailureNote failure={failure} />
          <Button look="primary" type="submit" busy={busy}>
            {settingsWords.recoveryShow}
          </Button>
        </form>
      )}
    </Dialog>
  );
}
