/** What the relay tells about its settings: help text and example file, both made from the table in settings.ts. */
import { environmentName, flagName, SETTING_NAMES, SETTINGS, type Setting } from "./settings.ts";

/** Characters of a help line. */
const LINE = 110;
const INDENT = "      ";

/** Answer to `hermes relay --help`. */
export function helpText(): string {
  const settings = SETTING_NAMES.map((name) => {
    return `  --${flagName(name)} ${placeholder(SETTINGS[name])}\n${wrap(`${SETTINGS[name].why} ${bounds(SETTINGS[name])}`)}`;
  });
  return `Usage: hermes relay [--config FILE] [SETTING]...
       hermes relay status [--data DIRECTORY] [--json]
       hermes relay identity export|import [--data DIRECTORY]

Runs a relay: it stores and forwards encrypted envelopes for groups and sees no contents. When it is ready it prints
one line, {"event":"ready","peerId","addrs":[...]}; give one of the addresses to clients. Logs go to standard error.
It ends on SIGTERM or SIGINT, with nothing acknowledged lost; a second signal ends it at once. Exit codes: 0 ended as
asked, 1 failed while running, 2 an argument or a setting was wrong.

status asks the relay that runs on the data directory how it is. identity export prints the relay's secret key: keep
that line in a safe place, since clients know the relay by it; identity import reads it from standard input into the
data directory of the relay that takes its place.

Examples:
  hermes relay
  hermes relay status
  hermes relay identity export > relay-key.backup
  hermes relay --data /srv/hermes --announce /dns4/relay.example.org/tcp/33001
  hermes relay --config config/relay.example.jsonc --log-level warn

Options:
  --config FILE
${wrap(`JSON with // comment lines, see config/relay.example.jsonc. Or ${environmentName("config")}.`)}
  --json
${wrap('Report a failure as {"error":{"code","message"}} on standard output.')}
  -h, --help

Settings, also in the file (retentionDays) and in the environment (${environmentName("retentionDays")}); a flag goes
before the environment, that before the file:
${settings.join("\n")}
`;
}

function placeholder(setting: Setting): string {
  switch (setting.kind) {
    case "integer":
      return "N";
    case "text":
      return "TEXT";
    case "choice":
      return setting.choices.join("|");
    case "addresses":
      return "MULTIADDR (may be repeated)";
  }
}

function bounds(setting: Setting): string {
  const start = `Default ${JSON.stringify(setting.default)}`;
  switch (setting.kind) {
    case "integer":
      return `${start} ${setting.unit}, from ${setting.min} to ${setting.max}.`;
    case "text":
      return `${start}, ${setting.min} to ${setting.max} characters.`;
    case "choice":
      return `${start}, one of ${setting.choices.join(", ")}.`;
    case "addresses":
      return `${start}, ${setting.min} to ${setting.max} of them.`;
  }
}

function wrap(text: string, prefix = INDENT): string {
  const lines: string[] = [];
  let line = prefix.trimEnd();
  for (const word of text.split(" ")) {
    const longer = `${line === prefix.trimEnd() ? prefix : `${line} `}${word}`;
    if (longer.length > LINE && line !== prefix.trimEnd()) {
      lines.push(line);
      line = `${prefix}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line].join("\n");
}

/** Text of config/relay.example.jsonc: every setting at its default, with unit, bounds and reason. */
export function exampleFile(): string {
  const settings = SETTING_NAMES.map((name, i) => {
    const comment = wrap(`${SETTINGS[name].why} ${bounds(SETTINGS[name])}`, "  // ");
    const comma = i + 1 < SETTING_NAMES.length ? "," : "";
    return `${comment}\n  "${name}": ${JSON.stringify(SETTINGS[name].default)}${comma}`;
  });
  const header =
    "// Settings of the Hermes relay, all at their defaults. Copy what you change; hermes relay --config FILE reads it.";
  return `${header}\n{\n${settings.join("\n")}\n}\n`;
}
