/** One member: verify, role, remove; each with its consequences. */
import { useState } from "react";
import type { MemberView } from "../../../client/api.ts";
import { nameWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Choice } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { FailureNote, Note } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";
import { VerifySheet } from "./verify-sheet.tsx";

interface MemberDialogProps {
  readonly group: string;
  readonly member: MemberView;
  /** Ourselves. */
  readonly mine: MemberView;
  readonly onClose: () => void;
}

type Sheet = "member" | "verify" | "remove" | "hand-over";

const RANKS = { owner: 2, admin: 1, member: 0 } as const;
/** Somebody may be changed by those who rank above. */
const ranksAbove = (one: MemberView, other: MemberView): boolean => RANKS[one.role] > RANKS[other.role];

export function MemberDialog(props: MemberDialogProps) {
  const [sheet, setSheet] = useState<Sheet>("member");
  const name = nameWords(props.member.name, props.member.account);
  const back = () => setSheet("member");
  const titles: Record<Sheet, string> = {
    member: name,
    verify: peopleWords.verify.title(name),
    remove: peopleWords.remove.title(name),
    "hand-over": peopleWords.role.handTitle(name),
  };
  return (
    <Dialog
      title={<bdi className="foreign">{titles[sheet]}</bdi>}
      onClose={props.onClose}
      {...(sheet === "verify" ? { wide: true } : {})}
    >
      {sheet === "member" && <MemberSheet {...props} onSheet={setSheet} />}
      {sheet === "verify" && <VerifySheet group={props.group} member={props.member} onDone={back} />}
      {sheet === "remove" && <RemoveSheet {...props} onBack={back} />}
      {sheet === "hand-over" && <HandOverSheet {...props} onBack={back} />}
    </Dialog>
  );
}

function MemberSheet({
  group,
  member,
  mine,
  onSheet,
}: MemberDialogProps & { readonly onSheet: (sheet: Sheet) => void }) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { failure, run } = useAction();
  const { account, verified, role } = member;
  const setRole = (next: "member" | "admin") =>
    void run(async () => {
      const { state } = await model.call("group-role", { group, member: account, role: next });
      toast(peopleWords.done[state]);
    });
  const isOwner = mine.role === "owner";
  return (
    <>
      <Note {...(verified ? { look: "good" as const } : {})} icon="shield">
        <div className="row apart">
          {verified ? peopleWords.verified : peopleWords.notVerified}
          <Button small onClick={() => onSheet("verify")}>
            {peopleWords.verify.open}
          </Button>
        </div>
      </Note>
      {isOwner && role !== "owner" && (
        <Choice
          label={peopleWords.role.label}
          value={role}
          options={{ member: peopleWords.roles.member, admin: peopleWords.roles.admin }}
          onPick={setRole}
        />
      )}
      {!isOwner && (
        <p>
          <span className="soft">{peopleWords.role.label}:</span> {peopleWords.roles[role]}
        </p>
      )}
      <FailureNote failure={failure} />
      <p className="mono soft">{account}</p>
      <div className="row">
        {isOwner && <Button onClick={() => onSheet("hand-over")}>{peopleWords.role.hand}</Button>}
        {ranksAbove(mine, member) && (
          <Button look="danger" onClick={() => onSheet("remove")}>
            {peopleWords.remove.open}
          </Button>
        )}
      </div>
    </>
  );
}

type ConfirmProps = MemberDialogProps & { readonly onBack: () => void };

function RemoveSheet({ group, member, onBack, onClose }: ConfirmProps) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { busy, failure, run } = useAction();
  const remove = () =>
    run(async () => {
      const { state } = await model.call("group-remove", { group, member: member.account });
      toast(peopleWords.done[state]);
      onClose();
    });
  return (
    <>
      <ul className="bullets">
        {peopleWords.remove.effects.map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
      <FailureNote failure={failure} />
      <div className="dialog-foot">
        <Button onClick={onBack}>{words.cancel}</Button>
        <Button look="danger" busy={busy} onClick={() => void remove()}>
          <Icon name="close" />
          {peopleWords.remove.confirm}
        </Button>
      </div>
    </>
  );
}

function HandOverSheet({ group, member, onBack, onClose }: ConfirmProps) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { busy, failure, run } = useAction();
  const handOver = () =>
    run(async () => {
      const { state } = await model.call("group-role", { group, member: member.account, role: "owner" });
      toast(peopleWords.done[state]);
      onClose();
    });
  return (
    <>
      <p>{peopleWords.role.handText}</p>
      <FailureNote failure={failure} />
      <div className="dialog-foot">
        <Button onClick={onBack}>{words.cancel}</Button>
        <Button look="danger" busy={busy} onClick={() => void handOver()}>
          {peopleWords.role.hand}
        </Button>
      </div>
    </>
  );
}
