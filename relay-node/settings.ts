/**
 * Every setting of the relay: one table from which the configuration file, the environment, the flags, their checks,
 * the help and config/relay.example.jsonc all follow.
 *
 * A setting named `retentionDays` is `"retentionDays"` in the file, `HERMES_RELAY_RETENTION_DAYS` in the environment
 * and `--retention-days` as a flag.
 */

interface Described {
  /** What it does and why the default is what it is: one sentence or two. */
  readonly why: string;
}
interface IntegerSetting extends Described {
  readonly kind: "integer";
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}
interface TextSetting extends Described {
  readonly kind: "text";
  readonly default: string;
  /** Characters. */
  readonly min: number;
  readonly max: number;
  /** Never repeated in errors, logs or help. */
  readonly secrecy: "public" | "secret";
}
interface AddressesSetting extends Described {
  readonly kind: "addresses";
  readonly default: readonly string[];
  readonly min: number;
  readonly max: number;
}
interface ChoiceSetting<C extends string> extends Described {
  readonly kind: "choice";
  readonly default: C;
  readonly choices: readonly C[];
}
/** One row of the table. */
export type Setting = IntegerSetting | TextSetting | AddressesSetting | ChoiceSetting<string>;

const MIB = 1_048_576;
const GIB = 1_073_741_824;
const TIB = 1_099_511_627_776;

function integer(row: Omit<IntegerSetting, "kind">): IntegerSetting {
  return { kind: "integer", ...row };
}
function text(row: Omit<TextSetting, "kind">): TextSetting {
  return { kind: "text", ...row };
}
function addresses(row: Omit<AddressesSetting, "kind">): AddressesSetting {
  return { kind: "addresses", ...row };
}

/** Levels of the log, the quietest first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const logLevel: ChoiceSetting<LogLevel> = {
  kind: "choice",
  default: "info",
  choices: LOG_LEVELS,
  why: "What is written to standard error. No level names people, topics or peers.",
};

/** The table, in the order in which people meet the settings. */
export const SETTINGS = {
  data: text({
    default: "",
    min: 0,
    max: 4_096,
    secrecy: "public",
    why: "Directory of the relay's key and database. Empty: hermes/relay in the system's data directory.",
  }),
  listen: addresses({
    default: ["/ip4/0.0.0.0/tcp/33001"],
    min: 1,
    max: 16,
    why: "Multiaddrs to listen on; the default is every IPv4 address of the machine.",
  }),
  announce: addresses({
    default: [],
    min: 0,
    max: 16,
    why: "Multiaddrs under which others reach this relay when it does not see them itself: behind NAT, a DNS name.",
  }),
  access: text({
    default: "open",
    min: 4,
    max: 256,
    secrecy: "secret",
    why: 'Who may use the relay: "open" for everybody, or a token that clients must know (better not as a flag: those are visible to other users of the machine).',
  }),
  name: text({
    default: "",
    min: 0,
    max: 64,
    secrecy: "public",
    why: "Name of this relay in its own log lines, to tell several relays apart.",
  }),
  retentionDays: integer({
    default: 30,
    min: 1,
    max: 3_650,
    unit: "days",
    why: "How long envelopes are kept for those who are away: a long holiday.",
  }),
  topicMaxBytes: integer({
    default: 256 * MIB,
    min: MIB,
    max: TIB,
    unit: "bytes",
    why: "Most that one group stores here in one epoch; a sixteenth of it is kept for membership entries.",
  }),
  inboxMaxBytes: integer({
    default: 16 * MIB,
    min: 262_144,
    max: GIB,
    unit: "bytes",
    why: "Most that waits in one device's inbox, where anybody may write.",
  }),
  totalMaxBytes: integer({
    default: 10 * GIB,
    min: 16 * MIB,
    max: 64 * TIB,
    unit: "bytes",
    why: "Most that all envelopes together take; beyond it appends are refused and clients keep their messages queued.",
  }),
  directoryMaxBytes: integer({
    default: GIB,
    min: MIB,
    max: TIB,
    unit: "bytes",
    why: "Most that the prekey directory takes: about 8,000 devices with 100 one-time prekeys each.",
  }),
  directoryRetentionDays: integer({
    default: 180,
    min: 14,
    max: 3_650,
    unit: "days",
    why: "How long prekeys of a device that does not renew them are kept; devices renew them weekly.",
  }),
  chunksMaxBytes: integer({
    default: 20 * GIB,
    min: 0,
    max: 64 * TIB,
    unit: "bytes",
    why: "Most that chunks of files take together; beyond it uploads are refused, and members fetch from each other. 0: no files.",
  }),
  fileMaxBytes: integer({
    default: 8 * GIB,
    min: 0,
    max: 64 * TIB,
    unit: "bytes",
    why: "Most that is stored of one file; larger ones go from member to member.",
  }),
  chunkRetentionDays: integer({
    default: 14,
    min: 1,
    max: 3_650,
    unit: "days",
    why: "How long chunks are kept after they were handed in: files are larger than messages, and members can bring them back.",
  }),
  queueMaxBytes: integer({
    default: 32 * MIB,
    min: 2 * MIB,
    max: 4 * GIB,
    unit: "bytes",
    why: "Most that waits in memory for a slow disk; beyond it appends are answered busy.",
  }),
  heldMaxBytes: integer({
    default: 512 * MIB,
    min: 64 * MIB,
    max: TIB,
    unit: "bytes",
    why: "Most that all connections make the relay keep in memory, beside what each costs; beyond it those that hold most are cut, and come back. 6,000 clients may each have a full envelope under way.",
  }),
  maxConnections: integer({
    default: 6_000,
    min: 1,
    max: 100_000,
    unit: "connections",
    why: "Clients at once, each about 130 kB of memory, and 1 kB more for each topic that it reads.",
  }),
  connectionsPerSecond: integer({
    default: 500,
    min: 1,
    max: 100_000,
    unit: "connections a second",
    why: "New connections from one IP address: a company is behind one.",
  }),
  connectionsPerAddress: integer({
    default: 2_000,
    min: 1,
    max: 100_000,
    unit: "connections",
    why: "Clients at once behind one IP address (IPv6: one /64). This machine's own address is not counted.",
  }),
  addressBytesPerSecond: integer({
    default: 32 * MIB,
    min: 65_536,
    max: 64 * GIB,
    unit: "bytes a second",
    why: "What one IP address may append in the long run, sixteen seconds' worth at once; beyond it clients are told to wait.",
  }),
  topicBytesPerSecond: integer({
    default: 8 * MIB,
    min: 65_536,
    max: 64 * GIB,
    unit: "bytes a second",
    why: "What may be appended to one topic in the long run, sixteen seconds' worth at once; beyond it clients are told to wait.",
  }),
  maxReservations: integer({
    default: 10_000,
    min: 0,
    max: 1_000_000,
    unit: "reservations",
    why: "Clients that others can reach through this relay: one each, and those of clients that have just gone.",
  }),
  metrics: text({
    default: "",
    min: 0,
    max: 256,
    secrecy: "public",
    why: "HOST:PORT such as 127.0.0.1:9464 that answers GET /metrics (Prometheus), /health and /status; empty for none. It asks for no password: keep it on loopback or behind a proxy of yours.",
  }),
  logLevel,
};

/** Name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** The names in table order. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

type ValueOf<S extends Setting> = S extends IntegerSetting
  ? number
  : S extends AddressesSetting
    ? readonly string[]
    : S extends ChoiceSetting<infer C>
      ? C
      : string;

/** A complete, checked configuration. */
export type RelayConfig = { readonly [N in SettingName]: ValueOf<(typeof SETTINGS)[N]> };

/** `retentionDays` as it is called in the environment. */
export function environmentName(name: string): string {
  return `HERMES_RELAY_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** `retentionDays` as a flag, without the dashes before it. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
