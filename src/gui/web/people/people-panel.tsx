/** Who is in a group, and what one can do about it. */
import { useState } from "react";
import type { MemberView } from "../../../client/api.ts";
import { nameWords } from "../clock-words.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { PanelHead } from "../parts/panel-head.tsx";
import { VerifiedMark } from "../parts/verified-mark.tsx";
import { peopleWords } from "../people-words.ts";
import { useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { GroupActions } from "./group-actions.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { MemberDialog } from "./member-dialog.tsx";

export function PeoplePanel({ group }: { readonly group: string }) {
  const info = useView((state) => state.conversations[group]?.info);
  const me = useView((state) => state.me?.account);
  const [chosen, setChosen] = useState<string>();
  const [inviting, setInviting] = useState(false);
  const mine = info?.members.find(({ account }) => account === me);
  const member = info?.members.find(({ account }) => account === chosen);
  return (
    <>
      <PanelHead group={group} panel="people" title={peopleWords.title} />
      <div className="panel-body">
        {!info && <p className="soft">{words.loading}</p>}
        {mine && !info?.absent && (
          <Button look="primary" onClick={() => setInviting(true)}>
            <Icon name="link" />
            {peopleWords.invite}
          </Button>
        )}
        <ul className="people">
          {info?.members.map((one) => (
            <li key={one.account}>
              <PersonLine member={one} isMe={one.account === me} onOpen={() => setChosen(one.account)} />
            </li>
          ))}
        </ul>
        {info && mine && !info.absent && <GroupActions group={group} info={info} mine={mine} />}
      </div>
      {inviting && mine && <InviteDialog group={group} mine={mine} onClose={() => setInviting(false)} />}
      {member && mine && (
        <MemberDialog group={group} member={member} mine={mine} onClose={() => setChosen(undefined)} />
      )}
    </>
  );
}

interface PersonLineProps {
  readonly member: MemberView;
  readonly isMe: boolean;
  readonly onOpen: () => void;
}

function PersonLine({ member, isMe, onOpen }: PersonLineProps) {
  const { account, name, role, verified, devices } = member;
  const about = [role === "member" ? undefined : peopleWords.roles[role], peopleWords.devices(devices)];
  const content = (
    <>
      <Avatar id={account} name={name} />
      <span className="grow">
        <span className="person-name">
          <Name name={name} id={account} />
          {isMe && <span className="soft"> ({peopleWords.you})</span>}
          {verified && !isMe && <VerifiedMark />}
        </span>
        <span className="soft small">{about.filter(Boolean).join(" · ")}</span>
      </span>
    </>
  );
  if (isMe) return <div className="person">{content}</div>;
  return (
    <button type="button" className="person" onClick={onOpen} title={peopleWords.more(nameWords(name, account))}>
      {content}
      <Icon name="chevron" />
    </button>
  );
}
