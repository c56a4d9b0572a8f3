/** Every command: what it takes, how its help reads, what runs it. */
import { deleteAccount } from "./account-commands.ts";
import { flag, type OptionTable, option, repeated } from "./arguments.ts";
import { chat } from "./chat.ts";
import type { Command } from "./command.ts";
import { command, WAIT } from "./command-row.ts";
import { doctor } from "./doctor.ts";
import { FILE_COMMANDS } from "./file-command-table.ts";
import { GROUP_COMMANDS } from "./group-command-table.ts";
import { gui } from "./gui-command.ts";
import { completion, help } from "./help-commands.ts";
import { history, listen, send } from "./message-commands.ts";
import { changeName, init, status, sync, whoami } from "./profile-commands.ts";
import { ownRelays } from "./relay-commands.ts";
import { checkRecovery, passphrase, restoreRecovery, showRecovery } from "./secret-commands.ts";
import { start } from "./start.ts";
import { listDevices, unlinkDevice, verify } from "./verification-commands.ts";
import { version } from "./version-command.ts";

/** Options of every command. */
export const COMMON_OPTIONS: OptionTable = {
  profile: option("DIR", "directory of the profile (HERMES_PROFILE)"),
  "passphrase-file": option("FILE", "file whose first line is the passphrase (HERMES_PASSPHRASE holds it itself)"),
  config: option("FILE", "settings, see config/client.example.jsonc (HERMES_CONFIG)"),
  "no-relay": flag("connect to no relay, only to members directly (HERMES_NO_RELAY)"),
  "no-mdns": flag("neither look for members on the LAN nor be found there (HERMES_NO_MDNS)"),
  "no-listen": flag("let nobody connect to this machine (HERMES_NO_LISTEN)"),
  json: flag("one JSON object a line, for programs"),
  help: flag("this help"),
};

/** The table, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  command({
    name: "start",
    summary: "everything at once: a relay, and the web screen in your browser (npm start)",
    operands: ["[join]", "[LINK]"],
    options: {
      chat: flag("chat at the terminal instead: a profile, a group and the line with which others join"),
      "no-open": flag("open no browser, only print the screen's link"),
    },
    examples: ["npm start", "npm start -- --chat", "npm start -- join 'hermes://join/…'"],
    ends: "when-told",
    run: start,
  }),
  command({
    name: "relay",
    summary: "run a relay; see hermes relay --help",
    operands: "everything",
    examples: ["hermes relay --data /srv/hermes"],
    run: ({ given, surroundings }) => surroundings.relay(given.operands),
  }),
  command({
    name: "init",
    summary: "make an account and its profile on this machine; shows its recovery words",
    options: {
      name: option("NAME", "how others see you (default: your login name)"),
      relay: repeated("MULTIADDR", "relay to use, from its ready line; may be repeated"),
    },
    examples: ["hermes init --name Ana --relay /ip4/192.0.2.7/tcp/33001/p2p/12D3Koo…"],
    run: init,
  }),
  command({
    name: "whoami",
    summary: "your account, and the contact link with which others add you",
    examples: ["hermes whoami", "hermes whoami --json"],
    run: whoami,
  }),
  command({
    name: "name",
    summary: "change the name that others see; every group is told",
    operands: ["NEW"],
    options: { wait: WAIT },
    details: `What you wrote before keeps the name of then. Whoever joins a group later sees the new name once you write there.`,
    examples: ["hermes name 'Ana Lima'"],
    run: changeName,
  }),
  command({
    name: "relays",
    summary: "show where mail for you is stored, or change that",
    options: {
      add: repeated("MULTIADDR", "store it there, too, from the relay's ready line"),
      remove: repeated("MULTIADDR", "not there any more: an address, or the PeerId in it"),
      wait: WAIT,
    },
    details: `Letters, invitations and the keys with which others write to you first. A relay that was removed is read for a week
more. New groups are stored at the same relays; those that exist keep theirs: hermes group relays.`,
    examples: ["hermes relays", "hermes relays --add /ip4/192.0.2.7/tcp/33001/p2p/12D3Koo…"],
    run: ownRelays,
  }),
  command({
    name: "passphrase",
    summary: "change the passphrase of the profile",
    options: {
      "new-passphrase-file": option(
        "FILE",
        "file whose first line is the new passphrase (HERMES_NEW_PASSPHRASE holds it itself)",
      ),
    },
    examples: ["hermes passphrase", "hermes passphrase --passphrase-file old.txt --new-passphrase-file new.txt"],
    run: passphrase,
  }),
  command({
    name: "recovery show",
    summary: "show the 24 recovery words; asks for the passphrase",
    examples: ["hermes recovery show"],
    run: showRecovery,
  }),
  command({
    name: "recovery check",
    summary: "check that the words you wrote down are right: typed, or from standard input; exit code 1 if not",
    examples: ["hermes recovery check", "hermes recovery check < words.txt"],
    run: checkRecovery,
  }),
  command({
    name: "recovery restore",
    summary: "come back with the 24 words, typed or from standard input, and a relay of your account",
    options: {
      relay: repeated("MULTIADDR", "relay that your account used; may be repeated"),
      name: option("NAME", "how others see you (default: as before)"),
      account: option("ACCOUNT", "refuse words of any other account than this"),
      wait: option("S", "wait at most so many seconds to be let into your groups (default 10)"),
    },
    details: `Makes a profile on this machine with a new device of your account. The relay keeps a list of your groups, which only the
words open; members of each group that are online let the new device in, and everybody there is told of it. What was
written before cannot be read on it. Unlink a lost device afterwards: hermes devices list.`,
    examples: ["hermes recovery restore --relay /ip4/192.0.2.7/tcp/33001/p2p/12D3Koo… < words.txt"],
    run: restoreRecovery,
  }),
  command({
    name: "devices list",
    summary: "devices of your account, and in how many of your groups each is",
    examples: ["hermes devices list"],
    run: listDevices,
  }),
  command({
    name: "devices unlink",
    summary: "put another device of your account out of all groups in which this one is",
    operands: ["DEVICE"],
    options: { wait: WAIT },
    details: `DEVICE is the beginning of its id. Each group gets a fresh key that the device does not have. It can never be linked to
them again.`,
    examples: ["hermes devices unlink 3f9c0a"],
    run: unlinkDevice,
  }),
  command({
    name: "account delete",
    summary: "leave all groups, withdraw from the relays, and wipe the profile",
    options: {
      "hand-over-all": flag("groups that you own go to their first admin, or to a member where there is none"),
      yes: flag("do not ask"),
      wait: WAIT,
    },
    details: `Asks for the account's name first. What the relays cannot be told now is said, and stays with them until it expires; the
account's other devices keep what they have.`,
    examples: ["hermes account delete", "hermes account delete --yes --hand-over-all"],
    run: deleteAccount,
  }),
  ...GROUP_COMMANDS,
  command({
    name: "verify",
    summary:
      "compare fingerprints with a member: digits and a QR code; MEMBER is a name or the beginning of an account",
    operands: ["G", "MEMBER"],
    options: {
      confirm: flag("you have compared: mark the account as verified"),
      withdraw: flag("take the mark away"),
      compare: option("DIGITS", "what you have scanned or were told; compared for you, and refused when it differs"),
    },
    details: `Whoever was verified stays so under the same account key, on whatever device. You are warned of a new device of theirs,
and of anybody else with their name.`,
    examples: ["hermes verify 'Sunday hikes' Ben", "hermes verify 'Sunday hikes' Ben --confirm"],
    run: verify,
  }),
  command({
    name: "send",
    summary: "send a text, or standard input",
    operands: ["G", "[TEXT]"],
    options: { wait: WAIT, "no-wait": flag("do not wait for the relay") },
    examples: ["hermes send 'Sunday hikes' 'Nine at the station'", "uptime | hermes send Servers"],
    run: send,
  }),
  ...FILE_COMMANDS,
  command({
    name: "history",
    summary: "messages of a group, oldest first",
    operands: ["G"],
    options: {
      limit: option("N", "the newest so many, 1 to 10000 (default 50)"),
      before: option("ID", "only older ones than this message"),
      search: option("WORDS", "only those with all of these words"),
      ids: flag("the id of each message before it, as --before takes it"),
    },
    details: `What is in the profile; nothing is fetched for it, so run hermes sync before it or keep hermes listen running. The
last of the words searched for may be the beginning of one.`,
    examples: ["hermes history 'Sunday hikes' --limit 10", "hermes history Servers --search 'load average' --json"],
    run: history,
  }),
  command({
    name: "listen",
    summary: "follow a group, or all; with --json one event a line, for bots and scripts",
    operands: ["[G]"],
    details: `It tells what others wrote, and not what this profile sends, so that a bot does not answer itself.`,
    examples: ["hermes listen", "hermes listen Servers --json"],
    ends: "when-told",
    run: listen,
  }),
  command({
    name: "chat",
    summary: "chat line by line; with standard input from elsewhere each line is sent",
    operands: ["[G]"],
    details:
      "Lines that begin with / are for the chat itself: /file PATH, /get FILE, /files, /who, /invite; /help says what each does.",
    examples: ["hermes chat 'Sunday hikes'"],
    ends: "when-told",
    run: chat,
  }),
  command({
    name: "gui",
    summary: "the same and more in a browser: groups, files, people, settings",
    options: {
      port: option("P", "serve at this port of 127.0.0.1 (default: any free one)"),
      "no-open": flag("only print the link"),
    },
    details: `The link works once: the browser that opens it may come back until the command ends. Nobody else on this machine or
network gets anything, and the page loads nothing from elsewhere.`,
    examples: ["hermes gui", "hermes gui --no-open --json"],
    ends: "when-told",
    run: gui,
  }),
  command({
    name: "status",
    summary: "relays, peers, and what waits to be sent",
    examples: ["hermes status --json"],
    run: status,
  }),
  command({
    name: "sync",
    summary: "fetch and send everything now; exit code 1 if that was not possible",
    options: { wait: WAIT },
    examples: ["hermes sync --wait 30"],
    run: sync,
  }),
  command({
    name: "doctor",
    summary:
      "look for what is wrong with this machine, the profile and its relays, and say what to do; exit code 1 if so",
    options: {
      wait: option("S", "give the network at most so many seconds (default 8)"),
      evidence: option("FILE", "save what shows that a relay did not tell the truth, in a new file"),
      "check-evidence": option("FILE", "say whether what such a file shows is genuine"),
    },
    examples: ["hermes doctor", "hermes doctor --json", "hermes doctor --evidence relay.json"],
    run: doctor,
  }),
  command({
    name: "help",
    summary: "help about all commands, one command, or a topic",
    operands: ["[COMMAND]", "[WORD]"],
    examples: ["hermes help group invite", "hermes help scripting"],
    reads: "nothing",
    run: help,
  }),
  command({
    name: "version",
    summary: "which version this is; hermes --version too",
    examples: ["hermes version --json"],
    reads: "nothing",
    run: version,
  }),
  command({
    name: "completion",
    summary: "a script with which bash, zsh or fish complete commands and options",
    operands: ["SHELL"],
    examples: [
      "hermes completion bash >> ~/.bashrc",
      "hermes completion fish > ~/.config/fish/completions/hermes.fish",
    ],
    reads: "nothing",
    run: completion,
  }),
];
