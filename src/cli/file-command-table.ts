/** Commands about files, as rows of the command table. */
import { flag, option } from "./arguments.ts";
import type { Command } from "./command.ts";
import { command } from "./command-row.ts";
import { cancelFile, getFile, listFiles, sendFile } from "./file-commands.ts";

const IDLE = option("S", "leave it to later when nothing has moved for so many seconds (default 30)");

export const FILE_COMMANDS: readonly Command[] = [
  command({
    name: "send-file",
    summary: "send a file, a directory (as an archive), or standard input (-)",
    operands: ["G", "PATH"],
    options: {
      name: option("NAME", "how the others see it (default: the last part of the path)"),
      type: option("TYPE", "its MIME type, such as image/png (default: by the name)"),
      wait: IDLE,
      "no-wait": flag("do not wait until it has left this machine"),
    },
    details: `Any size. Shows how far it is until all of it is at a relay or at another member. Interrupted by whatever, it goes on
where it stood whenever Hermes runs again, as long as the file is where it was. A small picture is sent with a preview. Of a
directory go files and directories; symbolic links and special files do not, and those left out are named.`,
    examples: [
      "hermes send-file 'Sunday hikes' route.pdf",
      "hermes send-file Servers /etc/nginx",
      "pg_dump shop | hermes send-file Servers - --name shop.sql",
    ],
    run: sendFile,
  }),
  command({
    name: "files",
    summary: "files of a group, and how far each is",
    operands: ["G"],
    examples: ["hermes files 'Sunday hikes'", "hermes files Servers --json"],
    run: listFiles,
  }),
  command({
    name: "get-file",
    summary: "fetch a file; FILE is its name, or the beginning of its id",
    operands: ["G", "FILE"],
    options: {
      out: option(
        "PATH",
        "a directory, or a path where nothing is (default: ~/Downloads/Hermes, or downloads of the settings)",
      ),
      unpack: flag("a directory that was sent: unpack it beside the archive"),
      wait: IDLE,
    },
    details: `From relays and from every member who has it, at once, each piece checked. Nothing is ever overwritten. Interrupted by
whatever, it goes on where it stood whenever Hermes runs again; exit code 1 when it is not here yet. Files of up to 10 MiB come
to ~/Downloads/Hermes by themselves (HERMES_DOWNLOADS, HERMES_AUTOMATIC_DOWNLOAD_BYTES).`,
    examples: ["hermes get-file 'Sunday hikes' route.pdf", "hermes get-file Servers 3f9c0a12 --out /tmp"],
    run: getFile,
  }),
  command({
    name: "cancel-file",
    summary: "stop sending or fetching a file; one of yours is taken back from the relays",
    operands: ["G", "FILE"],
    examples: ["hermes cancel-file Servers shop.sql"],
    run: cancelFile,
  }),
];
