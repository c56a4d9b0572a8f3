/** What `hermes help TOPIC` says about things that belong to no single command. */

/** Topic -> text. */
export const TOPICS: Readonly<Record<string, string>> = {
  passphrases: `Passphrases

A profile is encrypted under a random key, and that key under your passphrase. Hermes takes the passphrase from the
first of these that is there:

  --passphrase-file FILE   the first line of FILE, in UTF-8
  HERMES_PASSPHRASE        an environment variable
  the terminal             typed, and not shown; a new one twice

Never from the arguments: other users of the machine can read those. A command on a profile that another one has open
needs no passphrase, but one that is given is checked. hermes recovery show needs it always.

hermes passphrase changes it; the new one comes from --new-passphrase-file, HERMES_NEW_PASSPHRASE or the terminal. Only
the key file is rewritten, whole or not at all, so it may be interrupted at any time. How much work one guess at the
new passphrase costs is set by kdfMemoryKiB and kdfPasses of the settings. A copy of the old key file still opens with
the old passphrase: somebody who has both, and gets hold of the profile, can read it.

The password of a room is another thing: links to a group can ask for it (hermes group settings G --password). It comes
from --password-file FILE, HERMES_ROOM_PASSWORD or the terminal.

Nobody can open a profile without its passphrase. The 24 recovery words are another secret: they are your account, not
the key of this profile. Write them down, and see hermes recovery check.`,

  trust: `Whom one talks to, and lost devices

A name is whatever its owner typed. hermes verify shows your fingerprint and that of a member, as digits and as a QR
code; compare them in person or by a call, then --confirm. You are warned when somebody verified has a new device, and
when somebody else takes their name.

On a new machine hermes recovery restore brings you back with the 24 words and a relay of your account. The members of
your groups let the new device in and are told of it. It cannot read what was written before: those keys were on the
other device alone. Then hermes devices list, and hermes devices unlink puts the lost one out.

Whoever has the words, or an unlocked device, is you. Unlinking keeps a device out, and not somebody who took your words
or your account's key from it: leave your groups then (hermes account delete) and begin a new account.`,

  relays: `Relays

A relay keeps encrypted messages for those who are away. It sees addresses, sizes and times, never what is written or
by whom, and you can run one yourself: hermes relay. Its ready line names its addresses, such as

  /ip4/192.0.2.7/tcp/33001/p2p/12D3KooW…

The last part is the relay's identity: another program at that address is refused. hermes init --relay ADDRESS puts it
into a new profile, hermes relays --add ADDRESS into one that you have; either may be given several times. Links carry
the relays of a group, so whoever joins needs none.

While no relay can be reached messages wait in the profile, and are sent in their order when one can. hermes status
shows how the relays are, hermes doctor looks for what is wrong. A relay that asks for a token gets accessToken of the
settings, or HERMES_ACCESS_TOKEN.

A group may have several relays, and one is enough: hermes group relays G --add ADDRESS. With --remove it leaves one;
whoever was away then finds the new ones at the old one, which is used for a week more, or from another member.

Members of a group whose machines reach each other while Hermes is open on both sides pass messages on directly, too,
so that a conversation goes on while the relay is away. On one LAN they find each other (--no-mdns: not this one);
elsewhere name an address in peers of the settings or HERMES_PEERS, and a port that is open in listen or
HERMES_LISTEN. --no-listen lets nobody connect to this machine, --no-relay connects to no relay. hermes status lists
the members that are connected.`,

  scripting: `Scripting

Every command works unattended: give HERMES_PROFILE (or --profile) and HERMES_PASSPHRASE (or --passphrase-file). With
--json each result is one object a line on standard output, and a failure is {"error":{"code","message"}}; remarks for
people go to standard error. PROTOCOL.md § Command line lists the objects.

Several commands may use one profile at once: the first one has it open, the others ask it. A bot is

  hermes listen Servers --json | while read -r event; do …; done

and answers with hermes send. listen tells what others wrote, and not what was sent from this profile, so a bot does
not answer itself; its own messages show as {"event":"sent"} when they have arrived. A message is told again if the
listener was killed before it was marked as read: go by message.id. Messages come in the order of the conversation; one
that stands before another that was told already has "late":true.

hermes send prints its object when the message is safe in the profile. "queued" means that it is sent as soon as a relay
can be reached and some command runs; hermes sync does that now. Where one is reached that takes nothing, "reason" says
why, such as that its disk is full. "unsent" in a history means that nobody took it for so long that nobody could read
it any more: send it again if it still matters. hermes history reads what is in the profile and fetches nothing: run
hermes sync before it, or keep hermes listen running. Pages of a history go backwards:

  hermes history Servers --limit 100 --before ID      with the id of the first message of the page after it`,

  "exit-codes": `Exit codes

  0    done; of start, listen, chat, gui and relay also: ended by a signal
  1    failed while running, with one sentence on standard error, or an error object with --json. Of sync: something is
       still missing. Of get-file: it is not here yet. Of recovery check: the words are not right. Of doctor: something
       is wrong
  2    an argument or a setting was wrong, of the client or of the relay; nothing was done
  130  ended by Ctrl-C before it was done (143: by SIGTERM, 129: by SIGHUP)

2 goes with the codes usage/bad-argument, usage/too-long, usage/bad-link, config/invalid and config/unreadable, and 1
with all others: what is not there, or not allowed, depends on the profile and not on the command alone.

The code in {"error":{"code"}} is one of a closed list, in PROTOCOL.md § Command line; match that and not the sentence.`,
};
