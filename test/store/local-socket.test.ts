import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { callLocalSocket } from "../../src/store/local-call.ts";
import { type LocalHandler, type LocalSocket, serveLocalSocket } from "../../src/store/local-socket.ts";
import { encodeCall, MAX_LINE_BYTES } from "../../src/store/socket-lines.ts";
import { Fault, isFault } from "../../src/wire/fault.ts";
import { temporaryDirectory } from "./temporary-profile.ts";

const never = () => new Promise<never>(() => undefined);

/** A promise and what fulfils it (Node 20 has no Promise.withResolvers). */
function signalled<T = void>(): { readonly promise: Promise<T>; readonly fulfil: (value: T) => void } {
  let fulfil: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    fulfil = resolve;
  });
  return { promise, fulfil };
}

describe("the local socket", () => {
  let base: string;
  const open: LocalSocket[] = [];
  beforeEach(async () => {
    base = await temporaryDirectory();
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) await socket.close();
    await rm(base, { recursive: true });
  });

  const serve = async (handler: LocalHandler) => {
    const socket = await serveLocalSocket(handler, { XDG_RUNTIME_DIR: base });
    open.push(socket);
    return socket;
  };
  const echo: LocalHandler = async (request) => request;
  const call = (socket: LocalSocket, params: unknown = null) =>
    callLocalSocket(socket.path, { id: "1", method: "echo", params });

  describe("a call", () => {
    it("reaches the owner with id, method and parameters, and resolves with the result", async () => {
      const socket = await serve(echo);
      const request = { id: "id-7", method: "send", params: { text: "a\nb\u2028 é \u{1f984}", n: [1, null, true] } };
      assert.deepEqual(await callLocalSocket(socket.path, request), request);
    });

    it("without result resolves with null", async () => {
      assert.equal(await call(await serve(async () => undefined)), null);
    });

    it("may be long: several megabytes in both directions", async () => {
      const text = "é".repeat(MAX_LINE_BYTES / 2 - 100);
      assert.deepEqual(await call(await serve(async ({ params }) => params), text), text);
    });

    it("streams events in order before its result", async () => {
      const socket = await serve(async (_, { emit }) => {
        for (let n = 0; n < 1000; n++) emit({ n });
        return "done";
      });
      const events: unknown[] = [];
      const request = { id: "1", method: "listen", params: null };
      assert.equal(await callLocalSocket(socket.path, request, { onEvent: (event) => events.push(event) }), "done");
      assert.deepEqual(
        events,
        Array.from({ length: 1000 }, (_, n) => ({ n })),
      );
    });

    it("says that it has taken the events, when it has: the owner hears of that, and of what never will be taken", async () => {
      const answers: boolean[] = [];
      const ended = signalled();
      const socket = await serve(async ({ from }, { emit, taken }) => {
        emit(from);
        answers.push(await taken(7));
        emit("more");
        answers.push(await taken(undefined));
        ended.fulfil();
      });
      const shown: unknown[] = [];
      const gate = signalled<boolean>();
      const taken = (place: number | undefined) => {
        shown.push(place);
        return place === 7 ? gate.promise : Promise.resolve(false);
      };
      const request = { id: "1", method: "listen", params: null, from: 5 };
      const calling = callLocalSocket(socket.path, request, { onEvent: (event) => shown.push(event), taken });
      const closed = assert.rejects(calling, (error) => isFault(error, "network/closed"));
      while (shown.length < 2) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([shown, answers], [[5, 7], []]);
      gate.fulfil(true);
      while (shown.length < 4) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([shown, answers], [[5, 7, "more", undefined], [true]]);
      await socket.close();
      await Promise.all([ended.promise, closed]);
      assert.deepEqual(answers, [true, false]);
    });

    it("that does not say whether it takes events is not asked", async () => {
      const socket = await serve(async ({ from }, { taken }) => [from, await taken(7)]);
      assert.deepEqual(await call(socket), [null, true]);
    });

    it("does not wait for another one", async () => {
      const gate = signalled<string>();
      const socket = await serve(({ params }) => (params === "slow" ? gate.promise : Promise.resolve("quick")));
      const slow = call(socket, "slow");
      assert.equal(await call(socket, "fast"), "quick");
      gate.fulfil("at last");
      assert.equal(await slow, "at last");
    });
  });

  describe("a failure", () => {
    it("travels with its code, its sentence and what helps", async () => {
      const socket = await serve(async () => {
        throw new Fault("usage/not-found", "No such group.", { next: "see-groups" });
      });
      await assert.rejects(call(socket), {
        name: "Fault",
        code: "usage/not-found",
        message: "No such group.",
        next: "see-groups",
      });
    });

    it("that is no fault keeps its text to itself", async () => {
      const socket = await serve(async () => {
        throw new Error("secret words");
      });
      await assert.rejects(
        call(socket),
        (error) => isFault(error, "internal/invariant") && !/secret/.test(error.message),
      );
    });

    it("answers what cannot be sent: not JSON, or longer than a line", async () => {
      const big = await serve(async () => "x".repeat(MAX_LINE_BYTES));
      await assert.rejects(call(big), (error) => isFault(error, "usage/too-long"));
      const odd = await serve(async () => 1n);
      await assert.rejects(call(odd), (error) => isFault(error, "internal/invariant"));
    });

    it("of an event that is too long ends the request and not the owner", async () => {
      const socket = await serve(async ({ params }, { emit, signal }) => {
        if (params === null) return "alive";
        emit("x".repeat(MAX_LINE_BYTES));
        assert.ok(signal.aborted);
        return "unreachable";
      });
      await assert.rejects(call(socket, "big"), (error) => isFault(error, "usage/too-long"));
      assert.equal(await call(socket), "alive");
    });

    it("is network/closed when the owner closes in the middle, and when nobody is there", async () => {
      const started = signalled();
      const socket = await serve(() => {
        started.fulfil();
        return never();
      });
      const ended = assert.rejects(call(socket), (error) => isFault(error, "network/closed"));
      await started.promise;
      await socket.close();
      await ended;
      await assert.rejects(call(socket), (error) => isFault(error, "network/closed"));
    });

    it("comes after every event that the owner wrote before it closed, and after nothing later", async () => {
      const events: unknown[] = [];
      let closing: Promise<void> = Promise.resolve();
      const socket = await serve(async (_, { emit }) => {
        for (let n = 0; n < 500; n++) emit({ n, filling: "x".repeat(1_000) });
        closing = socket.close();
        emit("too late");
        return "not the regular end";
      });
      const onEvent = (event: unknown): void => void events.push(event);
      const request = { id: "1", method: "listen", params: null };
      await assert.rejects(callLocalSocket(socket.path, request, { onEvent }), (error) =>
        isFault(error, "network/closed"),
      );
      await closing;
      assert.equal(events.length, 500);
    });

    it("is not begun when it comes while the owner closes: nobody could be told of it", async () => {
      const methods: string[] = [];
      const socket = await serve(async ({ method }) => {
        methods.push(method);
      });
      const caller = connect({ path: socket.path, allowHalfOpen: true });
      caller.write(encodeCall({ kind: "request", request: { id: "1", method: "first", params: null } }));
      await once(caller, "data");
      const closed = socket.close();
      await once(caller, "end");
      caller.end(encodeCall({ kind: "request", request: { id: "2", method: "late", params: null } }));
      await closed;
      assert.deepEqual(methods, ["first"]);
    });

    it("is network/closed when something else answers there", async () => {
      const socket = await serve(never);
      const other = join(dirname(socket.path), "other");
      const server = createServer((each) =>
        each
          .on("error", () => undefined)
          .resume()
          .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      );
      server.listen(other);
      await once(server, "listening");
      const request = { id: "1", method: "echo", params: null };
      await assert.rejects(callLocalSocket(other, request), (error) => isFault(error, "network/closed"));
      server.close();
      await once(server, "close");
    });
  });

  describe("cancelling", () => {
    it("tells the owner, rejects with usage/cancelled, and hands out no event afterwards", async () => {
      const aborted = signalled();
      const socket = await serve(async (_, { emit, signal }) => {
        signal.addEventListener("abort", () => {
          emit("too late");
          aborted.fulfil();
        });
        emit("started");
        return await never();
      });
      const controller = new AbortController();
      const events: unknown[] = [];
      const onEvent = (event: unknown) => {
        events.push(event);
        controller.abort();
      };
      const running = callLocalSocket(
        socket.path,
        { id: "1", method: "m", params: null },
        { onEvent, signal: controller.signal },
      );
      await assert.rejects(running, (error) => isFault(error, "usage/cancelled"));
      await aborted.promise;
      assert.deepEqual(events, ["started"]);
    });

    it("hides events that are already on their way", async () => {
      const path = join(base, "owner");
      const server = createServer((each) => each.resume().end('{"id":"1","event":1}\n{"id":"1","event":2}\n'));
      server.listen(path);
      await once(server, "listening");
      const controller = new AbortController();
      const events: unknown[] = [];
      const onEvent = (event: unknown) => {
        events.push(event);
        controller.abort();
      };
      const request = { id: "1", method: "m", params: null };
      const running = callLocalSocket(path, request, { onEvent, signal: controller.signal });
      await assert.rejects(running, (error) => isFault(error, "usage/cancelled"));
      server.close();
      await once(server, "close");
      assert.deepEqual(events, [1]);
    });

    it("before the call sends nothing", async () => {
      const socket = await serve(() => assert.fail("was called"));
      const request = { id: "1", method: "m", params: null };
      const cancelled = callLocalSocket(socket.path, request, { signal: AbortSignal.abort() });
      await assert.rejects(cancelled, (error) => isFault(error, "usage/cancelled"));
    });

    it("happens by itself when the caller is gone or the owner closes", async () => {
      const started = signalled();
      const aborted = signalled();
      const socket = await serve((_, { signal }) => {
        signal.addEventListener("abort", () => aborted.fulfil());
        started.fulfil();
        return never();
      });
      const caller = connect(socket.path);
      caller.write('{"id":"1","method":"m"}\n');
      await started.promise;
      caller.destroy();
      await aborted.promise;
    });
  });

  describe("the owner survives", () => {
    const closedAfter = async (socket: LocalSocket, bytes: string | Buffer) => {
      const caller = connect(socket.path);
      caller.on("error", () => undefined);
      caller.resume();
      caller.write(bytes);
      await once(caller, "close");
    };

    it("garbage, which ends its connection", async () => {
      const socket = await serve(echo);
      const lines = [
        "\n",
        "nonsense\n",
        "[]\n",
        "null\n",
        "{}\n",
        '{"id":1,"method":"m"}\n',
        '{"id":"","method":"m"}\n',
        "\u0000\u0001\n",
      ];
      for (const garbage of [...lines, `{"id":"${"i".repeat(101)}","method":"m"}\n`, Buffer.from([0xff, 0xfe, 0x0a])]) {
        await closedAfter(socket, garbage);
      }
      assert.deepEqual(await call(socket, 1), { id: "1", method: "echo", params: 1 });
    });

    it("a line without end", async () => {
      const socket = await serve(echo);
      await closedAfter(socket, Buffer.alloc(MAX_LINE_BYTES + 10, "x"));
      assert.deepEqual(await call(socket, 1), { id: "1", method: "echo", params: 1 });
    });

    it("one id twice at once and too many requests on one connection", async () => {
      const socket = await serve(never);
      await closedAfter(socket, '{"id":"1","method":"m"}\n{"id":"1","method":"m"}\n');
      await closedAfter(socket, Array.from({ length: 33 }, (_, n) => `{"id":"${n}","method":"m"}\n`).join(""));
    });

    it("requests cut into single bytes", async () => {
      const socket = await serve(async ({ params }) => params);
      const caller = connect(socket.path);
      caller.setNoDelay(true);
      for (const byte of Buffer.from('{"id":"1","method":"m","params":"é"}\n')) caller.write(Uint8Array.of(byte));
      const [answer] = await once(caller, "data");
      assert.equal(String(answer), '{"id":"1","result":"é"}\n');
      caller.destroy();
    });

    it("a caller that reads nothing: its connection ends instead of the memory", async () => {
      const cut = signalled();
      const socket = await serve(async (_, { emit, signal }) => {
        signal.addEventListener("abort", () => cut.fulfil());
        for (let n = 0; n < 10; n++) emit("x".repeat(MAX_LINE_BYTES - 100));
        return await never();
      });
      const caller = connect(socket.path);
      caller.on("error", () => undefined);
      caller.write('{"id":"1","method":"m"}\n');
      await cut.promise;
      caller.destroy();
    });

    it("more callers than it serves: those beyond are refused, the others are not", async () => {
      const socket = await serve(echo);
      const idle: Socket[] = [];
      for (let n = 0; n < 64; n++) {
        const caller = connect(socket.path);
        idle.push(caller);
        await once(caller, "connect");
      }
      await assert.rejects(call(socket), (error) => isFault(error, "network/closed"));
      idle[0]?.write('{"id":"1","method":"m"}\n');
      await once(idle[0] as Socket, "data");
      for (const caller of idle) caller.destroy();
    });
  });

  describe("its place", () => {
    it("is a private directory with a short path, gone after closing", async () => {
      const socket = await serve(echo);
      assert.equal(dirname(dirname(socket.path)), base);
      assert.equal((await stat(dirname(socket.path))).mode & 0o777, 0o700);
      await socket.close();
      assert.deepEqual(await readdir(base), []);
    });

    it("is short also where the runtime directory is not, or is missing", async () => {
      const long = join(base, "d".repeat(90));
      await mkdir(long);
      for (const runtime of [long, join(base, "missing"), "relative", ""]) {
        const socket = await serveLocalSocket(echo, { XDG_RUNTIME_DIR: runtime });
        open.push(socket);
        assert.ok(Buffer.byteLength(socket.path) < 100);
        assert.notEqual(dirname(dirname(socket.path)), runtime);
        assert.deepEqual(await call(socket, 1), { id: "1", method: "echo", params: 1 });
      }
    });

    it("is cleared of what killed owners left, and of nothing else", async () => {
      const living = await serve(echo);
      const leftovers = ["hermes-run-dead01", "hermes-run-empty1"];
      const others = [
        "hermes-run-young1",
        "hermes-run-files1",
        "other-abcdef",
        "hermes-run-longer-name",
        "hermes-abcdef",
      ];
      for (const name of [...leftovers, ...others]) await mkdir(join(base, name));
      await writeFile(join(base, "hermes-run-files1", "socket"), "");
      await writeFile(join(base, "hermes-run-files1", "letters.txt"), "dear");
      await leaveDeadSocket(join(base, "hermes-run-dead01", "socket"));
      const longAgo = new Date(Date.now() - 3_600_000);
      for (const name of await readdir(base)) {
        if (name !== "hermes-run-young1") await utimes(join(base, name), longAgo, longAgo);
      }
      const socket = await serve(echo);
      const kept = (await readdir(base)).filter((name) => name !== dirname(socket.path).split("/").at(-1));
      assert.deepEqual(kept.sort(), [...others, dirname(living.path).split("/").at(-1)].sort());
      assert.deepEqual(await readdir(join(base, "hermes-run-files1")), ["letters.txt", "socket"]);
      assert.deepEqual(await call(living, 1), { id: "1", method: "echo", params: 1 });
    });
  });
});

/** A socket file on which nobody listens, as kill -9 leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  try {
    execFileSync(process.execPath, ["-e", script]);
  } catch {
    // Killed, as it should be.
  }
  assert.ok((await stat(path)).isSocket());
}
