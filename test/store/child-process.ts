/** Child processes of the store's tests: one TypeScript file each, speaking in lines on standard output. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const running = new Set<ChildProcess>();

/** A failed test must not leave its children behind. */
export async function killChildren(): Promise<void> {
  for (const child of running) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}

export interface Child {
  /** The next line that the child writes; rejects when it ends instead. */
  readonly line: () => Promise<string>;
  /** kill -9, resolved when it is gone. */
  readonly kill: () => Promise<void>;
  /** Exit code, once it has ended. */
  readonly ended: () => Promise<number | null>;
}

/** The command that runs `test/store/children/<name>.ts`. */
export function childCommand(name: string, ...args: string[]): [string, ...string[]] {
  const file = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url));
  return [process.execPath, "--import", "tsx", file, ...args];
}

export function startChild([command, ...args]: [string, ...string[]]): Child {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  return {
    line: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the child ended without another line");
      return value;
    },
    kill: async () => {
      if (isRunning(child)) child.kill("SIGKILL");
      await exited;
    },
    ended: async () => {
      await exited;
      return child.exitCode;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
