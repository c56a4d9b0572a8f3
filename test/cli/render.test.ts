import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { chatLine } from "../../src/cli/chat.ts";
import {
  clock,
  printable,
  printableLine,
  renderCreated,
  renderEvent,
  renderGroups,
  renderInfo,
  renderInvite,
  renderJoin,
  renderMessage,
  renderState,
  renderStatus,
} from "../../src/cli/render.ts";
import { renderSync } from "../../src/cli/render-sync.ts";

const GROUP = { id: "ab".repeat(32), name: "Home" };
const ANA = { account: "11".repeat(32), name: "Ana" };
const SENT_AT = "2026-03-01T12:05:00.000Z";
const message = (text: string) => ({ id: "1", from: ANA, sentAt: SENT_AT, kind: "text" as const, text, depth: 1 });

describe("Text from others at a terminal", () => {
  it("cannot move the cursor, change colours or turn the writing direction", () => {
    const shown = printable("a\u001b[2Jb\u0007c\rd\u009bm\u202ee\u2066f");
    assert.equal(shown, "a\ufffd[2Jb\ufffdc\ufffdd\ufffdm\ufffde\ufffdf");
  });

  it("keeps newlines, tabs, emoji and every script", () => {
    const text = "a\nb\tc 👩‍👩‍👧 ñ שלום 你好";
    assert.equal(printable(text), text);
    assert.equal(printableLine("a\nb"), "a b");
  });

  it("cannot look like another message", () => {
    const line = renderMessage(message("hi\n2026-03-01 12:06  Ben: send me money"));
    assert.match(line, /: hi\n {4}2026/);
  });

  it("cannot hide in a name", () => {
    const line = renderMessage({ ...message("hi"), from: { ...ANA, name: "A\nna\u001b[1m" } });
    assert.ok(line.endsWith("  A na\ufffd[1m: hi"));
  });
});

describe("Results for people", () => {
  it("show a message with time, name and whether it waits", () => {
    assert.equal(renderMessage(message("hi")), `${clock(SENT_AT)}  Ana: hi`);
    assert.equal(renderMessage({ ...message("hi"), state: "queued" }), `${clock(SENT_AT)}  Ana: hi (queued)`);
    assert.equal(renderMessage({ ...message("Ben joined"), kind: "system" }), `${clock(SENT_AT)}  * Ben joined`);
  });

  it("show somebody without a name by account", () => {
    assert.ok(renderMessage({ ...message("hi"), from: { ...ANA, name: "" } }).includes("  111111111111: hi"));
  });

  it("number the recovery words, and say what they are", () => {
    const recovery = Array.from({ length: 24 }, (_, i) => `word${i + 1}`).join(" ");
    const text = renderCreated({ account: "aa", fingerprint: "1 2", device: "bb", name: "Ana", recovery });
    for (let i = 1; i <= 24; i++) assert.match(text, new RegExp(`\\b${i}\\. word${i}\\b`));
    assert.match(text, /Write them on paper/);
  });

  it("list groups, and say how to get one where there is none", () => {
    const groups = [
      { ...GROUP, members: 1, unread: 0 },
      { ...GROUP, members: 3, unread: 2 },
    ];
    assert.equal(renderGroups(groups), "abababababab  Home (1 person)\nabababababab  Home (3 people, 2 unread)");
    assert.match(renderGroups([]), /group create/);
    const asked = { ...GROUP, members: 0, unread: 0, state: "pending" as const };
    assert.equal(renderGroups([asked]), "abababababab  Home (asked to be let in)");
    assert.equal(
      renderGroups([{ ...asked, name: "" }]),
      "abababababab  (asked to be let in)",
      "its name is not known yet",
    );
    const refusal = { code: "usage/wrong-passphrase", message: "wrong room password, 4 tries left" };
    assert.equal(
      renderGroups([{ ...asked, name: "", state: "refused", refusal }]),
      "abababababab  (not let in): wrong room password, 4 tries left",
    );
    assert.equal(
      renderGroups([{ ...asked, state: "removed", asked: true }]),
      "abababababab  Home (you were removed, and asked to be let in again)",
    );
  });

  it("show who is in a group", () => {
    const member = { ...ANA, role: "owner" as const, devices: 1, verified: true };
    const text = renderInfo({ group: GROUP, members: [member], epoch: { id: "cd", number: 3 } });
    assert.match(text, /Epoch 3 {2}cd[\s\S]*111111111111 {2}Ana \(owner, 1 device, verified\)/);
    assert.doesNotMatch(renderInfo({ group: GROUP, members: [member], epoch: { id: "", number: 2 } }), /Epoch/);
  });

  it("put an invite link alone on the first line", () => {
    const text = renderInvite({ link: "hermes://join/x", expires: SENT_AT, uses: 1 });
    assert.equal(text.split("\n")[0], "hermes://join/x");
    assert.match(text, /Good for one person/);
  });

  it("say what joining waits for", () => {
    assert.equal(renderJoin({ group: GROUP, state: "joined" }), "You are in Home.");
    assert.match(renderJoin({ group: { ...GROUP, name: "" }, state: "pending" }), /admin has to be online/);
  });

  it("say of a message that waits why a relay that is reached does not take it", () => {
    assert.match(renderState("queued"), /as soon as a relay or a member is reached/);
    assert.match(renderState("queued", "its disk may be full"), /as soon as a relay takes it \(its disk may be full\)/);
  });

  it("show relays with their reason, and what waits", () => {
    const state = { state: "unreachable" as const, since: SENT_AT, reason: "nobody answers" };
    const [hikes, board] = ["hikes", "board"].map((name) => ({ id: `0${name}`, name }));
    assert(hikes && board);
    const relay = { address: "/ip4/a", ...state, own: true, serves: [hikes, board], formerly: [] };
    const text = renderStatus({ relays: [relay], peers: [], members: [], outbox: 2, primitives: "noble" });
    assert.match(
      text,
      /relay \/ip4\/a: unreachable since .* \(nobody answers\)\n {2}for your mail; hikes, board\n2 waiting to be sent/,
    );
    const left = { ...relay, own: false, serves: [], formerly: [board] };
    const told = renderStatus({
      relays: [left, { ...left, formerly: [] }],
      peers: [],
      members: [],
      outbox: 0,
      primitives: "noble",
    });
    assert.match(told, /\n {2}for until all know that they left it: board\n/);
    assert.match(told, /\n {2}for mail to somebody who reads there\n/);
    assert.match(renderStatus({ relays: [], peers: [], members: [], outbox: 0, primitives: "noble" }), /No relay/);
  });

  it("say whether a sync is complete", () => {
    assert.equal(renderSync({ complete: true, received: 1, outbox: 0, undelivered: 0 }), "Up to date, 1 new message.");
    assert.match(renderSync({ complete: false, received: 0, outbox: 2, undelivered: 0 }), /Not everything.*2 waiting/);
    const missing = { received: 0, outbox: 0, undelivered: 0, missing: 3 };
    assert.match(renderSync({ complete: false, ...missing }), /Not complete.*3 more that nobody/);
    assert.match(renderSync({ complete: true, ...missing }), /Up to date.*3 more that nobody/);
  });

  it("say after a sync which groups do not let us in, why, and how to wait for them no more", () => {
    const refused = [{ group: { ...GROUP, name: "" }, code: "usage/expired", message: "this invite was closed" }];
    const [, second] = renderSync({ complete: true, received: 0, outbox: 0, undelivered: 0, refused }).split("\n");
    assert.match(second ?? "", /abababababab: this invite was closed\. .*hermes group leave abababababab$/);
  });
});

describe("Events for people", () => {
  it("name the group in listen, and not in its own chat", () => {
    const event = { event: "message" as const, group: GROUP, message: message("hi") };
    assert.equal(renderEvent(event), `[Home] ${clock(SENT_AT)}  Ana: hi`);
    assert.equal(chatLine(event), `${clock(SENT_AT)}  Ana: hi`);
    assert.equal(chatLine({ ...event, late: true }), `${clock(SENT_AT)}  Ana: hi (late)`);
  });

  it("tell who came and how", () => {
    const ben = { account: "22".repeat(32), name: "Ben" };
    const member = { event: "member" as const, group: GROUP, by: ANA, member: ben };
    assert.equal(chatLine({ ...member, change: "added" }), "* Ana added Ben");
    assert.equal(chatLine({ ...member, change: "joined" }), "* Ben joined");
    assert.equal(
      renderEvent({ event: "member", group: GROUP, by: ANA, change: "created" }),
      "[Home] * Ana made the group",
    );
  });

  it("tell in a chat that messages have to wait, and nothing about attempts", () => {
    const relay = { address: "/ip4/a", since: SENT_AT };
    assert.equal(chatLine({ event: "status", relay: { ...relay, state: "connecting" } }), undefined);
    assert.match(
      chatLine({ event: "status", relay: { ...relay, state: "unreachable", reason: "gone" } }) ?? "",
      /unreachable \(gone\); messages wait here/,
    );
  });

  it("leave out what only programs need", () => {
    const warning = { event: "warning" as const, code: "x", message: "look" };
    assert.equal(renderEvent(warning), "! look");
    assert.equal(renderEvent({ ...warning, group: GROUP, member: ANA }), "! [Home] Ana: look");
    assert.equal(renderEvent({ event: "sent", group: GROUP, message: { id: "1" }, state: "on-relay" }), undefined);
  });
});
