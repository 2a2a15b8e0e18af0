import { commandAt, known, nameAt } from "./Request.js"
import { type CommandSurface, namesOf, type OptionSurface, type Surface, type Wants } from "./Surface.js"

/** What a word can become: these texts, and what `wants` says. */
export interface Offer {
  readonly choices: ReadonlyArray<Choice>
  readonly wants: Exclude<Wants, ReadonlyArray<string>>
  /** What was said of options before the word. */
  readonly given: ReadonlyMap<string, string>
}

export interface Choice {
  readonly text: string
  readonly help: string
}

/** What the last of these words can become; `words` is what follows the name of the program. */
export const offer = (words: ReadonlyArray<string>, surface: Surface): Offer => {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ""
  const at = commandAt(before, surface)
  if (at === undefined) return ofProgram(before, current, surface)
  if (before[at] === "help")
    return before.length > at + 1 ? NOTHING : { ...NOTHING, choices: beginning(commandsOf(surface), current) }
  const called = nameAt(before, at, surface)
  const command = surface.commands.find(({ name }) => name === called)
  if (command === undefined) return NOTHING
  const offered = ofCommand(command, before.slice(at + called.split(" ").length), current, surface)
  return {
    ...offered,
    choices: [...beginning(secondWords(called, before.length === at + 1, surface), current), ...offered.choices]
  }
}

const NOTHING: Offer = { choices: [], wants: "anything", given: new Map() }

const commandsOf = ({ commands }: Surface): ReadonlyArray<Choice> =>
  commands.filter(({ name }) => !name.includes(" ")).map(({ help, name }) => ({ text: name, help }))

/** What can follow this word as the second one of a command. */
const secondWords = (first: string, isNext: boolean, { commands }: Surface): ReadonlyArray<Choice> =>
  isNext
    ? commands.flatMap(({ help, name }) =>
        name.startsWith(`${first} `) ? [{ text: name.slice(first.length + 1), help }] : []
      )
    : []

const ofProgram = (before: ReadonlyArray<string>, current: string, surface: Surface): Offer => {
  const all = [...surface.everywhere.filter(({ placeholder }) => placeholder !== undefined), ...surface.alone]
  const open = all.find((one) => one.placeholder !== undefined && namesOf(one).includes(before.at(-1) ?? ""))
  if (open !== undefined) return ofValue(open.wants, current, NOTHING.given)
  const [, flag = "", value = ""] = JOINED.exec(current) ?? []
  const joined = all.find((one) => one.flag === flag)
  if (joined !== undefined) return ofValue(joined.wants, value, NOTHING.given)
  const first = [...commandsOf(surface), { text: "help", help: "Tell of a command" }]
  return { ...NOTHING, choices: beginning(current.startsWith("-") ? flagsOf(all) : first, current) }
}

const ofCommand = (
  command: CommandSurface,
  before: ReadonlyArray<string>,
  current: string,
  surface: Surface
): Offer => {
  const options = known(surface, command, before)
  const byName = new Map(options.flatMap((option) => namesOf(option).map((name) => [name, option] as const)))
  const given = new Map<string, string>()
  let values = 0
  let isOver = false
  let open: OptionSurface | undefined
  for (const word of before) {
    const [flag = "", joined] = isOver ? [] : (JOINED.exec(word)?.slice(1) ?? [word])
    const option = byName.get(flag)
    if (open !== undefined) {
      given.set(open.flag, word)
      open = undefined
    } else if (!isOver && word === "--") isOver = true
    else if (option === undefined) values += isOver || !word.startsWith("-") || word === "-" ? 1 : 0
    else if (option.placeholder !== undefined && joined === undefined) open = option
    else given.set(option.flag, joined ?? "")
  }
  if (open !== undefined) return ofValue(open.wants, current, given)
  const [, flag, value] = isOver ? [] : (JOINED.exec(current) ?? [])
  if (flag !== undefined) return ofValue(byName.get(flag)?.wants ?? "anything", value ?? "", given)
  const argument = command.arguments[values] ?? command.arguments.filter(({ repeated }) => repeated).at(-1)
  if (!isOver && (current.startsWith("-") || argument === undefined)) {
    const left = options.filter((option) => !given.has(option.flag))
    return { choices: beginning(flagsOf(left), current), wants: "anything", given }
  }
  return ofValue(argument?.wants ?? "anything", current, given)
}

/** An option and its value in one word. */
const JOINED = /^(--[^=]+)=(.*)$/s

const ofValue = (wants: Wants, current: string, given: ReadonlyMap<string, string>): Offer =>
  typeof wants === "string"
    ? { choices: [], wants, given }
    : {
        choices: beginning(
          wants.map((text) => ({ text, help: "" })),
          current
        ),
        wants: "anything",
        given
      }

const flagsOf = (options: ReadonlyArray<OptionSurface>): ReadonlyArray<Choice> =>
  options.map(({ flag, help }) => ({ text: flag, help }))

const beginning = (choices: ReadonlyArray<Choice>, current: string): ReadonlyArray<Choice> =>
  choices.filter(({ text }) => text.startsWith(current))

/**
 * The lines that a shell's script reads: the first says what else there can be (`files`, `folders`, `nothing`), then
 * one choice a line, and what it means behind two blanks.
 */
export const lines = (choices: ReadonlyArray<Choice>, wants: Offer["wants"]): string =>
  [
    wants === "file" ? "files" : wants === "folder" ? "folders" : "nothing",
    ...choices.map(({ help, text }) => (help === "" ? text : `${text}  ${help}`))
  ]
    .map((line) => `${line}\n`)
    .join("")
