/** A view model that shows one state: it changes only what a screen changes about itself (preferences, warnings). */
import type { ScreenMethod, ScreenMethods } from "../../../src/client/view/screen-methods.ts";
import type { ViewModel } from "../../../src/client/view/view-api.ts";
import type { ViewState } from "../../../src/client/view/view-state.ts";
import { ACCOUNTS, DIGITS, GROUP, INVITE_LINK, RECOVERY_WORDS } from "./people.ts";

type Answers = { readonly [M in ScreenMethod]?: (params: ScreenMethods[M][0]) => ScreenMethods[M][1] };

const group = { id: GROUP, name: "Harbour walk" };
const OLD_RELAY = "/ip4/192.0.2.7/tcp/33001/p2p/12D3KooWOldRelayThatTheGroupHasLeft11111111111111111";

function answersOf(state: ViewState): Answers {
  const rows = state.conversations[GROUP]?.rows ?? [];
  const lines = rows.flatMap((row) => (row.kind === "message" ? [row.line] : []));
  return {
    "profile-create": () => ({ account: ACCOUNTS.mira, fingerprint: DIGITS, recoveryWords: RECOVERY_WORDS }),
    "profile-unlock": () => {
      throw { code: "usage/wrong-passphrase", message: "wrong passphrase" };
    },
    "relay-try": () => ({ state: "connected" }),
    "recovery-check": () => ({ matches: true }),
    storage: () => ({ databaseBytes: 18_400_000, filesBytes: 2_310_000 }),
    devices: () => ({
      devices: [
        { device: "5a".repeat(32), since: "2026-08-02T09:00:00Z", current: true, unlinked: false, groups: 3 },
        { device: "c1".repeat(32), since: "2026-02-11T17:30:00Z", current: false, unlinked: false, groups: 3 },
      ],
    }),
    status: () => ({
      relays: state.relays.map((relay) => ({ ...relay, own: true, serves: [group], formerly: [] })),
      peers: [],
      members: [],
      outbox: 0,
      primitives: "native",
    }),
    verify: () => ({
      group,
      me: { account: ACCOUNTS.mira, name: "Mira", fingerprint: DIGITS },
      member: { account: ACCOUNTS.jonas, name: "Jonas", fingerprint: DIGITS, verified: false },
      code: `${DIGITS} ${DIGITS}`.replaceAll(" ", ""),
    }),
    "recovery-show": () => ({ recoveryWords: RECOVERY_WORDS }),
    relays: () => ({ relays: state.relays, former: [], state: "on-relay" }),
    "group-relays": () => ({
      group,
      relays: state.relays,
      former: [{ address: OLD_RELAY, until: "2026-11-28T10:00:00Z" }],
      state: "on-relay",
    }),
    "group-settings": () => ({
      group,
      settings: { name: group.name, password: true, inviters: "admin", rekey: { days: 7, messages: 1_000 } },
    }),
    "group-invite": () => ({ link: INVITE_LINK, expires: "2026-11-30T10:00:00Z", uses: 10 }),
    "group-invites": () => ({
      group,
      invites: [
        {
          id: "9d".repeat(16),
          role: "member",
          uses: 10,
          left: 7,
          expires: "2026-11-30T10:00:00Z",
          by: { account: ACCOUNTS.mira, name: "Mira" },
          state: "open",
        },
      ],
    }),
    history: ({ search = "" }) => ({
      messages: lines.filter(({ text }) => text.toLowerCase().includes(search.toLowerCase())),
    }),
    "file-list": () => ({ group, files: lines.flatMap(({ file }) => (file ? [file] : [])) }),
  };
}

export function createStillModel(first: ViewState): ViewModel {
  let state = first;
  const answers = answersOf(first);
  const listeners = new Set<() => void>();
  const change = (next: Partial<ViewState>): void => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    call: async (method, params) => {
      const answer = answers[method];
      if (!answer) throw { code: "usage/not-allowed", message: "a gallery does not do that" };
      return answer(params);
    },
    openGroup: () => undefined,
    loadOlder: () => undefined,
    loadNewer: () => undefined,
    markRead: () => undefined,
    goTo: async (id, to) => {
      const rows = state.conversations[id]?.rows ?? [];
      if (to === "newest") return rows.length - 1;
      return rows.findIndex((row) => (to === "first-unread" ? row.kind === "unread" : row.id === to));
    },
    send: () => undefined,
    retry: () => undefined,
    discard: () => undefined,
    saveDraft: () => undefined,
    saveNow: () => undefined,
    setPreferences: (wanted) => change({ preferences: { ...state.preferences, ...wanted } }),
    dismissWarning: (id) => change({ warnings: state.warnings.filter((warning) => warning.id !== id) }),
  };
}
