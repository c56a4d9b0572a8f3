import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MessageView } from "../../../src/client/api.ts";
import type { ClientEvent } from "../../../src/client/event-api.ts";
import { INITIAL_VIEW } from "../../../src/client/view/view-news.ts";
import { line, ME } from "./lines.ts";
import { GROUP, PROFILE, viewScene } from "./view-scene.ts";

const said = (message: MessageView): ClientEvent => ({ event: "message", group: GROUP, message });
const texts = ({ model }: ReturnType<typeof viewScene>) =>
  (model.state().conversations[GROUP.id]?.rows ?? []).flatMap((row) => (row.kind === "message" ? [row.line.text] : []));
const messages = ({ model }: ReturnType<typeof viewScene>) =>
  (model.state().conversations[GROUP.id]?.rows ?? []).filter((row) => row.kind === "message");
/** Pages of these lines, as the client gives them. */
const paged =
  (all: readonly MessageView[]) => (params: { limit?: number; before?: string; after?: string; around?: string }) => {
    const { limit = 50, before, after, around } = params;
    const place = (id: string | undefined) => all.findIndex((each) => each.id === id);
    if (before !== undefined) return { messages: all.slice(Math.max(0, place(before) - limit), place(before)) };
    if (after !== undefined) return { messages: all.slice(place(after) + 1, place(after) + 1 + limit) };
    if (around !== undefined) {
      if (place(around) < 0) throw { code: "usage/not-found", message: "no such line" };
      return { messages: all.slice(Math.max(0, place(around) - limit / 2), place(around) + 1 + limit / 2) };
    }
    return { messages: all.slice(-limit) };
  };

describe("the view model", () => {
  it("shows where the profile stands, and forgets everything when it is locked", async () => {
    const scene = viewScene({ history: paged([line(1)]) });
    const { model, tell, pass } = scene;
    assert.equal(model.state(), INITIAL_VIEW);
    tell({ kind: "live", profile: { ...PROFILE, phase: "new", invite: "hermes://join/x" }, resumed: false });
    await pass();
    assert.deepEqual(
      [model.state().phase, model.state().invite, model.state().defaultRelays],
      ["new", "hermes://join/x", ["/relay"]],
    );
    tell({ kind: "profile", profile: PROFILE });
    await pass();
    model.openGroup(GROUP.id);
    await pass();
    assert.deepEqual([model.state().phase, model.state().me?.name, texts(scene)], ["open", "Ana", ["line 1"]]);
    tell({ kind: "profile", profile: { ...PROFILE, phase: "locked" } });
    await pass();
    const { phase, me, groups, conversations } = model.state();
    assert.deepEqual([phase, me, groups, conversations], ["locked", undefined, [], {}]);
  });

  it("tells of a burst once, and hands out the same object until something changed", async () => {
    const { model, open, happen, pass } = viewScene();
    await open();
    let told = 0;
    model.subscribe(() => told++);
    const before = model.state();
    happen(...Array.from({ length: 100 }, (_, n) => said(line(n))));
    assert.equal(model.state(), before);
    await pass(15);
    assert.equal(told, 1);
    assert.equal(model.state().groups[0]?.unread, 100);
    await pass();
    const after = model.state();
    await pass();
    assert.equal(model.state(), after);
  });

  it("shows a line once, in its place, whether it came by a page or as an event", async () => {
    const lines = [line(1), line(2), line(4)];
    const scene = viewScene({ history: paged(lines) });
    await scene.open();
    scene.model.openGroup(GROUP.id);
    scene.happen(said(line(4)));
    await scene.pass();
    scene.happen(said(line(3)), said(line(3)), said(line(5)));
    await scene.pass();
    assert.deepEqual(texts(scene), ["line 1", "line 2", "line 3", "line 4", "line 5"]);
  });

  it("goes back to the beginning page by page, and to any message", async () => {
    const lines = Array.from({ length: 1_000 }, (_, n) => line(n));
    const scene = viewScene({ history: paged(lines) });
    const { model, open, pass } = scene;
    await open();
    model.openGroup(GROUP.id);
    await pass();
    model.loadOlder(GROUP.id);
    model.loadOlder(GROUP.id); // while the first one is under way
    await pass();
    assert.equal(messages(scene).length, 200);
    const place = await model.goTo(GROUP.id, line(10).id);
    const there = model.state().conversations[GROUP.id]?.rows[place ?? -1];
    assert.ok(there?.kind === "message" && there.line.text === "line 10");
    assert.deepEqual(
      [model.state().conversations[GROUP.id]?.atStart, model.state().conversations[GROUP.id]?.atEnd],
      [true, false],
    );
    scene.happen(said(line(1_001))); // beyond the open end
    for (let n = 0; n < 12; n++) {
      model.loadNewer(GROUP.id);
      await pass();
    }
    assert.deepEqual(
      texts(scene),
      lines.map(({ text }) => text),
    );
    assert.equal(await model.goTo(GROUP.id, "ff".repeat(32)), undefined);
  });

  it("marks where the new begins when people come, and not while they look", async () => {
    const lines = Array.from({ length: 8 }, (_, n) => line(n));
    const page = paged(lines);
    const scene = viewScene({ history: (params) => ({ ...page(params), firstUnread: lines[5]?.id }) });
    scene.script["group-list"] = () => ({ groups: [{ ...GROUP, members: 2, unread: 3 }] });
    const { model, open, pass } = scene;
    await open();
    model.openGroup(GROUP.id);
    await pass();
    const { rows, unreadRowId } = model.state().conversations[GROUP.id] ?? assert.fail();
    const mark = rows.findIndex(({ id }) => id === unreadRowId);
    const [row, next] = [rows[mark], rows[mark + 1]];
    assert.ok(row?.kind === "unread" && row.count === 3 && next?.kind === "message" && next.line.text === "line 5");
    assert.equal(await model.goTo(GROUP.id, "first-unread"), mark + 1);
    model.markRead(GROUP.id);
    model.markRead(GROUP.id);
    await pass();
    assert.deepEqual([scene.calls("mark-read").length, model.state().groups[0]?.unread], [1, 0]);
    scene.script.history = page;
    model.openGroup(GROUP.id);
    await pass();
    assert.equal(model.state().conversations[GROUP.id]?.unreadRowId, undefined);
  });

  it("shows what is sent at once, as one row, whichever comes first: the event or the answer", async () => {
    for (const eventFirst of [true, false]) {
      const scene = viewScene();
      const { model, open, pass, happen } = scene;
      let answer: (result: unknown) => void = () => undefined;
      scene.script.send = () => new Promise((resolve) => (answer = resolve));
      await open();
      model.openGroup(GROUP.id);
      await pass();
      model.send(GROUP.id, "hello");
      await pass();
      const typed = messages(scene)[0];
      assert.deepEqual([typed?.line.text, typed?.own, typed?.sending], ["hello", true, "sending"]);
      const mine = line(7, { from: ME, text: "hello", state: "queued" });
      const steps = [() => happen(said(mine)), () => answer({ message: { id: mine.id }, state: "queued" })];
      for (const step of eventFirst ? steps : steps.toReversed()) {
        step();
        await pass();
        assert.deepEqual([texts(scene), messages(scene)[0]?.id], [["hello"], typed?.id]);
      }
      happen({
        event: "sent",
        group: GROUP,
        message: { id: mine.id },
        state: "delivered",
        delivery: { devices: 1, of: 2 },
      });
      await pass();
      const row = messages(scene)[0];
      assert.deepEqual(
        [row?.sending, row?.line.state, row?.line.delivery],
        [undefined, "delivered", { devices: 1, of: 2 }],
      );
      assert.equal(model.state().groups[0]?.unread, 0);
    }
  });

  it("two equal texts are two rows", async () => {
    const scene = viewScene();
    const { model, open, pass, happen } = scene;
    const ids = [line(7).id, line(8).id];
    scene.script.send = () => ({ message: { id: ids.shift() }, state: "queued" });
    await open();
    model.openGroup(GROUP.id);
    await pass();
    model.send(GROUP.id, "ok");
    model.send(GROUP.id, "ok");
    happen(said(line(7, { from: ME, text: "ok" })));
    await pass();
    assert.equal(messages(scene).length, 2);
    happen(said(line(8, { from: ME, text: "ok" })));
    await pass();
    assert.deepEqual(
      messages(scene).map(({ line: each }) => each.id),
      [line(7).id, line(8).id],
    );
  });

  it("says in the row what was refused, and tries again or forgets it", async () => {
    const failure = { code: "usage/too-long", message: "Too long." };
    const scene = viewScene();
    const { model, open, pass } = scene;
    scene.script.send = () => Promise.reject(failure);
    await open();
    model.openGroup(GROUP.id);
    await pass();
    model.send(GROUP.id, "much");
    await pass();
    const row = messages(scene)[0];
    assert.deepEqual([row?.sending, row?.failure], ["failed", failure]);
    scene.script.send = () => ({ message: { id: line(1).id }, state: "queued" });
    model.retry(GROUP.id, row?.id ?? "");
    await pass();
    assert.deepEqual([messages(scene)[0]?.sending, messages(scene)[0]?.failure], [undefined, undefined]);
    scene.script.send = () => Promise.reject(failure);
    model.send(GROUP.id, "again too much");
    await pass();
    model.discard(GROUP.id, messages(scene).at(-1)?.id ?? "");
    await pass();
    assert.deepEqual(texts(scene), ["much"]);
  });

  it("keeps drafts and preferences in the profile, a little after the last key", async () => {
    const saved: unknown[] = [];
    const scene = viewScene({ "note-save": (note) => saved.push(note) });
    scene.script.notes = () => ({
      notes: [
        { name: `draft.${GROUP.id}`, text: "see you" },
        { name: "preferences", text: '{"theme":"dark"}' },
      ],
    });
    const { model, open, pass } = scene;
    await open();
    assert.deepEqual([model.state().groups[0]?.draft, model.state().preferences.theme], ["see you", "dark"]);
    model.saveDraft(GROUP.id, "see you at");
    model.saveDraft(GROUP.id, "see you at nine");
    model.setPreferences({ textSize: "large" });
    await pass(100);
    assert.deepEqual([saved, model.state().groups[0]?.draft], [[], "see you at nine"]);
    await pass();
    assert.deepEqual(saved[0], { name: `draft.${GROUP.id}`, text: "see you at nine" });
    assert.match(JSON.stringify(saved[1]), /preferences.*large/);
    model.saveDraft(GROUP.id, "see you at ten");
    model.saveNow();
    assert.deepEqual(saved.at(-1), { name: `draft.${GROUP.id}`, text: "see you at ten" });
    scene.script.send = () => ({ message: { id: line(1).id }, state: "queued" });
    model.send(GROUP.id, "see you at nine");
    await pass();
    assert.deepEqual([saved.at(-1), model.state().groups[0]?.draft], [{ name: `draft.${GROUP.id}`, text: "" }, ""]);
  });

  it("loses no draft to a short break, and saves none of a profile that was locked", async () => {
    const saved: unknown[] = [];
    const { model, open, pass, tell } = viewScene({ "note-save": (note) => saved.push(note) });
    await open();
    model.saveDraft(GROUP.id, "typed");
    tell({ kind: "lost" });
    tell({ kind: "live", profile: PROFILE, resumed: true });
    await pass();
    assert.equal(saved.length, 1);
    model.saveDraft(GROUP.id, "typed before the lock");
    tell({ kind: "profile", profile: { ...PROFILE, phase: "locked" } });
    await pass();
    assert.equal(saved.length, 1);
  });

  it("asks for everything anew when events were lost, and for nothing when none was", async () => {
    const scene = viewScene({ history: paged([line(1)]) });
    const { model, open, pass, tell, asked } = scene;
    await open();
    model.openGroup(GROUP.id);
    await pass();
    const count = asked.length;
    tell({ kind: "lost" });
    await pass();
    assert.equal(model.state().server, "lost");
    tell({ kind: "live", profile: PROFILE, resumed: true });
    await pass();
    assert.deepEqual([model.state().server, asked.length], ["live", count]);
    scene.script.history = paged([line(1), line(2)]);
    tell({ kind: "live", profile: PROFILE, resumed: false });
    await pass();
    assert.deepEqual(texts(scene), ["line 1", "line 2"]);
    tell({ kind: "anew" });
    await pass();
    assert.equal(texts(scene).length, 2);
  });

  it("keeps one warning of a kind about one thing, newest first, until it is read", async () => {
    const { model, open, pass, happen } = viewScene();
    await open();
    const warning = (code: string): ClientEvent => ({ event: "warning", code, message: "Look.", group: GROUP });
    happen(warning("fork"), warning("forged"), warning("fork"));
    await pass();
    assert.deepEqual(
      model.state().warnings.map(({ code }) => code),
      ["fork", "forged"],
    );
    model.dismissWarning(model.state().warnings[0]?.id ?? "");
    await pass();
    assert.deepEqual(
      model.state().warnings.map(({ code }) => code),
      ["forged"],
    );
  });

  it("takes away what was withdrawn, and shows how far a file is", async () => {
    const file = {
      id: line(2).id,
      name: "a.png",
      sizeBytes: 9,
      type: "image/png",
      state: "offered" as const,
      doneBytes: 0,
    };
    const scene = viewScene({ history: paged([line(1), line(2, { kind: "file", file })]) });
    const { model, open, pass, happen } = scene;
    await open();
    model.openGroup(GROUP.id);
    await pass();
    happen({ event: "file", group: GROUP, file: { ...file, state: "here", doneBytes: 9 } });
    happen({ event: "withdrawn", group: GROUP, message: { id: line(1).id } });
    await pass();
    assert.deepEqual(
      messages(scene).map(({ line: each }) => each.file?.state),
      ["here"],
    );
  });
});
