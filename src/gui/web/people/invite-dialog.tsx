/** Invite links: making one, showing it as a code, closing those that are open; adding somebody directly. */
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { MemberView } from "../../../client/api.ts";
import type { GroupMethods, InviteView } from "../../../client/group-api.ts";
import { fullWords, nameWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { CopyLine } from "../parts/copy-line.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Choice, TextField } from "../parts/field.tsx";
import { FailureNote } from "../parts/note.tsx";
import { QrCode } from "../parts/qr-code.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";

const HOUR_MS = 3_600_000;
const DURATIONS_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const;
type Duration = keyof typeof DURATIONS_MS;
/** As `group-invite` allows. */
const USES_MAX = 10_000;

interface InviteDialogProps {
  readonly group: string;
  readonly mine: MemberView;
  readonly onClose: () => void;
}

export function InviteDialog({ group, mine, onClose }: InviteDialogProps) {
  const [made, setMade] = useState<GroupMethods["group-invite"][1]>();
  const canAdd = mine.role !== "member";
  return (
    <Dialog title={peopleWords.link.title} onClose={onClose}>
      <p className="soft">{peopleWords.link.lead}</p>
      {made ? (
        <MadeLink made={made} onAnother={() => setMade(undefined)} />
      ) : (
        <LinkForm group={group} mine={mine} onMade={setMade} />
      )}
      <OpenLinks group={group} made={made?.link} />
      {canAdd && <AddForm group={group} />}
    </Dialog>
  );
}

interface LinkFormProps {
  readonly group: string;
  readonly mine: MemberView;
  readonly onMade: (made: GroupMethods["group-invite"][1]) => void;
}

function LinkForm({ group, mine, onMade }: LinkFormProps) {
  const { model } = useScreen();
  const [duration, setDuration] = useState<Duration>("week");
  const [uses, setUses] = useState("10");
  const [role, setRole] = useState<"member" | "admin">("member");
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const params = { group, uses: Number(uses), expiresInMs: DURATIONS_MS[duration], role };
    void run(async () => onMade(await model.call("group-invite", params)));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Choice
        label={peopleWords.link.expires}
        value={duration}
        options={peopleWords.link.durations}
        onPick={setDuration}
      />
      <TextField
        label={peopleWords.link.uses}
        type="number"
        min={1}
        max={USES_MAX}
        required
        value={uses}
        onText={setUses}
      />
      {mine.role === "owner" && (
        <Choice
          label={peopleWords.link.role}
          value={role}
          options={{ member: peopleWords.roles.member, admin: peopleWords.roles.admin }}
          onPick={setRole}
        />
      )}
      <FailureNote failure={failure} />
      <Button look="primary" type="submit" busy={busy}>
        {peopleWords.link.make}
      </Button>
    </form>
  );
}

interface MadeLinkProps {
  readonly made: GroupMethods["group-invite"][1];
  readonly onAnother: () => void;
}

function MadeLink({ made, onAnother }: MadeLinkProps) {
  const until = peopleWords.link.until(fullWords(made.expires), peopleWords.link.people(made.uses));
  return (
    <div className="stack">
      <QrCode text={made.link} label={peopleWords.link.qr} />
      <CopyLine label={peopleWords.link.link} text={made.link} hint={until} />
      <Button look="quiet" onClick={onAnother}>
        {peopleWords.link.another}
      </Button>
    </div>
  );
}

/** `made`: asked again when another link was made. */
function OpenLinks({ group, made }: { readonly group: string; readonly made: string | undefined }) {
  const { model } = useScreen();
  const [invites, setInvites] = useState<readonly InviteView[]>();
  const { failure, run } = useAction();
  const ask = useCallback(
    async () => setInvites((await model.call("group-invites", { group })).invites),
    [model, group],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when another link was made
  useEffect(() => {
    ask().catch(() => setInvites([]));
  }, [ask, made]);
  const revoke = (invite: string) =>
    void run(async () => {
      await model.call("group-revoke", { group, invite });
      await ask();
    });
  const open = invites?.filter(({ state }) => state === "open") ?? [];
  if (open.length === 0) return null;
  return (
    <section>
      <h3>{peopleWords.link.open}</h3>
      <FailureNote failure={failure} />
      <ul>
        {open.map((invite) => (
          <li key={invite.id} className="list-line">
            <span className="grow">
              {peopleWords.link.left(invite.left, invite.uses)} · {peopleWords.roles[invite.role]}
              <span className="soft small">
                <br />
                {fullWords(invite.expires)} ·{" "}
                <bdi>{peopleWords.link.by(nameWords(invite.by.name, invite.by.account))}</bdi>
              </span>
            </span>
            <Button small onClick={() => revoke(invite.id)}>
              {peopleWords.link.revoke}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AddForm({ group }: { readonly group: string }) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const [contact, setContact] = useState("");
  const { busy, failure, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const { member } = await model.call("group-add", { group, account: contact.trim() });
      setContact("");
      toast(peopleWords.link.added(nameWords(member.name, member.account)));
    });
  };
  return (
    <form className="stack tight" onSubmit={submit}>
      <h3>{peopleWords.link.direct}</h3>
      <TextField
        label={peopleWords.link.contact}
        value={contact}
        onText={setContact}
        required
        spellCheck={false}
        autoComplete="off"
      />
      <FailureNote failure={failure} />
      <div className="row">
        <Button type="submit" busy={busy}>
          {peopleWords.link.add}
        </Button>
      </div>
    </form>
  );
}
