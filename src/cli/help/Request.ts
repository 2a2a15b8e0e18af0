import { nearest } from "../Nearest.js"
import * as Quote from "../Quote.js"
import { type CommandSurface, namesOf, type OptionSurface, optionsOf, type Surface } from "./Surface.js"

/** What somebody wants of the program, as far as the command line alone tells. */
export type Request =
  | { readonly _tag: "Help"; readonly command: CommandSurface | undefined }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Completions"; readonly shell: string }
  /** A shell asks what the last of these words, which may be empty, can become. */
  | { readonly _tag: "Complete"; readonly words: ReadonlyArray<string> }
  | Wrong
  | Run

export interface Wrong {
  readonly _tag: "Wrong"
  readonly message: string
  /** Whose usage helps. */
  readonly command: CommandSurface | undefined
}

export interface Run {
  readonly _tag: "Run"
  readonly command: CommandSurface
  /**
   * The line for the command-line library, which lacks habits that people have: short options run together or with
   * their value, words among options, `-` for a stream, a log level and a configuration file anywhere.
   */
  readonly args: ReadonlyArray<string>
  readonly words: ReadonlyArray<string>
  /** What each option was given, by its long flag; nothing for a switch. */
  readonly given: ReadonlyMap<string, string | undefined>
}

/** `args` is what follows the name of the program. Everything behind `--` is words. */
export const read = (args: ReadonlyArray<string>, surface: Surface): Request => {
  const [first, ...others] = args
  if (first === COMPLETE) return { _tag: "Complete", words: others }
  // Bytes that are not UTF-8 come as U+FFFD, and what was meant is lost.
  const damaged = args.find((arg) => arg.includes("\uFFFD"))
  if (damaged !== undefined) return wrong(`the argument ${JSON.stringify(damaged)} is not UTF-8 text`)
  if (first === "help") return others.length === 0 ? HELP : helpOf(nameAt(others, 0, surface), surface)
  if (first === "version") return { _tag: "Version" }
  const at = commandAt(args, surface)
  const name = at === undefined ? undefined : nameAt(args, at, surface)
  const command = surface.commands.find((known) => known.name === name)
  // Help about a command is wanted whatever else is on the line, a mistake above all.
  const own = untilEnd(args)
  if (own.some((arg) => HELP_FLAGS.has(arg))) return name === undefined ? HELP : helpOf(name, surface)
  if (name === undefined || at === undefined) return alone(args, surface)
  if (command === undefined) return early(args.slice(0, at), surface) ?? unknownCommand(name, surface)
  return lineOf(command, [...args.slice(0, at), ...args.slice(at + command.name.split(" ").length)], surface)
}

/** What a shell's script calls the program with. */
export const COMPLETE = "__complete"
const HELP_FLAGS: ReadonlySet<string> = new Set(["--help", "-h"])
/** Capital too, as some programs have it. */
const VERSION_FLAGS: ReadonlySet<string> = new Set(["--version", "-v", "-V"])
const HELP: Request = { _tag: "Help", command: undefined }

/** The options of a command; of one that tells of others, those of the command that is named behind it too. */
export const known = (
  surface: Surface,
  command: CommandSurface,
  words: ReadonlyArray<string>
): ReadonlyArray<OptionSurface> => {
  if (command.tellsOf === undefined) return optionsOf(surface, command)
  const named = surface.commands.find(({ name }) => name === words[0])
  const others = (named === undefined ? surface.commands : [named]).flatMap(({ options }) =>
    options.filter(({ variable }) => variable !== undefined)
  )
  const all = [...optionsOf(surface, command), ...others]
  return all.filter(({ flag }, index) => all.findIndex((option) => option.flag === flag) === index)
}

const wrong = (message: string, command?: CommandSurface): Wrong => ({ _tag: "Wrong", message, command })

const untilEnd = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return end === -1 ? args : args.slice(0, end)
}

/** Where the command stands: what is before it can only be options that every command has. */
export const commandAt = (args: ReadonlyArray<string>, surface: Surface): number | undefined => {
  const valued = [...surface.everywhere, ...surface.alone]
    .filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(namesOf)
  for (let at = 0; at < args.length; at++) {
    if (valued.includes(args[at]!)) at++
    else if (!args[at]!.startsWith("-")) return at
  }
  return undefined
}

/** The name of the command that begins there, which may be two words. */
export const nameAt = (args: ReadonlyArray<string>, at: number, surface: Surface): string => {
  const both = `${args[at]} ${args[at + 1]}`
  return surface.commands.some(({ name }) => name === both) ? both : args[at]!
}

/** An option of some commands that stands before any. */
const early = (before: ReadonlyArray<string>, surface: Surface): Wrong | undefined => {
  const everywhere = [...surface.everywhere, ...surface.alone].flatMap(namesOf)
  const others = surface.commands.flatMap(({ options }) => options.flatMap(namesOf))
  const flag = before.map((arg) => split(arg)[0]).find((name) => !everywhere.includes(name) && others.includes(name))
  return flag === undefined ? undefined : wrong(`${flag} stands behind the command: parley COMMAND ${flag} ...`)
}

const helpOf = (name: string, surface: Surface): Request => {
  const command = surface.commands.find((known) => known.name === name)
  return command === undefined ? unknownCommand(name, surface) : { _tag: "Help", command }
}

const unknownCommand = (name: string, surface: Surface): Wrong => {
  const names = [...surface.commands.map((command) => command.name), "help"]
  const begun = name.length < SHORTEST_BEGINNING ? undefined : names.find((known) => known.startsWith(name))
  const meant = nearest(name, names) ?? begun
  const hint = WORDS.has(name) ? `; ${name} is said to parley client, while it runs` : ""
  return wrong(`there is no command ${quoted(name)}${meant === undefined ? hint : `; did you mean ${meant}?`}`)
}

/** Letters: so many say which command was begun. */
const SHORTEST_BEGINNING = 3

/** The three words, which people who have read of them may look for among the commands. */
const WORDS: ReadonlySet<string> = new Set(["list", "query", "exit"])

/** A line without a command. */
const alone = (args: ReadonlyArray<string>, surface: Surface): Request => {
  const [first = "", value] = args
  if (args.length === 0) return wrong("say what to do: parley COMMAND")
  const [flag, joined] = split(first)
  if (VERSION_FLAGS.has(flag)) return { _tag: "Version" }
  if (flag === "--completions") {
    const shell = joined ?? value
    if (shell === undefined) return wrong(`--completions needs a value: one of ${SHELLS.join(", ")}`)
    if (SHELLS.includes(shell)) return { _tag: "Completions", shell }
    return wrong(`--completions: ${Quote.noneOf(SHELLS, shell)}`)
  }
  const everywhere = surface.everywhere.flatMap(namesOf)
  if (everywhere.includes(flag)) return wrong("say what to do: parley COMMAND")
  const all = [...everywhere, ...surface.alone.flatMap(namesOf)]
  return wrong(`there is no option ${quoted(flag)}${orMeant(flag, all)}`)
}

export const SHELLS: ReadonlyArray<string> = ["bash", "zsh", "fish"]

/** `--flag=value` in two. */
const split = (arg: string): readonly [string, string | undefined] => {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

/** Reads what stands beside the command's name. */
const lineOf = (command: CommandSurface, args: ReadonlyArray<string>, surface: Surface): Request => {
  const own = untilEnd(args)
  const options = known(surface, command, own)
  const byName = new Map(options.flatMap((option) => namesOf(option).map((name) => [name, option] as const)))
  const given = new Map<string, string | undefined>()
  const words: Array<string> = []
  const rest = own.flatMap((arg) => apart(arg, byName))
  for (let at = 0; at < rest.length; at++) {
    const arg = rest[at]!
    if (!OPTION.test(arg)) {
      words.push(arg)
      continue
    }
    const [flag, joined] = split(arg)
    if (VERSION_FLAGS.has(flag)) return { _tag: "Version" }
    const option = byName.get(flag)
    if (option === undefined) return unknownOption(flag, command, [...byName.keys()])
    if (given.has(option.flag) && option.several !== true) return wrong(`${option.flag} is given twice`, command)
    if (option.placeholder === undefined) {
      if (joined !== undefined) return wrong(`${option.flag} takes no value`, command)
      given.set(option.flag, undefined)
      continue
    }
    const value = joined ?? rest[++at]
    if (value === undefined || value === "") return wrong(`${option.flag} needs a value`, command)
    if (joined === undefined && byName.has(value))
      return wrong(`${option.flag} needs a value (if that is ${value}, write ${option.flag}=${value})`, command)
    if (typeof option.wants !== "string" && !option.wants.includes(value))
      return wrong(`${option.flag}: ${Quote.noneOf(option.wants, value)}`)
    const before = given.get(option.flag)
    given.set(option.flag, before === undefined ? value : `${before},${value}`)
  }
  words.push(...args.slice(own.length + 1))
  return (
    countedIn(command, words, surface) ?? {
      _tag: "Run",
      command,
      words,
      given,
      args: forLibrary(command, given, words)
    }
  )
}

/** An option, and not a number below zero, or `-` for a stream. */
const OPTION = /^--?[A-Za-z]/

/** Short options that were typed together, or with their value: `-yq`, `-nalice`. */
const apart = (arg: string, byName: ReadonlyMap<string, OptionSurface>): ReadonlyArray<string> => {
  if (!/^-[A-Za-z]./.test(arg)) return [arg]
  const first = byName.get(arg.slice(0, 2))
  if (first === undefined) return [arg]
  if (first.placeholder !== undefined) return [arg.slice(0, 2), arg.slice(2).replace(/^=/, "")]
  return [arg.slice(0, 2), ...apart(`-${arg.slice(2)}`, byName)]
}

const unknownOption = (flag: string, command: CommandSurface, names: ReadonlyArray<string>): Wrong =>
  wrong(
    `there is no option ${quoted(flag)}${orMeant(flag, names) || " (a text that begins with - goes behind --)"}`,
    command
  )

const orMeant = (flag: string, names: ReadonlyArray<string>): string => {
  const typed = flag.replace(/^-+/, "")
  const meant = nearest(
    typed,
    names.filter((name) => name.startsWith("--")).map((name) => name.slice(2))
  )
  return meant === undefined || typed.length < SHORTEST ? "" : `; did you mean --${meant}?`
}

/** Letters: with fewer, everything is near. */
const SHORTEST = 2

/** Whether there are as many words as the command takes. */
const countedIn = (command: CommandSurface, words: ReadonlyArray<string>, surface: Surface): Wrong | undefined => {
  const most = command.arguments.some(({ repeated }) => repeated) ? words.length : command.arguments.length
  const extra = words[most]
  if (extra !== undefined) {
    const longer = surface.commands.flatMap(({ name }) => (name.startsWith(`${command.name} `) ? [name] : []))
    const meant = nearest(`${command.name} ${extra}`, longer)
    const or = meant === undefined ? "" : `; did you mean ${meant}?`
    return wrong(`nothing more was expected, but there is ${quoted(extra)}${or}`, command)
  }
  const missing = command.arguments.find(({ required }, index) => required && words[index] === undefined)
  return missing === undefined ? undefined : wrong(`${missing.name} is missing`, command)
}

/** The log level stands where alone the library takes it, and the words where it takes none for an option. */
const forLibrary = (
  command: CommandSurface,
  given: ReadonlyMap<string, string | undefined>,
  words: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const level = given.get(LOG_LEVEL)
  const options = [...given].filter(([flag]) => flag !== LOG_LEVEL)
  return [
    ...(level === undefined ? [] : [LOG_LEVEL, level]),
    command.name,
    ...options.flatMap(([flag, value]) => (value === undefined ? [flag] : [flag, value])),
    ...(words.length === 0 ? [] : ["--", ...words])
  ]
}

export const LOG_LEVEL = "--log-level"

/** What was typed, short enough for a line. */
const quoted = (text: string): string => (/^[\w-]{1,40}$/.test(text) ? text : Quote.of(text))
