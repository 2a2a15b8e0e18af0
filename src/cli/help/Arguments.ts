/**
 * What has to be known of the command line before it is parsed. Everything after `--` is left alone.
 *
 * This folder makes up for what `@effect/cli` of Effect 3 does not do: `Arguments` takes the log level and the
 * configuration file wherever they stand, and a lone `-`; `HelpText` and `HelpConsole` lay out help, which the library
 * gives as finished text. Effect 4 lays help out by a service of its own (`CliOutput`); the folder goes when we do.
 */
export interface Arguments {
  /** The arguments to parse. `--log-level` and `--help` stand where alone the parser takes them. */
  readonly rest: ReadonlyArray<string>
  /** The value of the last `--log-level`. */
  readonly logLevel: string | undefined
  /** The value of the last `--config`. */
  readonly config: string | undefined
  /** The user asks about the program (`--help` and the like), so nothing needs to be read. */
  readonly informational: boolean
}

/** `args` is what follows the name of the program. */
export const inspect = (args: ReadonlyArray<string>): Arguments => {
  const end = args.indexOf("--")
  const own = end === -1 ? args : args.slice(0, end)
  const { found: levels, rest } = extract(own, "--log-level")
  const level = levels.at(-1)
  const help = own.some((arg) => arg === "--help" || arg === "-h")
  return {
    // Help about a command is wanted whatever else is on the line, a mistake above all.
    rest: help
      ? [...rest.filter((arg) => !arg.startsWith("-")).slice(0, 1), "--help"]
      : [...(level === undefined ? [] : ["--log-level", level]), ...rest, ...(end === -1 ? [] : args.slice(end))],
    logLevel: level,
    config: extract(own, "--config").found.at(-1),
    informational: own.some((arg) => INFORMATIONAL.has(arg.split("=", 1)[0]!))
  }
}

/**
 * The same arguments with `-`, where it stands for a stream of the program, behind the options: in front of one the
 * parser takes it for an option itself. `valued` are the options that come with a value, which may be `-` too.
 */
export const dashLast = (args: ReadonlyArray<string>, valued: ReadonlySet<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  const own = end === -1 ? args : args.slice(0, end)
  const isStream = (arg: string, index: number) => arg === "-" && !valued.has(own[index - 1] ?? "")
  return [
    ...own.filter((arg, index) => !isStream(arg, index)),
    ...own.filter(isStream),
    ...(end === -1 ? [] : args.slice(end))
  ]
}

/**
 * What is wrong with the arguments, in one line, where the parser would say something else or nothing: text that the
 * shell did not hand over as UTF-8, and an option that is given twice. `flags` has all names of each option.
 */
export const mistakeIn = (
  args: ReadonlyArray<string>,
  flags: ReadonlyArray<ReadonlyArray<string>>,
  valued: ReadonlySet<string>
): string | undefined => {
  // Bytes that are not UTF-8 come as U+FFFD, and what was meant is lost.
  const damaged = args.find((arg) => arg.includes("\uFFFD"))
  if (damaged !== undefined) return `the argument ${JSON.stringify(damaged)} is not UTF-8 text`
  const end = args.indexOf("--")
  const names = args
    .slice(0, end === -1 ? args.length : end)
    .filter((_, index) => !valued.has(args[index - 1] ?? ""))
    .map((arg) => arg.split("=", 1)[0]!)
  const twice = flags.find((same) => names.filter((name) => same.includes(name)).length > 1)
  return twice === undefined ? undefined : `${twice[0]} is given twice`
}

const INFORMATIONAL: ReadonlySet<string> = new Set(["--help", "-h", "--version", "--completions", "--wizard"])

/** Takes `name VALUE` and `name=VALUE` out. A name without a value stays, for the parser to complain. */
const extract = (args: ReadonlyArray<string>, name: string) => {
  const found: Array<string> = []
  const rest: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === name && i + 1 < args.length) found.push(args[++i]!)
    else if (arg.startsWith(`${name}=`)) found.push(arg.slice(name.length + 1))
    else rest.push(arg)
  }
  return { found, rest }
}
