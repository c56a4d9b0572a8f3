/**
 * Settings of a client: one table from which the configuration file, the environment, their checks and
 * config/client.example.jsonc follow. Options of a command go before the environment, that before the file.
 *
 * Nothing is ignored: an unknown name in the file is an error, since it is most likely a typing mistake.
 */
import { readFile } from "node:fs/promises";
import { Fault } from "../wire/fault.ts";

interface SettingDescription {
  /** Environment variable. */
  readonly variable: string;
  /** What it does, its unit, and why the default is what it is. */
  readonly why: string;
}
interface TextSetting extends SettingDescription {
  readonly kind: "text";
  readonly default: string;
}
interface AddressesSetting extends SettingDescription {
  readonly kind: "addresses";
  readonly default: readonly string[];
}
interface IntegerSetting extends SettingDescription {
  readonly kind: "integer";
  readonly default: number;
  readonly range: readonly [least: number, most: number];
}
interface FlagSetting extends SettingDescription {
  readonly kind: "flag";
  readonly default: boolean;
}
type Setting = TextSetting | AddressesSetting | IntegerSetting | FlagSetting;

/** The table. */
export const CLIENT_SETTINGS = {
  profile: {
    kind: "text",
    default: "",
    variable: "HERMES_PROFILE",
    why: "Directory of the profile. Empty: hermes in the system's data directory.",
  },
  relays: {
    kind: "addresses",
    default: [],
    variable: "HERMES_RELAYS",
    why: "Multiaddrs of the relays that `hermes init` puts into a new profile, at most 8. No default: nobody runs a relay for everybody.",
  },
  accessToken: {
    kind: "text",
    default: "",
    variable: "HERMES_ACCESS_TOKEN",
    why: "Token for relays that ask for one, at most 256 bytes. Empty: none, as most relays are open.",
  },
  listen: {
    kind: "addresses",
    default: ["/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"],
    variable: "HERMES_LISTEN",
    why: "Multiaddrs at which members of your groups reach this machine without a relay. The default is any free port of every network; a fixed one can be opened in a firewall.",
  },
  peers: {
    kind: "addresses",
    default: [],
    variable: "HERMES_PEERS",
    why: "Multiaddrs at which members of your groups may be, beside those that are found on the LAN. Whoever answers there has to prove that it is a member.",
  },
  noRelay: {
    kind: "flag",
    default: false,
    variable: "HERMES_NO_RELAY",
    why: "Whether to connect to no relay, as with --no-relay: then only members that are reached directly get what you write.",
  },
  noMdns: {
    kind: "flag",
    default: false,
    variable: "HERMES_NO_MDNS",
    why: "Whether not to look for members on the LAN, nor to be found there, as with --no-mdns. What is told there is a random PeerId and a port.",
  },
  noListen: {
    kind: "flag",
    default: false,
    variable: "HERMES_NO_LISTEN",
    why: "Whether to let nobody connect to this machine, as with --no-listen: it still connects to members that it finds.",
  },
  downloads: {
    kind: "text",
    default: "",
    variable: "HERMES_DOWNLOADS",
    why: "Directory for files that are fetched. Empty: Hermes in the Downloads directory of your home.",
  },
  automaticDownloadBytes: {
    kind: "integer",
    default: 10_485_760,
    range: [0, 1_099_511_627_776],
    variable: "HERMES_AUTOMATIC_DOWNLOAD_BYTES",
    why: "Files of others up to this size (bytes) are fetched without asking; 0: none. The default, 10 MiB, is most pictures and documents.",
  },
  kdfMemoryKiB: {
    kind: "integer",
    default: 65_536,
    range: [8_192, 4_194_304],
    variable: "HERMES_KDF_MEMORY_KIB",
    why: "Memory (KiB) of Argon2id for a new profile's key file, from 8192: less is cheap to guess on graphics cards. The default is RFC 9106's for machines of every size.",
  },
  kdfPasses: {
    kind: "integer",
    default: 3,
    range: [1, 64],
    variable: "HERMES_KDF_PASSES",
    why: "Passes of Argon2id for a new profile's key file, from 1. The default is RFC 9106's: about two seconds for each unlocking.",
  },
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof CLIENT_SETTINGS;
const NAMES = Object.keys(CLIENT_SETTINGS) as SettingName[];

/** A complete, checked set. */
export interface ClientSettings {
  readonly profile: string;
  readonly relays: readonly string[];
  readonly accessToken: string;
  readonly listen: readonly string[];
  readonly peers: readonly string[];
  readonly noRelay: boolean;
  readonly noMdns: boolean;
  readonly noListen: boolean;
  readonly downloads: string;
  readonly automaticDownloadBytes: number;
  readonly kdfMemoryKiB: number;
  readonly kdfPasses: number;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Values = Readonly<Partial<Record<SettingName, unknown>>>;

/** Settings from the environment and the file (`path`, else HERMES_CONFIG, else none). Throws `config/*`. */
export async function readClientSettings(env: Environment, path = env["HERMES_CONFIG"]): Promise<ClientSettings> {
  const file = path === undefined || path === "" ? {} : parseSettings(await readText(path), path);
  return { ...defaults(), ...file, ...fromEnvironment(env) } as ClientSettings;
}

function defaults(): Values {
  return Object.fromEntries(NAMES.map((name) => [name, CLIENT_SETTINGS[name].default]));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new Fault("config/unreadable", `the configuration file ${path} cannot be read (${code}); name another.`, {
      cause,
    });
  }
}

/** Settings in the text of a file: one JSON object, in which lines that begin with `//` are comments. */
export function parseSettings(text: string, path: string): Values {
  const parsed = parseJson(text, path);
  const entries = Object.entries(parsed).map(([key, value]) => {
    const name = NAMES.find((each) => each === key);
    if (name === undefined) {
      throw new Fault("config/invalid", `"${key}" (in ${path}) is no setting; there are ${NAMES.join(", ")}.`);
    }
    return [name, checked(name, value, path)];
  });
  return Object.fromEntries(entries);
}

function parseJson(text: string, path: string): object {
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // falls through to the same sentence
  }
  throw new Fault("config/invalid", `${path} must hold one JSON object with settings (lines with // are comments).`);
}

function fromEnvironment(env: Environment): Values {
  const given = NAMES.flatMap((name) => {
    const { variable, kind } = CLIENT_SETTINGS[name];
    const text = env[variable];
    if (text === undefined || text === "") return [];
    return [[name, checked(name, fromText(kind, text), variable)] as const];
  });
  return Object.fromEntries(given);
}

function fromText(kind: Setting["kind"], text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "addresses":
      return text.split(/[\s,]+/).filter((each) => each !== "");
    case "integer":
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case "flag":
      return FLAG_TEXTS[text] ?? text;
  }
}

const FLAG_TEXTS: Readonly<Record<string, boolean>> = { "0": false, "1": true, false: false, true: true };

function checked(name: SettingName, value: unknown, source: string): unknown {
  const setting: Setting = CLIENT_SETTINGS[name];
  const must = mustBe(setting, value);
  if (must === undefined) return value;
  throw new Fault("config/invalid", `${name} (from ${source}) must be ${must}.`);
}

/** Whether it may be a multiaddr; the network looks at it as a whole. */
const isAddress = (value: unknown): boolean =>
  typeof value === "string" && /^\/(ip6zone\/[^/]+\/)?(ip[46]|dns[46]?)\/[^/]+\/tcp\/\d/.test(value);

/** What the value must be instead, or `undefined` when it is right. */
function mustBe(setting: Setting, value: unknown): string | undefined {
  switch (setting.kind) {
    case "text":
      return typeof value === "string" ? undefined : "a text";
    case "addresses":
      return Array.isArray(value) && value.every(isAddress) ? undefined : "addresses such as /ip4/192.0.2.7/tcp/33001";
    case "flag":
      return typeof value === "boolean" ? undefined : "true or false (1 or 0 in the environment)";
    case "integer": {
      const [least, most] = setting.range;
      const fits = Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
      return fits ? undefined : `a whole number from ${least} to ${most}`;
    }
  }
}

function written(value: Setting["default"]): string {
  return Array.isArray(value) ? `[${value.map((each) => JSON.stringify(each)).join(", ")}]` : JSON.stringify(value);
}

/** Text of config/client.example.jsonc: every setting at its default, with its reason. */
export function exampleSettings(): string {
  const rows = NAMES.map((name, i) => {
    const { variable, why, default: value } = CLIENT_SETTINGS[name];
    const comma = i + 1 < NAMES.length ? "," : "";
    return `  // ${why} (${variable})\n  "${name}": ${written(value)}${comma}`;
  });
  const header =
    "// Settings of the Hermes client, all at their defaults. Copy what you change; hermes --config FILE (or HERMES_CONFIG) reads it.";
  return `${header}\n{\n${rows.join("\n")}\n}\n`;
}
