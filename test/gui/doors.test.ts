import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { openerFor } from "../../src/gui/browser-opener.ts";
import { cookieHeader, cookieOf } from "../../src/gui/cookie.ts";
import { createEntryKeys } from "../../src/gui/entry-keys.ts";
import { createPassphraseTries } from "../../src/gui/passphrase-tries.ts";
import { refusalOf } from "../../src/gui/request-guard.ts";
import { readRequest } from "../../src/gui/request-reader.ts";
import { Fault } from "../../src/wire/fault.ts";

const ORIGIN = "http://127.0.0.1:4455";
const asked = (method: string, headers: Readonly<Record<string, string>>) =>
  refusalOf({ method, header: (name) => ({ host: "127.0.0.1:4455", ...headers })[name] }, ORIGIN)?.status;

describe("Who gets an answer", () => {
  it("names this host and this port, to the letter", () => {
    assert.equal(asked("GET", {}), undefined);
    for (const host of [
      "127.0.0.1",
      "127.0.0.1:4456",
      "localhost:4455",
      "127.0.0.1:4455.evil.example",
      "evil.example:4455",
      "",
    ])
      assert.equal(asked("GET", { host }), 421, host);
  });

  it("comes from our own page when it changes something", () => {
    for (const method of ["POST", "PUT", "DELETE", "CONNECT", "OPTIONS"]) {
      assert.equal(asked(method, {}), 403, method);
      assert.equal(asked(method, { origin: ORIGIN }), undefined, method);
      for (const origin of [
        "null",
        "http://127.0.0.1",
        "https://127.0.0.1:4455",
        "http://127.0.0.1:44550",
        "http://localhost:4455",
      ])
        assert.equal(asked(method, { origin }), 403, `${method} ${origin}`);
    }
  });

  it("is no other page, not even one of this machine that only reads", () => {
    for (const site of ["cross-site", "same-site"]) {
      assert.equal(
        asked("GET", { "sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }),
        403,
      );
      assert.equal(
        asked("GET", { "sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }),
        403,
      );
      assert.equal(
        asked("GET", { "sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
        undefined,
      );
    }
  });
});

describe("The keys of the screen", () => {
  it("are each good for one thing, and the token for one time", () => {
    const keys = createEntryKeys();
    assert.equal(keys.exchange(`${keys.token} `), undefined);
    const { key, cookie } = keys.exchange(keys.token) ?? assert.fail();
    assert.equal(keys.exchange(keys.token), undefined);
    const all = [keys.token, key, cookie, keys.fileKey];
    assert.deepEqual(all.map(keys.isKey), [false, true, false, false]);
    assert.deepEqual(all.map(keys.isCookie), [false, false, true, false]);
    assert.deepEqual(all.map(keys.isFileKey), [false, false, false, true]);
    assert.deepEqual([keys.isKey(undefined), keys.isCookie(""), keys.isFileKey("é")], [false, false, false]);
  });

  it("let the right token in after any number of wrong ones: whoever guesses shuts nobody out", () => {
    const keys = createEntryKeys();
    for (let i = 0; i < 2_000; i++) assert.equal(keys.exchange(String(i)), undefined);
    assert(keys.exchange(keys.token));
  });

  it("stand in a cookie of this port among those of others", () => {
    const [pair = ""] = cookieHeader("hermes-4455", "abc").split(";");
    assert.equal(cookieOf(`hermes-44=x; ${pair}; other=1`, "hermes-4455"), "abc");
    assert.equal(cookieOf("xhermes-4455=abc", "hermes-4455"), undefined);
    assert.equal(cookieOf(undefined, "hermes-4455"), undefined);
  });
});

describe("Messages of a page", () => {
  it("are read when they are what our page says", () => {
    for (const message of [
      { kind: "hello", key: "k" },
      { kind: "hello", key: "k", resume: { stream: "s", after: 3 } },
      {
        kind: "call",
        id: "1",
        method: "send",
        params: { group: "g", text: "", limit: 1, peek: true, relays: ["a"], password: null },
      },
      { kind: "cancel", id: "1" },
      { kind: "ping", number: 1 },
    ])
      assert.deepEqual(readRequest(JSON.stringify(message)), message);
  });

  it("are refused when they are anything else", () => {
    const call = { kind: "call", id: "1", method: "send", params: {} };
    for (const message of [
      null,
      [],
      "call",
      { kind: "other" },
      { ...call, id: "" },
      { ...call, id: "x".repeat(101) },
      { ...call, method: "listen" },
      { ...call, method: "follow" },
      { ...call, method: "file-send" },
      { ...call, params: undefined },
      { ...call, params: [] },
      { ...call, params: { a: {} } },
      { ...call, params: { a: [[]] } },
      { ...call, params: { a: "x".repeat(300_000) } },
      { ...call, params: { a: 1.5 } },
      { ...call, params: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 1])) },
      { kind: "ping", number: "1" },
      { kind: "hello", key: 5 },
    ])
      assert.equal(readRequest(JSON.stringify(message)), undefined, JSON.stringify(message).slice(0, 80));
  });

  it("never make the reader throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        readRequest(text);
      }),
    );
  });
});

describe("Guessing a passphrase", () => {
  const wrong = () => Promise.reject(new Fault("usage/wrong-passphrase", "No."));

  it("is stopped for half a minute after five wrong ones in a row", async () => {
    let nowMs = 0;
    const { guard } = createPassphraseTries(() => nowMs);
    for (let n = 0; n < 4; n++) await assert.rejects(guard(wrong), { code: "usage/wrong-passphrase" });
    assert.equal(await guard(async () => "in"), "in"); // and the count begins anew
    for (let n = 0; n < 5; n++) await assert.rejects(guard(wrong), { code: "usage/wrong-passphrase" });
    let tried = 0;
    const counted = async () => tried++;
    await assert.rejects(guard(counted), { code: "usage/not-allowed", message: /30 seconds/ });
    nowMs = 29_999;
    await assert.rejects(guard(counted), { code: "usage/not-allowed" });
    nowMs = 30_000;
    await guard(counted);
    assert.equal(tried, 1);
  });

  it("is done one at a time, and other failures do not count", async () => {
    const { guard } = createPassphraseTries(() => 0);
    let running = 0;
    let most = 0;
    const slow = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      throw new Fault("storage/busy", "Later.");
    };
    await Promise.allSettled(Array.from({ length: 12 }, () => guard(slow)));
    assert.equal(most, 1);
    assert.equal(await guard(async () => "in"), "in");
  });
});

describe("The program that opens a browser", () => {
  it("gets the address as one argument, through no shell", () => {
    const url = "http://127.0.0.1:1/#enter=a&b;c";
    for (const platform of ["linux", "darwin", "win32", "freebsd"] as const) {
      const [program, ...args] = openerFor(platform, url);
      assert.equal(args.at(-1), url);
      assert.ok(!/cmd|sh$/.test(program), program);
    }
  });
});
