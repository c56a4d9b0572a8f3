/** A view model over a process that a test plays: calls are answered by a script, events are told by hand, time stands until it is moved. */
import type { ClientEvent } from "../../../src/client/event-api.ts";
import type { LinkNews } from "../../../src/client/view/screen-link.ts";
import type { ScreenMethods } from "../../../src/client/view/screen-methods.ts";
import { createViewModel } from "../../../src/client/view/view-model.ts";
import { BEN, dayOf, ME, START_MS } from "./lines.ts";

export const GROUP = { id: "a1".repeat(32), name: "walking club" };
export const PROFILE = { phase: "open", directory: "/profile", defaultRelays: ["/relay"] } as const;

type Answers = { [M in keyof ScreenMethods]?: (params: ScreenMethods[M][0]) => unknown };

/** Answers of a profile with one group in which nothing was said. */
function usual(): Answers {
  const me = { ...ME, fingerprint: "1".repeat(60), device: "dd", contact: "hermes://contact/x" };
  return {
    whoami: () => me,
    notes: () => ({ notes: [] }),
    status: () => ({ relays: [], peers: [], outbox: 0, primitives: "test" }),
    history: () => ({ messages: [] }),
    "group-list": () => ({ groups: [{ ...GROUP, members: 2, unread: 0 }] }),
    "group-info": () => ({ group: GROUP, members: [], epoch: { id: "", number: 1 } }),
    "note-save": () => ({}),
    "mark-read": () => ({}),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function viewScene(answers: Answers = {}) {
  const script: Answers = { ...usual(), ...answers };
  const asked: { readonly method: string; readonly params: unknown }[] = [];
  const timers = new Map<number, { readonly atMs: number; readonly wake: () => void }>();
  let nowMs = START_MS;
  let ids = 0;
  let tell: (news: LinkNews) => void = () => undefined;
  const model = createViewModel({
    link: {
      start: (listener) => {
        tell = listener;
      },
      call: async (method, params) => {
        asked.push({ method, params });
        const answer = script[method] as ((params: unknown) => unknown) | undefined;
        if (answer === undefined) throw { code: "usage/bad-argument", message: `no answer to ${method}` };
        return (await answer(params)) as never;
      },
    },
    nowMs: () => nowMs,
    dayOf,
    after: (delayMs, wake) => {
      const id = ++ids;
      timers.set(id, { atMs: nowMs + delayMs, wake });
      return () => timers.delete(id);
    },
    newId: () => `id ${++ids}`,
  });
  /** Lets everything happen that is due within this time. */
  const pass = async (ms = 1_000): Promise<void> => {
    const endMs = nowMs + ms;
    for (;;) {
      await turn();
      const due = [...timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      timers.delete(due[0]);
      nowMs = Math.max(nowMs, due[1].atMs);
      due[1].wake();
    }
    nowMs = endMs;
  };
  return {
    model,
    script,
    asked,
    pass,
    tell: (news: LinkNews) => tell(news),
    happen: (...events: ClientEvent[]) => {
      for (const event of events) tell({ kind: "event", event });
    },
    /** Comes in to an open profile. */
    open: async () => {
      tell({ kind: "live", profile: PROFILE, resumed: false });
      await pass();
    },
    calls: (method: string) => asked.filter((each) => each.method === method).map(({ params }) => params),
    from: { ME, BEN },
  };
}
