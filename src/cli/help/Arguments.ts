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
export const inspect = (given: ReadonlyArray<string>): Arguments => {
  const args = habitual(given)
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

/** `help`, `help COMMAND`, `version` and `-v`, as people type them elsewhere, in the words of the parser. */
const habitual = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first = "", second] = args
  if (first === "help") return [...(second === undefined ? [] : [second]), "--help"]
  return args.length === 1 && ["version", "-v", "-V"].includes(first) ? ["--version"] : args
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
 * shell did not hand over as UTF-8, an option that is given twice, and one that the command does not have, of which the
 * parser says that another one is missing. `flags` has all names of each option of the command; without a command,
 * there is nothing to say of options.
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
  if (twice !== undefined) return `${twice[0]} is given twice`
  const known = [...flags.flat(), ...GLOBAL]
  const unknown = flags.length === 0 ? undefined : names.find((name) => OPTION.test(name) && !known.includes(name))
  if (unknown === undefined) return undefined
  const meant = nearest(unknown, known)
  return `there is no option ${unknown}${meant === undefined ? " (a text that begins with - goes behind --)" : `; did you mean ${meant}?`}`
}

/** The flag that was probably meant: the one with the fewest letters changed, if those are a few. */
const nearest = (typed: string, known: ReadonlyArray<string>): string | undefined => {
  const [best] = known
    .filter((flag) => flag.startsWith("--"))
    .map((flag) => ({ flag, distance: distance(typed, flag) }))
    .sort((left, right) => left.distance - right.distance)
  return best !== undefined && best.distance <= MAX_DISTANCE ? best.flag : undefined
}

/** Letters to insert, remove or change (Levenshtein). Both are short: what is typed is cut. */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...left.slice(0, MAX_FLAG)].entries()) {
    const next = [i + 1]
    for (let j = 0; j < right.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === right[j] ? 0 : 1)))
    row = next
  }
  return row[right.length]!
}

/** A flag, and not a number below zero, or `-` for standard input. */
const OPTION = /^--?[A-Za-z]/
/** Options of every command. */
const GLOBAL = ["--help", "-h", "--version", "--completions", "--wizard", "--log-level", "--config"]
/** Letters: `--nik` and `--sever`, but not whatever else is short. */
const MAX_DISTANCE = 2
/** Characters of what was typed that are compared: longer than any flag. */
const MAX_FLAG = 40

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
