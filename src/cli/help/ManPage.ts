import { SOURCES, usageOf } from "./HelpText.js"
import type { CommandSurface, OptionSurface, Surface } from "./Surface.js"

/** The page of the manual, `parley(1)`, in the macros of man(7). */
export const of = (surface: Surface): string =>
  [
    `.TH PARLEY 1 "" "parley ${surface.version}" "User Commands"`,
    ".SH NAME",
    `parley \\- ${text(surface.help[0]!.toLowerCase() + surface.help.slice(1))}`,
    ".SH SYNOPSIS",
    ...surface.commands.flatMap((command) => [".br", usage(usageOf(command))]),
    ".br",
    usage("parley help [COMMAND]"),
    ".SH DESCRIPTION",
    ...DESCRIPTION.map(text),
    ".SH COMMANDS",
    ...surface.commands.flatMap((command) => commandPart(surface, command)),
    ".SH OPTIONS",
    "Options of every command:",
    ...surface.everywhere.flatMap(option),
    ".PP",
    "In the place of a command:",
    ...surface.alone.filter(({ flag }) => !surface.everywhere.some((other) => other.flag === flag)).flatMap(option),
    ".SH ENVIRONMENT",
    text(SOURCES),
    ...VARIABLES.flatMap(([name, meaning]) => item(bold(name), meaning)),
    ".SH FILES",
    ...FILES.flatMap(([name, meaning]) => item(italic(name), meaning)),
    ".SH EXIT STATUS",
    ...exitsOf(surface).flatMap(([code, meaning]) => item(bold(code), meaning)),
    ""
  ].join("\n")

const DESCRIPTION = [
  "People register a nickname with a small server, which introduces them to each other. Then they talk directly over UDP, end-to-end encrypted, or through the server's relay where there is no direct path. A command shares the options of its kind; those are described with it."
]

const VARIABLES = [
  ["PARLEY_CONFIG", "The configuration file, where --config does not name one."],
  ["PARLEY_TOKEN", "The access token; other users of the machine do not see it there, as they do see --token."],
  ["NO_COLOR", "Where it is set, nothing is coloured."],
  ["TERM", "Where it is dumb, nothing is drawn anew."],
  [
    "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME",
    "Where the files below are, in place of ~/.config, ~/.local/share and ~/.cache."
  ],
  ["NODE_DISABLE_COMPILE_CACHE", "Where it is set, no compiled code is kept."]
] as const

const FILES = [
  [
    "~/.config/parley/config.json",
    "The configuration file: one JSON object whose keys are the options, as serverKey for --server-key."
  ],
  [
    "~/.local/share/parley/profiles/NICK",
    "The identity of a nickname, whom it knows, and its history; all but the identity sealed."
  ],
  ["~/.cache/parley", "The program as it was compiled, for the next start; may be removed at any time."]
] as const

/** Codes of all commands, with what they mean in general where commands differ. */
const exitsOf = ({ commands }: Surface): ReadonlyArray<readonly [string, string]> => {
  const most = commands.map(({ exits }) => exits).sort((one, other) => other.length - one.length)[0] ?? []
  return most.map(({ code, meaning }) => [String(code), code === 0 ? "all went well" : meaning])
}

const commandPart = (_: Surface, command: CommandSurface): ReadonlyArray<string> => [
  `.SS ${quoted(`parley ${command.name}`)}`,
  `${text(command.help)}.`,
  ".PP",
  usage(usageOf(command)),
  ...command.arguments.flatMap(({ help, name }) => item(italic(name), `${help}.`)),
  ...command.options.flatMap(option),
  ...(command.examples.length === 0
    ? []
    : [".PP", "Examples:", ".PP", ".nf", ".RS", ...command.examples.map(text), ".RE", ".fi"])
]

const option = ({
  alias,
  default: byDefault,
  flag,
  help,
  placeholder,
  variable
}: OptionSurface): ReadonlyArray<string> => {
  const names = [alias, flag].flatMap((name) => (name === undefined ? [] : bold(name))).join(", ")
  const value = placeholder === undefined ? "" : ` ${italic(placeholder)}`
  const more = [
    ...(byDefault === undefined ? [] : [`Default: ${byDefault}.`]),
    ...(variable === undefined ? [] : [`Variable: ${variable}.`])
  ]
  return item(`${names}${value}`, [`${help}.`, ...more].join(" "))
}

/** `tag` is marked up already. */
const item = (tag: string, meaning: string): ReadonlyArray<string> => [".TP", tag, text(meaning)]

const usage = (line: string): string => {
  const [program = "", name = "", ...rest] = line.split(" ")
  return [bold(program), bold(name), ...rest.map(text)].join(" ")
}

const bold = (word: string): string => `\\fB${text(word)}\\fR`
const italic = (word: string): string => `\\fI${text(word)}\\fR`
const quoted = (words: string): string => `"${text(words)}"`

/** Nothing in it is an order to troff: backslashes, quotes, hyphens that are to be copied, a dot that begins a line. */
const text = (plain: string): string =>
  plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll('"', "\\(dq")
    .replaceAll("'", "\\(aq")
    .replaceAll("…", "...")
    .replace(/^\./, "\\&.")
