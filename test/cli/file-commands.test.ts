import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderBytes, renderDuration } from "../../src/cli/amounts.ts";
import { barLine } from "../../src/cli/progress-bar.ts";
import { renderFile, renderOutcome } from "../../src/cli/render-files.ts";
import type { FileView } from "../../src/client/file-api.ts";
import { run } from "./surroundings.ts";

const group = { id: "aa11", name: "walks" };
const file: FileView = {
  id: "0123456789abcdef",
  name: "route.pdf",
  sizeBytes: 2_097_152,
  type: "application/pdf",
  state: "sent",
  doneBytes: 2_097_152,
};
const sent = { message: { id: file.id }, file, state: "on-relay" as const };

describe("commands about files", () => {
  it("send a path, made absolute, and say how it ended", async () => {
    const { calls, stdout, exit } = await run(["send-file", "walks", "route.pdf", "--no-wait"], {
      answers: { "file-send": sent },
    });
    assert.deepEqual(calls, [
      { method: "file-send", params: { group: "walks", path: `${process.cwd()}/route.pdf`, waitMs: 0 } },
    ]);
    assert.equal(stdout, "on the relay; route.pdf: sent\n");
    assert.equal(exit, 0);
  });

  it("name what of a directory was not sent", async () => {
    const answers = { "file-send": { ...sent, leftOut: { count: 3, names: ["latest", "bin/no\nde"] } } };
    const { stderr, exit } = await run(["send-file", "walks", "photos", "--no-wait"], { answers });
    assert.equal(exit, 0);
    assert.equal(stderr, "Not sent, as links and special files are not: latest, bin/no de and 1 more\n");
    const { stdout } = await run(["send-file", "walks", "photos", "--no-wait", "--json"], { answers });
    assert.deepEqual(JSON.parse(stdout).leftOut, answers["file-send"].leftOut);
  });

  it("send standard input under a name", async () => {
    const { calls } = await run(["send-file", "walks", "-", "--name", "a.sql", "--no-wait"], {
      answers: { "file-send": sent },
    });
    assert.deepEqual(calls[0]?.params, { group: "walks", path: "/run/offered", name: "a.sql", waitMs: 0 });
  });

  it("stay until a file has left this machine", async () => {
    const { calls, stdout } = await run(["send-file", "walks", "route.pdf", "--json"], {
      answers: {
        "file-send": { ...sent, file: { ...file, state: "sending", doneBytes: 0 } },
        follow: {},
        "file-list": { group, files: [file] },
      },
    });
    assert.deepEqual(
      calls.map(({ method }) => method),
      ["file-send", "follow", "file-list"],
    );
    assert.deepEqual(JSON.parse(stdout), sent);
  });

  it("look again with each new owner of the profile: what ended in between is told by nobody", async () => {
    const sending = { ...file, state: "sending" as const, doneBytes: 0 };
    const { calls, stdout } = await run(["send-file", "walks", "route.pdf", "--json"], {
      answers: {
        "file-send": { ...sent, file: sending },
        "file-list": [sending, sending, file].map((each) => ({ group, files: [each] })),
      },
      followed: [{ event: "following" }, { event: "following" }],
    });
    assert.deepEqual(
      calls.map(({ method }) => method),
      ["file-send", "follow", "file-list", "file-list", "file-list"],
    );
    assert.deepEqual(JSON.parse(stdout), sent);
  });

  it("fail when the file could not be sent", async () => {
    const failed = { ...file, state: "failed" as const, reason: "it has changed" };
    const { exit, stdout } = await run(["send-file", "walks", "route.pdf", "--no-wait"], {
      answers: { "file-send": { ...sent, file: failed } },
    });
    assert.equal(exit, 1);
    assert.equal(stdout, "on the relay; route.pdf: failed (it has changed)\n");
  });

  it("fetch into a path, made absolute, and unpack only when asked", async () => {
    const here = { ...file, name: "photos.tar", state: "here" as const, path: "/downloads/photos.tar" };
    const answers = { "file-get": { group, file: here } };
    const plain = await run(["get-file", "walks", "photos.tar", "--out", "sub"], { answers });
    assert.deepEqual(plain.calls[0]?.params, { group: "walks", file: "photos.tar", out: `${process.cwd()}/sub` });
    assert.equal(plain.stdout, "photos.tar: saved as /downloads/photos.tar\n");
    const { stdout } = await run(["get-file", "walks", "photos.tar", "--unpack", "--json"], { answers });
    assert.deepEqual(JSON.parse(stdout), { file: here, unpacked: "/downloads/photos" });
  });

  it("say who could bring back what nobody has, with exit code 1", async () => {
    const waiting: FileView = {
      ...file,
      state: "waiting",
      doneBytes: 1_048_576,
      holders: [{ account: "bb", name: "Ada" }],
    };
    const { exit, stdout, stderr } = await run(["get-file", "walks", "route.pdf"], {
      answers: { "file-get": { group, file: waiting } },
    });
    assert.equal(exit, 1);
    assert.equal(
      stdout,
      "route.pdf: waiting, 50 % through: nobody who is connected has the rest; it could come from Ada\n",
    );
    assert.match(stderr, /goes on by itself/);
  });

  it("list and cancel", async () => {
    const listed = await run(["files", "walks"], { answers: { "file-list": { group, files: [file] } } });
    assert.equal(listed.stdout, "01234567  route.pdf  2.00 MiB  application/pdf  sent\n");
    const cancelled = { ...file, state: "cancelled" as const };
    const ended = await run(["cancel-file", "walks", "route.pdf", "--json"], {
      answers: { "file-cancel": { group, file: cancelled } },
    });
    assert.deepEqual(JSON.parse(ended.stdout), { file: cancelled });
  });
});

describe("files as people read them", () => {
  it("have amounts in units that fit", () => {
    assert.deepEqual([0, 1_023, 1_024, 15_000_000, 1e12].map(renderBytes), [
      "0 B",
      "1023 B",
      "1.00 KiB",
      "14.3 MiB",
      "931.3 GiB",
    ]);
    assert.deepEqual([0.4, 59, 200, 7_500].map(renderDuration), ["0 s", "59 s", "3 min 20 s", "2 h 5 min"]);
  });

  it("say which they are, how large, of which type, and how far", () => {
    assert.equal(
      renderFile({ ...file, id: "3f9c0a12b4".repeat(4), state: "offered", doneBytes: 0 }),
      "3f9c0a12  route.pdf  2.00 MiB  application/pdf  offered",
    );
  });

  it("show a bar with rate and time left", () => {
    const moving: FileView = { ...file, state: "fetching", doneBytes: 1_048_576, bytesPerSecond: 524_288 };
    assert.equal(
      barLine(moving),
      "route.pdf [############------------]  50 %  1.00 MiB of 2.00 MiB  512.0 KiB/s  2 s left",
    );
    assert.match(barLine({ ...file, sizeBytes: 0, doneBytes: 0 }), /100 %/);
  });

  it("cannot move the cursor by their names or reasons", () => {
    const hostile = { ...file, name: "a\u001b[2J\u202eb", state: "failed" as const, reason: "x\u001b[1m\ny" };
    for (const text of [renderFile(hostile), renderOutcome(hostile), barLine(hostile)])
      assert(!["\u001b", "\u202e", "\n"].some((each) => text.includes(each)));
  });
});
