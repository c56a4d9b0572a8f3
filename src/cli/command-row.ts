/** What rows of the command table are made of, and words that several of them use. */
import { option } from "./arguments.ts";
import type { Command } from "./command.ts";

type Row = Pick<Command, "name" | "summary" | "run" | "examples"> & Partial<Command>;

/** A command; what is left out is as most commands have it. */
export function command(row: Row): Command {
  return { operands: [], options: {}, reads: "settings", ends: "by-itself", ...row };
}

export const WAIT = option("S", "wait at most so many seconds for the network (default 10)");
export const TEXT_OF_GROUP = "a group's name, or the beginning of its id";
export const TEXT_OF_MEMBER = "a name, where nobody else has it, or the beginning of an account";
