/** Creating a group, and joining one by a link. */
import { type FormEvent, useEffect, useState } from "react";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { FailureNote, Note } from "../parts/note.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";

export function CreateGroupForm({ onCreated }: { readonly onCreated: (group: string) => void }) {
  const { model } = useScreen();
  const [name, setName] = useState("");
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => onCreated((await model.call("group-create", { name: name.trim() })).group.id));
  };
  return (
    <form className="stack tight" onSubmit={submit}>
      <h2>{words.begin.createTitle}</h2>
      <TextField
        label={words.begin.groupName}
        value={name}
        onText={setName}
        required
        maxLength={64}
        autoComplete="off"
      />
      <FailureNote failure={failure} />
      <Button look="primary" type="submit" busy={busy}>
        {words.begin.create}
      </Button>
    </form>
  );
}

export function JoinForm({ onJoined }: { readonly onJoined: (group: string) => void }) {
  const { model } = useScreen();
  const invite = useView((state) => state.invite);
  const [link, setLink] = useState(invite ?? "");
  const [password, setPassword] = useState("");
  const [asked, setAsked] = useState<string>();
  const isIn = useView((state) => state.groups.some(({ id, state: absent }) => id === asked && absent === undefined));
  // Whoever lets us in may come long after the answer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once, though `onJoined` is another one with each drawing
  useEffect(() => {
    if (isIn && asked !== undefined) onJoined(asked);
  }, [isIn]);
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const answer = await model.call("group-join", { link: link.trim(), ...(password ? { password } : {}) });
      if (answer.state === "joined") onJoined(answer.group.id);
      else setAsked(answer.group.id);
    });
  };
  return (
    <form className="stack tight" onSubmit={submit}>
      <h2>{words.begin.joinTitle}</h2>
      <TextField
        label={words.begin.link}
        hint={words.begin.linkHint}
        value={link}
        onText={setLink}
        required
        spellCheck={false}
        autoComplete="off"
      />
      <TextField
        label={words.begin.roomPassword}
        hint={words.begin.roomPasswordHint}
        type="password"
        autoComplete="off"
        value={password}
        onText={setPassword}
      />
      <FailureNote failure={failure} />
      <div role="status">{asked !== undefined && <Note look="good">{words.begin.pending}</Note>}</div>
      <Button type="submit" busy={busy}>
        {busy ? words.begin.joining : words.begin.join}
      </Button>
    </form>
  );
}
