import assert from "node:assert/strict";
import { homedir } from "node:os";
import { describe, it } from "mocha";
import { chatFiles } from "../../src/cli/chat-files.ts";
import type { Session } from "../../src/cli/session.ts";
import type { FileState, FileView } from "../../src/client/file-api.ts";
import { Fault } from "../../src/wire/fault.ts";

const group = { id: "aa11", name: "walks" };
const fileAt = (state: FileState, doneBytes = 0): FileView => ({
  id: "0123456789abcdef",
  name: "route.pdf",
  sizeBytes: 1_000,
  type: "application/pdf",
  state,
  doneBytes,
  ...(state === "here" ? { path: "/downloads/route.pdf" } : {}),
});

/** A chat in which each call is answered by `answer`; what it printed, showed as progress, and asked for. */
function chat(answer: (method: string) => Promise<unknown>, format: "human" | "json" = "human") {
  const [printed, progress, results, calls]: [string[], string[], object[], unknown[]] = [[], [], [], []];
  const call = (async (method: string, params: unknown) => {
    calls.push([method, params]);
    return await answer(method);
  }) as Session["call"];
  const files = chatFiles(
    { format, result: (value) => void results.push(value) },
    {
      session: { call } as Session,
      group,
      screen: {
        lines: (async function* () {})(),
        print: (text) => void printed.push(text),
        progress: (text) => void progress.push(text),
        close: () => undefined,
      },
      window: "w",
    },
  );
  const heard = (file: FileView): void => files.happened({ event: "file", group, file });
  return { files, heard, printed, progress, results, calls };
}

describe("files in a chat", () => {
  it("are sent by a path as one types it or drops it, while one goes on writing", async () => {
    const { files, heard, printed, progress, calls } = chat(async () => ({ file: fileAt("sending") }));
    await files.obey("/file", "'~/my route.pdf'");
    assert.deepEqual(printed, [], "the next line need not wait");
    await files.leave();
    const path = `${homedir()}/my route.pdf`;
    assert.deepEqual(calls, [["file-send", { group: "aa11", path, waitMs: 0, window: "w" }]]);
    heard(fileAt("sending", 500));
    heard(fileAt("sent", 1_000));
    heard(fileAt("sent", 1_000));
    assert.deepEqual(printed, ["* sending route.pdf", "* route.pdf: sent"]);
    assert.deepEqual(progress, ["route.pdf 0 %", "route.pdf 50 %", "", ""]);
  });

  it("that have left before the call was answered are said to have left, once", async () => {
    let answered: (value: unknown) => void = () => undefined;
    const { files, heard, printed, progress } = chat(() => new Promise((resolve) => (answered = resolve)));
    await files.obey("/file", "a\\ b.pdf");
    heard(fileAt("sending", 999));
    heard(fileAt("sent", 1_000));
    answered({ file: fileAt("sending") });
    await files.leave();
    assert.deepEqual(printed, ["* route.pdf: sent"]);
    assert.equal(progress.at(-1), "");
  });

  it("are fetched by name; what came by itself is said, too", async () => {
    const { files, heard, printed, calls } = chat(async () => ({ group, file: fileAt("here", 1_000) }));
    await files.obey("/get", "route");
    await new Promise((resolve) => setImmediate(resolve));
    heard(fileAt("here", 1_000));
    assert.deepEqual(calls, [["file-get", { group: "aa11", file: "route" }]]);
    assert.deepEqual(printed, ["* route.pdf: saved as /downloads/route.pdf"]);
    const other = chat(async () => undefined);
    other.heard(fileAt("fetching", 10));
    other.heard(fileAt("here", 1_000));
    assert.deepEqual(other.printed, ["* route.pdf: saved as /downloads/route.pdf"]);
  });

  it("that go wrong say why, and end no chat", async () => {
    const failing = chat(async () => {
      throw new Fault("usage/not-found", "there is no file there");
    });
    await failing.files.obey("/file", "nowhere");
    await failing.files.leave();
    assert.deepEqual(failing.printed, ["! there is no file there"]);
    await assert.rejects(failing.files.obey("/get", ""), /needs the name/);
  });

  it("are listed, and are objects with --json", async () => {
    const list = { group, files: [fileAt("sent", 1_000)] };
    const human = chat(async () => list);
    await human.files.obey("/files", "");
    assert.deepEqual(human.printed, ["01234567  route.pdf  1000 B  application/pdf  sent"]);
    const json = chat(async () => list, "json");
    await json.files.obey("/files", "");
    assert.deepEqual([json.printed, json.results], [[], [{ file: fileAt("sent", 1_000) }]]);
  });
});
