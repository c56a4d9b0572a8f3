/** Commands about the account as a whole: account delete. */
import { Fault } from "../wire/fault.ts";
import { given, mistake, secondsAsMsOf } from "./arguments.ts";
import { type CommandContext, withSession } from "./command.ts";
import { confirm } from "./confirmation.ts";
import { renderDeleted } from "./render-membership.ts";

/** `hermes account delete`: leaves everything, then wipes the profile. */
export async function deleteAccount(context: CommandContext): Promise<number> {
  const { choice, surroundings, output } = context;
  const { options } = context.given;
  const { terminal, profiles } = surroundings;
  if (terminal === undefined && !options.has("yes"))
    throw mistake("this cannot be undone and there is no terminal to ask at; give --yes if it is meant.");
  if (await profiles.inUse(choice.directory))
    throw new Fault(
      "storage/busy",
      "another process has this profile open, so nothing was deleted; end it and run the command again.",
    );
  const params = {
    ...(options.has("hand-over-all") ? { handOverAll: true } : {}),
    ...given({ waitMs: secondsAsMsOf(context.given, "wait") }),
  };
  const left = await withSession(context, async (session) => {
    const { name } = await session.call("whoami", {});
    if (terminal !== undefined && !options.has("yes")) await confirm(terminal, WARNING, name);
    return await session.call("account-leave", params);
  });
  await profiles.erase(choice.directory);
  output.result({ deleted: true, ...left }, renderDeleted(left));
  return 0;
}

const WARNING = `This leaves all your groups and wipes this profile with everything that you can read in it. It cannot be undone; the recovery
words bring back the account, but none of its messages.`;
