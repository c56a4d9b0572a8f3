/** Rows of the command table about groups. */
import { flag, option, repeated } from "./arguments.ts";
import type { Command } from "./command.ts";
import { command, TEXT_OF_GROUP, TEXT_OF_MEMBER, WAIT } from "./command-row.ts";
import { addMember, createGroup, groupInfo, listGroups } from "./group-commands.ts";
import { invite, joinGroup, listInvites, revokeInvite } from "./invite-commands.ts";
import { groupSettings, leaveGroup, rekeyGroup, removeMember, renameGroup, setRole } from "./membership-commands.ts";
import { groupRelays } from "./relay-commands.ts";
import { PASSWORD_FILE } from "./room-password.ts";

const ROLE = option("ROLE", "member (default) or admin");

/** In the order of the help. */
export const GROUP_COMMANDS: readonly Command[] = [
  command({
    name: "group create",
    summary: "make a group",
    operands: ["NAME"],
    options: {
      password: flag("links to it ask for a room password, which is typed twice"),
      "password-file": PASSWORD_FILE,
    },
    examples: ["hermes group create 'Sunday hikes'", "hermes group create Board --password"],
    run: createGroup,
  }),
  command({
    name: "group list",
    summary: "your groups, and those that you asked to join",
    examples: ["hermes group list"],
    run: listGroups,
  }),
  command({
    name: "group info",
    summary: `who is in a group; G is ${TEXT_OF_GROUP}`,
    operands: ["G"],
    examples: ["hermes group info 'Sunday hikes'"],
    run: groupInfo,
  }),
  command({
    name: "group invite",
    summary: "make a link with which others join",
    operands: ["G"],
    options: {
      uses: option("N", "how many people it lets in, 1 to 10000 (default 1000)"),
      expires: option("T", "how long it is good: 12h, 7d, 2w, or a time such as 2030-01-31T18:00Z (default 7d)"),
      role: ROLE,
    },
    details: `Any admin of the group who is online lets people in by it, whoever made it. Admins make links, and members where the
settings say so. If the group has a room password, the link asks for it as well.`,
    examples: ["hermes group invite 'Sunday hikes' --uses 3 --expires 2d"],
    run: invite,
  }),
  command({
    name: "group invites",
    summary: "links of a group: for whom, how many uses are left, until when, by whom",
    operands: ["G"],
    examples: ["hermes group invites 'Sunday hikes'"],
    run: listInvites,
  }),
  command({
    name: "group revoke",
    summary: "close a link; INVITE is the beginning of its id, see group invites",
    operands: ["G", "INVITE"],
    options: { wait: WAIT },
    examples: ["hermes group revoke 'Sunday hikes' 3fa9"],
    run: revokeInvite,
  }),
  command({
    name: "group join",
    summary: "join a group by link; an admin has to be online to let you in",
    operands: ["LINK"],
    options: { wait: WAIT, "password-file": PASSWORD_FILE },
    details: `Where nobody is online it is pending, and goes on by itself whenever Hermes runs here. Who asks for a room password is
told whether it was right; five wrong ones are followed by a pause of an hour.`,
    examples: ["hermes group join 'hermes://join/…'"],
    run: joinGroup,
  }),
  command({
    name: "group add",
    summary: "add someone, who may be offline, by contact link or account",
    operands: ["G", "ACCOUNT"],
    options: { role: ROLE, wait: WAIT },
    examples: ["hermes group add 'Sunday hikes' 'hermes://contact/…'"],
    run: addMember,
  }),
  command({
    name: "group remove",
    summary: `take someone out, and change the group's key; MEMBER is ${TEXT_OF_MEMBER}`,
    operands: ["G", "MEMBER"],
    options: { wait: WAIT },
    details: `Needs a higher rank than theirs. What they could read before they keep; nothing that is written afterwards by somebody who
knows of it. By a link they do not come back: hermes group add lets them in again.`,
    examples: ["hermes group remove 'Sunday hikes' Ben"],
    run: removeMember,
  }),
  command({
    name: "group role",
    summary: "make someone a member, an admin or the owner",
    operands: ["G", "MEMBER", "ROLE"],
    options: { wait: WAIT, yes: flag("do not ask before the group is handed over") },
    details: `The owner makes admins. Role owner hands the group over: one becomes an admin oneself, and only the new owner can undo it.`,
    examples: ["hermes group role 'Sunday hikes' Ben admin", "hermes group role 'Sunday hikes' Ben owner"],
    run: setRole,
  }),
  command({
    name: "group leave",
    summary: "leave a group; an owner hands it over first",
    operands: ["G"],
    options: { "hand-over": option("MEMBER", "who shall own the group"), wait: WAIT },
    examples: ["hermes group leave 'Sunday hikes'", "hermes group leave 'Sunday hikes' --hand-over Ben"],
    run: leaveGroup,
  }),
  command({
    name: "group rekey",
    summary: "give the group a fresh key",
    operands: ["G"],
    options: { wait: WAIT },
    details: `It happens by itself on the schedule of the settings, and whenever somebody is removed. By hand: when a device was in
foreign hands for a while.`,
    examples: ["hermes group rekey 'Sunday hikes'"],
    run: rekeyGroup,
  }),
  command({
    name: "group rename",
    summary: "give the group another name",
    operands: ["G", "NAME"],
    options: { wait: WAIT },
    examples: ["hermes group rename 'Sunday hikes' 'Hikes'"],
    run: renameGroup,
  }),
  command({
    name: "group settings",
    summary: "show the settings of a group, or change those that are given",
    operands: ["G"],
    options: {
      inviters: option("ROLE", "who may make links: member, admin or owner, and who ranks higher"),
      "rekey-days": option("N", "the key is renewed after so many days, 1 to 365"),
      "rekey-messages": option("N", "or after so many messages, 1 to 1000000"),
      password: flag("links ask for a room password, which is typed twice"),
      "password-file": PASSWORD_FILE,
      "no-password": flag("links ask for none"),
      wait: WAIT,
    },
    details: `A new room password, or none, closes all links that are open: make new ones.`,
    examples: ["hermes group settings 'Sunday hikes' --inviters member", "hermes group settings Board --rekey-days 1"],
    run: groupSettings,
  }),
  command({
    name: "group relays",
    summary: "show where a group's messages are stored, or change that",
    operands: ["G"],
    options: {
      add: repeated("MULTIADDR", "store them there, too"),
      remove: repeated("MULTIADDR", "not there any more: an address, or the PeerId in it"),
      wait: WAIT,
    },
    details: `What is written goes to all relays of the group that answer, and is read from all; one is enough. A relay that was removed is
used for a week more: whoever was away finds the way to the new ones there, or from another member.`,
    examples: [
      "hermes group relays 'Sunday hikes'",
      "hermes group relays Board --add /ip4/192.0.2.7/tcp/33001/p2p/12D3Koo… --remove 12D3Koo…",
    ],
    run: groupRelays,
  }),
];
