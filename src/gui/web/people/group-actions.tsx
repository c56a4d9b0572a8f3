/** What concerns the whole group: its name, its password, its key, leaving it. */
import { type FormEvent, type ReactNode, useState } from "react";
import type { ClientMethods, MemberView } from "../../../client/api.ts";
import { nameWords } from "../clock-words.ts";
import { type Action, useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field, TextField } from "../parts/field.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { useAnswer } from "../settings/answer.ts";
import { words } from "../words.ts";
import { GroupRelaysDialog } from "./relays-dialog.tsx";

interface GroupActionsProps {
  readonly group: string;
  readonly info: ClientMethods["group-info"][1];
  readonly mine: MemberView;
}

type Opened = "rename" | "relays" | "password" | "rekey" | "leave";

export function GroupActions(props: GroupActionsProps) {
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const isAdmin = props.mine.role !== "member";
  return (
    <section className="stack tight">
      <h2>{peopleWords.group}</h2>
      {isAdmin && <Button onClick={() => setOpened("rename")}>{peopleWords.rename.open}</Button>}
      {isAdmin && <Button onClick={() => setOpened("password")}>{peopleWords.password.open}</Button>}
      <Button onClick={() => setOpened("relays")}>{peopleWords.relays.open}</Button>
      <Button onClick={() => setOpened("rekey")}>{peopleWords.rekey.open}</Button>
      <Button look="danger" onClick={() => setOpened("leave")}>
        {peopleWords.leave.open}
      </Button>
      {opened === "rename" && <RenameDialog {...props} onClose={close} />}
      {opened === "relays" && <GroupRelaysDialog {...props} onClose={close} />}
      {opened === "password" && <PasswordDialog {...props} onClose={close} />}
      {opened === "rekey" && <RekeyDialog {...props} onClose={close} />}
      {opened === "leave" && <LeaveDialog {...props} onClose={close} />}
    </section>
  );
}

type ActionProps = GroupActionsProps & { readonly onClose: () => void };

interface ActionFootProps {
  readonly action: Action;
  readonly confirm: string;
  readonly look?: "primary" | "danger";
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

function ActionFoot({ action, confirm, look = "primary", onClose, children }: ActionFootProps) {
  return (
    <>
      <FailureNote failure={action.failure} />
      <div className="dialog-foot">
        {children}
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button look={look} type="submit" busy={action.busy}>
          {confirm}
        </Button>
      </div>
    </>
  );
}

/** A form's end: does the work, says so, closes. */
function useConfirmed(onClose: () => void) {
  const { toast } = useAnnouncer();
  const action = useAction();
  const confirm = async (work: () => Promise<string>) => {
    const isDone = await action.run(async () => toast(await work()));
    if (isDone) onClose();
  };
  const submit = (work: () => Promise<string>) => (event: FormEvent) => {
    event.preventDefault();
    void confirm(work);
  };
  return { action, confirm, submit };
}

function RenameDialog({ group, info, onClose }: ActionProps) {
  const { model } = useScreen();
  const [name, setName] = useState(info.group.name);
  const { action, submit } = useConfirmed(onClose);
  const rename = async () => peopleWords.done[(await model.call("group-rename", { group, name: name.trim() })).state];
  return (
    <Dialog title={peopleWords.rename.open} onClose={onClose}>
      <form className="stack" onSubmit={submit(rename)}>
        <TextField label={peopleWords.rename.label} value={name} onText={setName} required maxLength={64} />
        <ActionFoot action={action} confirm={words.save} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function PasswordDialog({ group, onClose }: ActionProps) {
  const { model } = useScreen();
  const { answer } = useAnswer("group-settings", { group });
  const [password, setPassword] = useState("");
  const has = answer?.settings.password;
  const { action, confirm, submit } = useConfirmed(onClose);
  const change = (next: string | null) => async () => {
    await model.call("group-settings", { group, password: next });
    return next === null ? peopleWords.password.removed : peopleWords.password.setDone;
  };
  return (
    <Dialog title={peopleWords.password.open} onClose={onClose}>
      <form className="stack" onSubmit={submit(change(password))}>
        <p className="soft">{peopleWords.password.text}</p>
        <p role="status">
          {has === undefined ? words.loading : has ? peopleWords.password.isSet : peopleWords.password.isNone}
        </p>
        <TextField
          label={peopleWords.password.label}
          type="password"
          autoComplete="new-password"
          value={password}
          onText={setPassword}
          required
        />
        <ActionFoot action={action} confirm={peopleWords.password.set} onClose={onClose}>
          {has && (
            <Button look="quiet" onClick={() => void confirm(change(null))}>
              {peopleWords.password.remove}
            </Button>
          )}
        </ActionFoot>
      </form>
    </Dialog>
  );
}

function RekeyDialog({ group, onClose }: ActionProps) {
  const { model } = useScreen();
  const { action, submit } = useConfirmed(onClose);
  const rekey = async () => {
    await model.call("group-rekey", { group });
    return peopleWords.rekey.done;
  };
  return (
    <Dialog title={peopleWords.rekey.title} onClose={onClose}>
      <form className="stack" onSubmit={submit(rekey)}>
        <p>{peopleWords.rekey.text}</p>
        <ActionFoot action={action} confirm={peopleWords.rekey.confirm} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function LeaveDialog({ group, info, mine, onClose }: ActionProps) {
  const { model } = useScreen();
  const others = info.members.filter(({ account }) => account !== mine.account);
  const mustHandOver = mine.role === "owner" && others.length > 0;
  const [heir, setHeir] = useState(others[0]?.account ?? "");
  const { action, submit } = useConfirmed(onClose);
  const leave = async () => {
    const { state } = await model.call("group-leave", { group, ...(mustHandOver ? { handOver: heir } : {}) });
    return peopleWords.done[state];
  };
  return (
    <Dialog title={peopleWords.leave.title} onClose={onClose}>
      <form className="stack" onSubmit={submit(leave)}>
        <p>{peopleWords.leave.text}</p>
        {mustHandOver && (
          <Field label={peopleWords.leave.handOver}>
            {(control) => (
              <select
                {...control}
                className="input"
                value={heir}
                onChange={(event) => setHeir(event.currentTarget.value)}
              >
                {others.map(({ account, name }) => (
                  <option key={account} value={account}>
                    {nameWords(name, account)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <ActionFoot action={action} confirm={peopleWords.leave.confirm} look="danger" onClose={onClose} />
      </form>
    </Dialog>
  );
}
