/**
 * Completion for shells, made from the command table: words of commands, options, and values that are files or one of
 * a few words. It runs no command, so completing never asks for a passphrase.
 */
import type { OptionTable } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Shells for which there is one. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** All that may be typed. */
export interface Typeable {
  readonly commands: readonly Command[];
  readonly common: OptionTable;
  /** First word -> words that may follow it and are no commands of two words: `help` -> its topics. */
  readonly following: Readonly<Record<string, readonly string[]>>;
}

/** What an option's value is, by its placeholder in the help. */
type ValueKind = "file" | "directory" | "role" | "free";
const ROLES = "member admin";

/** The script that the shell reads. */
export function completionScript(shell: Shell, typeable: Typeable): string {
  switch (shell) {
    case "bash":
      return bashScript(typeable);
    case "zsh":
      return zshScript(typeable);
    case "fish":
      return fishScript(typeable);
  }
}

const unique = (words: readonly string[]): readonly string[] => [...new Set(words)];

function firstWords({ commands }: Typeable): readonly string[] {
  return unique(commands.map(({ name }) => name.split(" ")[0] ?? name));
}

/** First word -> what may stand behind it. */
function secondWords({ commands, following }: Typeable): ReadonlyMap<string, readonly string[]> {
  const words = new Map(Object.entries(following));
  for (const { name } of commands) {
    const [first = "", second] = name.split(" ");
    if (second !== undefined) words.set(first, unique([...(words.get(first) ?? []), second]));
  }
  return words;
}

/** The options of a command; those of one that reads its arguments itself are not known here. */
function optionsOf({ operands, options }: Command, common: OptionTable): OptionTable {
  return operands === "everything" ? {} : { ...options, ...common };
}

/** Options that take a value, by the kind of it. */
function valued({ commands, common }: Typeable): ReadonlyMap<ValueKind, readonly string[]> {
  const kinds = new Map<ValueKind, string[]>();
  for (const options of commands.map((command) => optionsOf(command, common))) {
    for (const [name, { value }] of Object.entries(options)) {
      if (value === undefined) continue;
      const known = kinds.get(kindOf(value)) ?? [];
      if (!known.includes(`--${name}`)) kinds.set(kindOf(value), [...known, `--${name}`]);
    }
  }
  return kinds;
}

function kindOf(placeholder: string): ValueKind {
  switch (placeholder) {
    case "FILE":
    case "PATH":
      return "file";
    case "DIR":
      return "directory";
    case "ROLE":
      return "role";
    default:
      return "free";
  }
}

/** Cases of a `case … in` of bash and zsh. */
function cases(rows: readonly (readonly [pattern: string, action: string])[], indent: string): string {
  return rows.map(([pattern, action]) => `${indent}${pattern}) ${action} ;;`).join("\n");
}

/** What an option's value is completed with; `actions` say how the shell does that. */
function valueCases(typeable: Typeable, actions: Readonly<Record<ValueKind, string>>): string {
  const rows = [...valued(typeable)].map(([kind, names]) => [names.join("|"), actions[kind]] as const);
  return cases(rows, "    ");
}

function optionCases({ commands, common }: Typeable): string {
  const rows = commands.map((command) => {
    const names = Object.keys(optionsOf(command, common)).map((name) => `--${name}`);
    return [`"${command.name}"|"${command.name} "*`, `words="${names.join(" ")}"`] as const;
  });
  const early = Object.keys(common).map((name) => `--${name}`);
  return cases([['""', `words="${early.join(" ")}"`], ...rows], "      ");
}

function wordCases(typeable: Typeable): string {
  const rows = [...secondWords(typeable)].map(
    ([first, words]) => [`"${first}"`, `words="${words.join(" ")}"`] as const,
  );
  return cases([['""', `words="${firstWords(typeable).join(" ")}"`], ...rows], "      ");
}

/** Which words may come, in a language that bash and zsh share; `$given`: the words before, without options. */
function choosing(typeable: Typeable): string {
  return [
    '  case "$cur" in',
    '    -*) case "$given" in',
    optionCases(typeable),
    "    esac ;;",
    '    *) case "$given" in',
    wordCases(typeable),
    "    esac ;;",
    "  esac",
  ].join("\n");
}

function collecting(typeable: Typeable, array: string): string {
  const withValue = [...valued(typeable).values()].flat();
  return [
    `    case "\${${array}[i]}" in`,
    cases(
      [
        [withValue.join("|"), "((i++))"],
        ["-*", ":"],
        ["*", `given="\${given:+$given }\${${array}[i]}"`],
      ],
      "      ",
    ),
    "    esac",
  ].join("\n");
}

function bashScript(typeable: Typeable): string {
  const files = (kind: "-f" | "-d") =>
    `compopt -o filenames 2> /dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen ${kind} -- "$cur")); return`;
  return `# bash completion for hermes; put this into ~/.bashrc:  source <(hermes completion bash)
_hermes() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" words="" given="" i
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases(typeable, {
  file: files("-f"),
  directory: files("-d"),
  role: `COMPREPLY=($(compgen -W "${ROLES}" -- "$cur")); return`,
  free: "return",
})}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
${collecting(typeable, "COMP_WORDS")}
  done
${choosing(typeable)}
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _hermes hermes
`;
}

function zshScript(typeable: Typeable): string {
  return `#compdef hermes
# zsh completion for hermes; put this into ~/.zshrc, after compinit:  source <(hermes completion zsh)
_hermes() {
  local cur="\${words[CURRENT]}" typed=("\${words[@]}") given="" i
  case "\${typed[CURRENT-1]}" in
${valueCases(typeable, {
  file: "_files; return",
  directory: "_files -/; return",
  role: `compadd -- ${ROLES}; return`,
  free: "return",
})}
  esac
  for ((i = 2; i < CURRENT; i++)); do
${collecting(typeable, "typed")}
  done
  local words=""
${choosing(typeable)}
  compadd -- \${=words}
}
if [[ "\${funcstack[1]}" == _hermes ]]; then _hermes "$@"; else compdef _hermes hermes; fi
`;
}

/** Text between single quotes of fish. */
const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fishScript(typeable: Typeable): string {
  const { commands, common } = typeable;
  const seconds = secondWords(typeable);
  const summaries = new Map(commands.map(({ name, summary }) => [name, summary]));
  const described = (name: string) => {
    const summary = summaries.get(name);
    return summary === undefined ? "" : ` -d ${quoted(summary)}`;
  };
  const lines = [
    "# fish completion for hermes; run:  hermes completion fish > ~/.config/fish/completions/hermes.fish",
    "complete -c hermes -f",
  ];
  for (const word of firstWords(typeable)) {
    lines.push(`complete -c hermes -n __fish_use_subcommand -a ${word}${described(word)}`);
  }
  for (const [first, words] of seconds) {
    const others = words.filter((word) => word !== first);
    const condition = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others.join(" ")}`;
    for (const word of words)
      lines.push(`complete -c hermes -n ${quoted(condition)} -a ${word}${described(`${first} ${word}`)}`);
  }
  lines.push(...fishOptions("__fish_use_subcommand", common));
  for (const command of commands) {
    const words = command.name.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    lines.push(...fishOptions(words.join("; and "), optionsOf(command, common)));
  }
  return `${lines.join("\n")}\n`;
}

function fishOptions(condition: string, options: OptionTable): readonly string[] {
  return Object.entries(options).map(
    ([name, { value, help }]) =>
      `complete -c hermes -n ${quoted(condition)} -l ${name}${fishValue(value)} -d ${quoted(help)}`,
  );
}

function fishValue(placeholder: string | undefined): string {
  if (placeholder === undefined) return "";
  switch (kindOf(placeholder)) {
    case "file":
      return " -r -F";
    case "directory":
      return " -x -a '(__fish_complete_directories)'";
    case "role":
      return ` -x -a '${ROLES}'`;
    case "free":
      return " -x";
  }
}
