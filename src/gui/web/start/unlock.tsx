/** Coming back: the passphrase. */
import { type FormEvent, useRef, useState } from "react";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { StartSheet } from "./start-sheet.tsx";

export function Unlock() {
  const { model } = useScreen();
  const directory = useView((state) => state.directory);
  const [passphrase, setPassphrase] = useState("");
  const { busy, failure, run } = useAction();
  const field = useRef<HTMLInputElement>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await run(() => model.call("profile-unlock", { passphrase }))) return;
    field.current?.select();
    field.current?.focus();
  };
  const isWrong = failure?.code === "usage/wrong-passphrase";
  return (
    <StartSheet title={words.unlock.title} lead={words.unlock.lead}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField
          ref={field}
          label={words.unlock.passphrase}
          wrong={isWrong ? words.unlock.wrong : undefined}
          type="password"
          autoComplete="current-password"
          value={passphrase}
          onText={setPassphrase}
          required
          autoFocus
        />
        <FailureNote failure={isWrong ? undefined : failure} />
        <Button look="primary" type="submit" busy={busy}>
          {busy ? words.unlock.unlocking : words.unlock.unlock}
        </Button>
        <p className="soft small foreign">{words.unlock.place(directory)}</p>
      </form>
    </StartSheet>
  );
}
