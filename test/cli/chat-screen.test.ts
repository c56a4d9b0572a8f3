import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { describe, it } from "mocha";
import { openScreen } from "../../src/cli/chat-screen.ts";
import type { Surroundings } from "../../src/cli/command.ts";

const COLUMNS = 20;

/** A terminal of so many columns that knows what readline and the screen send: rows of letters, without trailing spaces. */
function terminal() {
  let rows: string[] = [""];
  let [row, column] = [0, 0];
  const go = (to: number, letter: string) => {
    const before = (rows[to] ?? "").padEnd(column);
    rows[to] = before.slice(0, column) + letter + before.slice(column + 1);
    column++;
  };
  const take = (text: string) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal obeys
    for (const [each, count = "", verb] of text.matchAll(/\u001b\[(\d*)([AGJ])|./gsu)) {
      if (verb === "A") row -= Number(count || 1);
      else if (verb === "G") column = Number(count || 1) - 1;
      else if (verb === "J") rows = [...rows.slice(0, row), (rows[row] ?? "").slice(0, column)];
      else if (each === "\r") column = 0;
      else if (each === "\n") [row, column] = [row + 1, 0];
      else {
        if (column === COLUMNS) [row, column] = [row + 1, 0];
        go(row, each);
      }
    }
  };
  const output = new Writable({
    write: (chunk, _, done) => {
      take(String(chunk));
      done();
    },
  });
  return {
    output: Object.assign(output, { isTTY: true, columns: COLUMNS }),
    rows: () => Array.from(rows, (each = "") => each.trimEnd()),
  };
}

describe("A chat at a terminal", () => {
  it("shows what comes above a line that is being typed and is longer than the terminal is wide", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const { output, rows } = terminal();
    const surroundings = { stdin, stdout: output, terminal: {}, signal: new AbortController().signal };
    const screen = openScreen({ ...surroundings, isHuman: true } as unknown as Surroundings & { isHuman: true });
    screen.print("Ben: good morning");
    stdin.write("this line is longer than twenty columns");
    await new Promise(setImmediate);
    screen.print("Ben: first");
    screen.print("Ben: second, which is longer than the terminal too");
    screen.close();
    assert.deepEqual(
      rows().filter((each) => each !== ""),
      [
        "Ben: good morning",
        "Ben: first",
        "Ben: second, which i",
        "s longer than the te",
        "rminal too",
        "> this line is longe",
        "r than twenty column",
        "s",
      ],
    );
  });
});
