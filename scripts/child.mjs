/**
 * One child process that stands in for us: our terminal, our signals, its exit code.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { isatty } from "node:tty";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs `node ...args` with our standard streams until it ends; signals that we receive reach it.
 * `onMessage`, when given, gets what the child sends with `process.send`. `env` is its environment, ours unless given.
 * Resolves to its exit code, 128 + n when signal n ended it.
 */
export function runNode(args, { onMessage, env } = {}) {
  const stdio = onMessage ? ["inherit", "inherit", "inherit", "ipc"] : "inherit";
  const child = spawn(process.execPath, args, { stdio, env });
  if (onMessage) child.on("message", (message) => onMessage(message, child));
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the child as well; a second one would mean "at once" to it.
    if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const each of SIGNALS) process.off(each, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
