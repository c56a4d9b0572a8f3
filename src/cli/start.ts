import type { CommandContext } from "./command.ts";
export async function start(_context: CommandContext): Promise<number> {
  return 0;
}
