/** Who one is for others: name, digits, contact link; and leaving for good. */
import { type FormEvent, useState } from "react";
import { nameWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { CopyLine } from "../parts/copy-line.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { Name } from "../parts/name.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { Digits } from "../people/verify-sheet.tsx";
import { settingsWords } from "../people-words.ts";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";

export function YouSheet() {
  const me = useView((state) => state.me);
  const [renaming, setRenaming] = useState(false);
  if (!me) return null;
  return (
    <section className="sheet">
      <h2>{settingsWords.you}</h2>
      <div className="row apart">
        <p>
          <span className="soft">{settingsWords.name}:</span> <Name name={me.name} />
        </p>
        <Button small onClick={() => setRenaming(true)}>
          {settingsWords.rename}
        </Button>
      </div>
      <div className="stack tight">
        <h3>{settingsWords.fingerprint}</h3>
        <Digits fingerprint={me.fingerprint} />
        <p className="soft small">{settingsWords.fingerprintHint}</p>
      </div>
      <CopyLine label={settingsWords.contact} text={me.contact} hint={settingsWords.contactHint} />
      {renaming && <NameDialog present={me.name} onClose={() => setRenaming(false)} />}
    </section>
  );
}

function NameDialog({ present, onClose }: { readonly present: string; readonly onClose: () => void }) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { busy, failure, run } = useAction();
  const [typed, setTyped] = useState(present);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isDone = await run(async () => {
      const { name } = await model.call("name-change", { name: typed.trim(), waitMs: 0 });
      toast(settingsWords.renamed(nameWords(name)));
    });
    if (isDone) onClose();
  };
  return (
    <Dialog title={settingsWords.renameTitle} onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField
          label={words.start.name}
          hint={settingsWords.renameText}
          value={typed}
          onText={setTyped}
          required
          maxLength={64}
          autoComplete="off"
        />
        <FailureNote failure={failure} />
        <div className="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button look="primary" type="submit" busy={busy}>
            {words.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function LeaveSheet() {
  const me = useView((state) => state.me);
  const [leaving, setLeaving] = useState(false);
  return (
    <section className="sheet">
      <h2>{settingsWords.leave}</h2>
      <p className="soft">{settingsWords.leaveText}</p>
      <div className="row">
        <Button look="danger" onClick={() => setLeaving(true)}>
          {settingsWords.leave}
        </Button>
      </div>
      {leaving && me && <DeleteDialog name={me.name} onClose={() => setLeaving(false)} />}
    </section>
  );
}

function DeleteDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const { model } = useScreen();
  const { busy, failure, run } = useAction();
  const [typed, setTyped] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => model.call("account-delete", { name: typed })); // the first page takes the place of this one
  };
  return (
    <Dialog title={settingsWords.leaveTitle} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <ul className="bullets">
          {settingsWords.leaveEffects.map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
        <TextField
          label={settingsWords.leaveName(nameWords(name))}
          value={typed}
          onText={setTyped}
          required
          autoComplete="off"
          spellCheck={false}
        />
        <FailureNote failure={failure} />
        <div className="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button look="danger" type="submit" busy={busy}>
            {settingsWords.leaveConfirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
