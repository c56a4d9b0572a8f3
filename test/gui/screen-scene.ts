/** A screen's server with a profile of its own on the disk and no network, and what a browser does with it, without a browser. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { fileTools } from "../../src/cli/compose-files.ts";
import { createProfile } from "../../src/cli/compose-profile.ts";
import { profiles as whenNeeded } from "../../src/cli/compose-profiles.ts";
import { restoreProfile } from "../../src/cli/compose-restore.ts";
import { changePassphrase, wordsOf } from "../../src/cli/compose-secrets.ts";
import { eraseUnowned, isOwned, openSession } from "../../src/cli/compose-session.ts";
import type { ProfileChoice, Profiles, Session } from "../../src/cli/session.ts";
import type { ScreenReply } from "../../src/client/view/screen-messages.ts";
import { type ScreenServer, serveScreen } from "../../src/gui/screen-server.ts";

/** As compose-profiles.ts, which loads them when they are needed: tsx would load a second copy of each, faults too. */
const profiles: Profiles = {
  ...whenNeeded,
  create: createProfile,
  open: openSession,
  erase: eraseUnowned,
  inUse: isOwned,
  changePassphrase,
  recoveryWords: wordsOf,
  restore: restoreProfile,
};

export const PASSPHRASE = "seven-otters-juggle-lanterns";

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request, with whatever headers somebody might send. */
export function ask(
  url: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A WebSocket as a page has it; messages are kept. */
export interface Page {
  readonly messages: readonly ScreenReply[];
  readonly say: (message: unknown) => void;
  /** The first message, from now or before, that `find` wants. */
  readonly until: <T>(find: (message: ScreenReply) => T | undefined) => Promise<T>;
  /** A call, and its answer. */
  readonly call: (
    method: string,
    params: unknown,
    id?: string,
  ) => Promise<Extract<ScreenReply, { kind: "result" | "failure" }>>;
  /** The code with which the server ended it. */
  readonly ended: Promise<number>;
  readonly close: () => void;
}

/** Opens a WebSocket; rejects with the status when it is refused. */
export function openPage(url: string, headers: Readonly<Record<string, string>>): Promise<Page> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    const messages: ScreenReply[] = [];
    const watchers = new Set<() => void>();
    const ended = new Promise<number>((over) => socket.once("close", (code) => over(code)));
    socket.on("message", (data) => {
      messages.push(JSON.parse(String(data)) as ScreenReply);
      for (const watcher of [...watchers]) watcher();
    });
    socket.once("unexpected-response", (_, response) => reject(new Error(String(response.statusCode))));
    socket.on("error", reject);
    const until: Page["until"] = (find) =>
      new Promise((found) => {
        const look = (): void => {
          const what = messages.map(find).find((each) => each !== undefined);
          if (what === undefined) return;
          watchers.delete(look);
          found(what);
        };
        watchers.add(look);
        look();
      });
    let calls = 0;
    const page: Page = {
      messages,
      say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
      until,
      call: (method, params, id = `call ${++calls}`) => {
        page.say({ kind: "call", id, method, params });
        return until((message) =>
          (message.kind === "result" || message.kind === "failure") && message.id === id ? message : undefined,
        );
      },
      ended,
      close: () => socket.close(),
    };
    socket.once("open", () => resolve(page));
  });
}

/** A server, and how to get in. */
export interface ScreenScene {
  /** A call of another process on the same profile. */
  readonly besides: Session["call"];
  readonly directory: string;
  readonly origin: string;
  /** Follows the link: uses the token up. */
  readonly enter: () => Promise<{ readonly cookie: string; readonly key: string }>;
  /** A page that has said hello, with what `enter` gave. */
  readonly page: (
    entered: { readonly cookie: string; readonly key: string },
    resume?: { readonly stream: string; readonly after: number },
  ) => Promise<Page>;
  readonly server: ScreenServer;
  readonly token: string;
  readonly close: () => Promise<void>;
}

/** `passphrase`: given to the program, as with HERMES_PASSPHRASE; `before`: the directory of a scene that was left. */
export async function openScreen({
  passphrase,
  before,
}: {
  passphrase?: string;
  before?: string;
} = {}): Promise<ScreenScene> {
  const directory = before ?? (await mkdtemp(join(tmpdir(), "hermes-gui-")));
  const assets = join(directory, "assets");
  await mkdir(assets, { recursive: true });
  await writeFile(join(assets, "index.html"), "<!doctype html><title>Hermes</title>");
  await writeFile(join(assets, "app.js"), "export {};");
  await writeFile(join(directory, "secret.js"), "not for anybody");
  const choice: ProfileChoice = {
    directory: join(directory, "profile"),
    passphrases: {
      supplied: async () => passphrase,
      known: async () => passphrase ?? "",
      chosen: async () => passphrase ?? "",
      refused: () => undefined,
    },
    relays: [],
    noRelay: true,
    members: { listen: [], addresses: [], discover: false },
    accessToken: "",
    kdf: { memoryKiB: 8_192, passes: 1 },
    files: { downloads: join(directory, "downloads"), automaticBytes: 0 },
  };
  const server = await serveScreen({
    profiles,
    choice,
    port: 0,
    assets,
    offer: fileTools.offer,
    defaultRelays: ["/ip4/192.0.2.7/tcp/1"],
    debug: false,
  });
  const { origin, hash } = new URL(server.url);
  const token = hash.slice("#enter=".length);
  return {
    besides: async (method, params) => {
      const passphrases = { ...choice.passphrases, known: async () => PASSPHRASE };
      const session = await profiles.open({ ...choice, passphrases }, new AbortController().signal);
      return await session.call(method, params).finally(session.close);
    },
    directory,
    origin,
    server,
    token,
    enter: async () => {
      const body = JSON.stringify({ token });
      const headers = { origin, "content-length": String(body.length) };
      const answer = await ask(`${origin}/enter`, { method: "POST", headers, body });
      if (answer.status !== 200) throw new Error(`the link was refused: ${answer.status}`);
      const cookie = String(answer.headers["set-cookie"]).split(";")[0] ?? "";
      return { cookie, key: (JSON.parse(answer.body) as { key: string }).key };
    },
    page: async ({ cookie, key }, resume) => {
      const page = await openPage(`${origin.replace("http", "ws")}/live`, { origin, cookie });
      page.say({ kind: "hello", key, ...(resume ? { resume } : {}) });
      await page.until((message) => (message.kind === "welcome" ? message : undefined));
      return page;
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
