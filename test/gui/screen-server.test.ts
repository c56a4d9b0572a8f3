import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import { ask, openPage, openScreen, PASSPHRASE, type Page, type ScreenScene } from "./screen-scene.ts";

describe("The web screen's server", function () {
  this.timeout(20_000);
  let scene: ScreenScene;
  afterEach(() => scene.close());

  /** A page of a profile that was just made. */
  const opened = async () => {
    scene = await openScreen();
    const entered = await scene.enter();
    const page = await scene.page(entered);
    const made = await page.call("profile-create", { name: "Ana", passphrase: PASSPHRASE, relays: [] });
    assert.equal(made.kind, "result", JSON.stringify(made));
    return { entered, page, made };
  };
  const failureOf = async (answer: ReturnType<Page["call"]>) => {
    const said = await answer;
    return said.kind === "failure" ? said.failure.code : "done";
  };

  it("takes the link's token once, and gives a cookie that no script reads and no other site sends", async () => {
    scene = await openScreen();
    const { origin, token } = scene;
    const enter = (body: string, headers = {}) =>
      ask(`${origin}/enter`, {
        method: "POST",
        headers: { origin, "content-length": `${body.length}`, ...headers },
        body,
      });
    assert.equal((await enter('{"token":"wrong"}')).status, 401);
    assert.equal((await enter("{}}")).status, 401);
    assert.equal((await enter(`{"token":"${token}"}`, { origin: "http://127.0.0.1:1" })).status, 403);
    const first = await enter(`{"token":"${token}"}`);
    assert.equal(first.status, 200);
    const cookie = String(first.headers["set-cookie"]);
    for (const part of ["HttpOnly", "SameSite=Strict", `hermes-${new URL(origin).port}=`])
      assert.ok(cookie.includes(part), cookie);
    assert.equal((await enter(`{"token":"${token}"}`)).status, 401);
  });

  it("answers no other name for this machine, no other page, and opens no socket for one", async () => {
    scene = await openScreen();
    const { origin } = scene;
    const { cookie, key } = await scene.enter();
    for (const host of ["evil.example", `localhost:${new URL(origin).port}`, "127.0.0.1", "127.0.0.1:1"])
      assert.equal((await ask(`${origin}/`, { headers: { host } })).status, 421, host);
    assert.equal(
      (await ask(`${origin}/app.js`, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } }))
        .status,
      403,
    );
    assert.equal(
      (await ask(`${origin}/app.js`, { headers: { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" } })).status,
      403,
    );
    assert.equal((await ask(`${origin}/app.js`, { headers: { origin: "http://127.0.0.1:80" } })).status, 403);
    const live = `${origin.replace("http", "ws")}/live`;
    const refused = { message: "403" };
    await assert.rejects(openPage(live, { cookie }), refused);
    await assert.rejects(openPage(live, { cookie, origin: "http://localhost:80" }), refused);
    await assert.rejects(openPage(live, { cookie, origin, host: "evil.example" }), refused);
    await assert.rejects(openPage(live, { origin }), refused);
    await assert.rejects(openPage(live, { origin, cookie: `${cookie}x` }), refused);
    await assert.rejects(openPage(`${origin.replace("http", "ws")}/other`, { origin, cookie }), refused);
    assert.ok(key.length >= 43);
  });

  it("says to browsers that nothing comes from elsewhere and nobody may frame, sniff or keep it", async () => {
    scene = await openScreen();
    for (const path of ["/", "/app.js", "/nothing", "/../secret.js"]) {
      const { headers } = await ask(`${scene.origin}${path}`);
      const policy = String(headers["content-security-policy"]);
      assert.ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self'"), policy);
      assert.ok(!/unsafe|\*|https?:\/\//.test(policy), policy);
      assert.ok(policy.includes("frame-ancestors 'none'"));
      assert.deepEqual(
        [
          headers["x-content-type-options"],
          headers["referrer-policy"],
          headers["cross-origin-resource-policy"],
          headers["cache-control"],
        ],
        ["nosniff", "no-referrer", "same-origin", "no-store"],
      );
    }
  });

  it("gives the built page and nothing beside it", async () => {
    scene = await openScreen();
    const status = async (path: string) => (await ask(`${scene.origin}${path}`)).status;
    assert.deepEqual([await status("/"), await status("/app.js")], [200, 200]);
    for (const path of [
      "/../secret.js",
      "/%2e%2e/secret.js",
      "/..%2fsecret.js",
      "/.app.js",
      "//app.js",
      "/app",
      "/files/a/b",
    ])
      assert.equal(await status(path), 404, path);
  });

  it("ends a connection that has no key, says something strange, or too much", async () => {
    scene = await openScreen();
    const { cookie, key } = await scene.enter();
    const live = () => openPage(`${scene.origin.replace("http", "ws")}/live`, { origin: scene.origin, cookie });
    const codes: number[] = [];
    for (const message of [
      { kind: "hello", key: "wrong" },
      { kind: "call", id: "1", method: "whoami", params: {} },
      "}{",
      `"${"x".repeat(600_000)}"`,
    ]) {
      const page = await live();
      page.say(message);
      codes.push(await page.ended);
    }
    assert.deepEqual(codes, [4_401, 4_401, 4_400, 1_009]);
    const page = await scene.page({ cookie, key });
    page.say({ kind: "call", id: "x", method: "listen", params: {} });
    assert.equal(await page.ended, 4_400);
  });

  it("makes a profile, opens it, answers its calls, and tells every tab", async () => {
    const { entered, page, made } = await opened();
    const words = made.kind === "result" ? String((made.result as { recoveryWords: string }).recoveryWords) : "";
    assert.equal(words.split(" ").length, 24);
    const second = await scene.page(entered);
    const states = (of: Page) =>
      of.messages.flatMap((each) => (each.kind === "welcome" || each.kind === "profile" ? [each.profile.phase] : []));
    assert.deepEqual([states(page), states(second)], [["new", "open"], ["open"]]);
    const check = await page.call("recovery-check", { words });
    assert.deepEqual(check.kind === "result" && check.result, { matches: true });
    await page.call("group-create", { name: "walking club" });
    const told = await second.until((each) =>
      each.kind === "event" && each.event.event === "member" ? each.event : undefined,
    );
    assert.equal(told.change, "created");
    const used = await page.call("storage", {});
    assert.ok(used.kind === "result" && (used.result as { databaseBytes: number }).databaseBytes > 10_000);
    assert.equal(await failureOf(page.call("no-such-call", {})), "network/refused");
    assert.equal(await failureOf(page.call("file-get", { group: "x", file: "y", out: "/etc" })), "usage/not-allowed");
  });

  it("locks, refuses everything until the passphrase comes, and counts the wrong ones", async () => {
    const { page } = await opened();
    assert.equal(
      await failureOf(page.call("passphrase-change", { from: "wrong", to: "new one" })),
      "usage/wrong-passphrase",
    );
    assert.equal(await failureOf(page.call("profile-lock", {})), "done");
    assert.equal(await failureOf(page.call("whoami", {})), "usage/not-allowed");
    for (let n = 0; n < 4; n++)
      assert.equal(await failureOf(page.call("profile-unlock", { passphrase: "wrong" })), "usage/wrong-passphrase");
    assert.equal(await failureOf(page.call("profile-unlock", { passphrase: PASSPHRASE })), "usage/not-allowed");
    assert.equal(await failureOf(page.call("profile-unlock", { passphrase: "" })), "usage/not-allowed");
  });

  it("opens with the right passphrase, and changes it", async () => {
    const { page } = await opened();
    assert.equal(await failureOf(page.call("passphrase-change", { from: PASSPHRASE, to: "another" })), "done");
    await page.call("profile-lock", {});
    assert.equal(await failureOf(page.call("profile-unlock", { passphrase: PASSPHRASE })), "usage/wrong-passphrase");
    assert.equal(await failureOf(page.call("profile-unlock", { passphrase: "another" })), "done");
    assert.equal(await failureOf(page.call("whoami", {})), "done");
    assert.equal(await failureOf(page.call("recovery-show", { passphrase: "another" })), "done");
  });

  it("opens at once when the program was given the passphrase, and not at all with a wrong one", async () => {
    await opened();
    await scene.server.close();
    await assert.rejects(openScreen({ before: scene.directory, passphrase: "wrong" }), {
      code: "usage/wrong-passphrase",
    });
    scene = await openScreen({ before: scene.directory, passphrase: PASSPHRASE });
    const page = await scene.page(await scene.enter());
    assert.equal(page.messages[0]?.kind === "welcome" && page.messages[0].profile.phase, "open");
    assert.equal(await failureOf(page.call("whoami", {})), "done");
  });

  it("shows a profile that another process has open, and goes on alone when that one ends", async () => {
    const { page } = await opened();
    const group = await page.call("group-create", { name: "walking club" });
    const id = group.kind === "result" ? (group.result as { group: { id: string } }).group.id : "";
    const first = scene;
    scene = await openScreen({ before: first.directory });
    const guest = await scene.page(await scene.enter());
    assert.equal(await failureOf(guest.call("profile-unlock", { passphrase: "wrong" })), "usage/wrong-passphrase");
    assert.equal(await failureOf(guest.call("profile-unlock", { passphrase: PASSPHRASE })), "done");
    await page.call("send", { group: id, text: "from the first", waitMs: 0 });
    const told = await guest.until((each) =>
      each.kind === "event" && each.event.event === "message" ? each.event : undefined,
    );
    assert.equal(told.message.text, "from the first");
    await first.server.close();
    await guest.until((each) => (each.kind === "anew" ? each : undefined));
    assert.equal(await failureOf(guest.call("send", { group: id, text: "alone", waitMs: 0 })), "done");
  });

  it("deletes an account for whoever names it, where no other process has it open, and begins anew", async () => {
    const { page } = await opened();
    assert.equal(await failureOf(page.call("account-delete", { name: "Ann" })), "usage/bad-argument");
    const first = scene;
    scene = await openScreen({ before: first.directory, passphrase: PASSPHRASE });
    const guest = await scene.page(await scene.enter());
    assert.equal(await failureOf(guest.call("account-delete", { name: "Ana" })), "storage/busy");
    assert.equal(await failureOf(guest.call("whoami", {})), "done");
    await guest.call("profile-lock", {});
    assert.equal(await failureOf(page.call("account-delete", { name: "Ana" })), "done");
    const phase = page.messages.findLast((each) => each.kind === "profile")?.profile.phase;
    assert.equal(phase, "new");
    assert.deepEqual(existsSync(join(first.directory, "profile", "profile.db")), false);
    assert.equal(await failureOf(page.call("whoami", {})), "usage/not-allowed");
    await first.server.close();
  });

  it("goes on after the last event that a tab has seen, or says that it cannot", async () => {
    const { entered, page } = await opened();
    const group = await page.call("group-create", { name: "walking club" });
    const id = group.kind === "result" ? (group.result as { group: { id: string } }).group.id : "";
    await page.call("send", { group: id, text: "one", waitMs: 0 });
    const texts = (of: Page) =>
      of.messages.flatMap((each) =>
        each.kind === "event" && each.event.event === "message" ? [each.event.message.text] : [],
      );
    const first = await page.until((each) =>
      each.kind === "event" && each.event.event === "message" ? each.number : undefined,
    );
    await page.call("send", { group: id, text: "two", waitMs: 0 });
    const stream = page.messages.findLast((each) => each.kind === "profile")?.stream ?? "";
    const back = await scene.page(entered, { stream, after: first });
    await back.until((each) => (each.kind === "event" && each.event.event === "message" ? each : undefined));
    assert.deepEqual(texts(back), ["two"]);
    assert.equal(back.messages[0]?.kind === "welcome" && back.messages[0].resumed, true);
    const stranger = await scene.page(entered, { stream: "another", after: first });
    assert.equal(stranger.messages[0]?.kind === "welcome" && stranger.messages[0].resumed, false);
    const future = await scene.page(entered, { stream, after: 1_000_000 });
    assert.equal(future.messages[0]?.kind === "welcome" && future.messages[0].resumed, false);
  });

  it("sends one message for a call that a tab repeats after it was cut off", async () => {
    const { entered, page } = await opened();
    const group = await page.call("group-create", { name: "walking club" });
    const id = group.kind === "result" ? (group.result as { group: { id: string } }).group.id : "";
    page.say({ kind: "call", id: "mine", method: "send", params: { group: id, text: "only once" } });
    page.close();
    await page.ended;
    const back = await scene.page(entered);
    assert.equal((await back.call("send", { group: id, text: "only once", waitMs: 0 }, "mine")).kind, "result");
    const history = await back.call("history", { group: id, peek: true });
    const lines = history.kind === "result" ? (history.result as { messages: { text: string }[] }).messages : [];
    assert.equal(lines.filter(({ text }) => text === "only once").length, 1);
  });

  it("takes and gives files for the page that has cookie and key, and for nobody else", async () => {
    const { entered, page } = await opened();
    const { origin } = scene;
    const group = await page.call("group-create", { name: "walking club" });
    const id = group.kind === "result" ? (group.result as { group: { id: string } }).group.id : "";
    const { cookie, key } = entered;
    const post = (headers: Record<string, string>) =>
      ask(`${origin}/files/${id}?name=notes.txt&type=text/plain`, {
        method: "POST",
        headers: { origin, ...headers },
        body: "all of it",
      });
    assert.equal((await post({ cookie })).status, 401);
    assert.equal((await post({ "x-hermes-key": key })).status, 401);
    assert.equal((await post({ cookie, "x-hermes-key": `${key}x` })).status, 401);
    const taken = await post({ cookie, "x-hermes-key": key });
    assert.equal(taken.status, 200, taken.body);
    const { file } = JSON.parse(taken.body) as { file: FileView };
    assert.deepEqual([file.name, file.sizeBytes, file.path], ["notes.txt", 9, undefined]);
    const path = join(scene.directory, "there.txt");
    await writeFile(path, "all of it");
    const there = (await scene.besides("file-send", { group: id, path, waitMs: 0 })).file;
    const welcome = page.messages[0];
    const fileKey = welcome?.kind === "welcome" ? welcome.fileKey : "";
    const get = (query: string, headers: Record<string, string>) =>
      ask(`${origin}/files/${id}/${there.id}?${query}`, { headers });
    assert.equal((await get(`use=save&key=${fileKey}`, {})).status, 404);
    assert.equal((await get(`use=save&key=${key}`, { cookie })).status, 404);
    const given = await get(`use=save&key=${fileKey}`, { cookie });
    assert.deepEqual(
      [given.status, given.body, given.headers["content-type"]],
      [200, "all of it", "application/octet-stream"],
    );
    assert.equal((await get(`use=show&key=${fileKey}`, { cookie })).status, 404);
    assert.equal((await ask(`${origin}/files/no-such-group/x?key=${fileKey}`, { headers: { cookie } })).status, 404);
  });
});
