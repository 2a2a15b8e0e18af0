import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as SafeText from "../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import type { Sources } from "./ConfigFile.js"
import { type Option, surfaceOf } from "./commands/Option.js"
import type { Row } from "./commands/Subcommand.js"
import { ExitCode } from "./ExitCode.js"
import type { Run } from "./help/Request.js"
import type { OptionSurface } from "./help/Surface.js"
import { ProgramError } from "./ProgramError.js"
import * as Quote from "./Quote.js"

/** One setting as it is in force. */
export interface Setting {
  /** As in the configuration file. */
  readonly key: string
  readonly flag: string
  /** As it would be typed; nothing where nobody said anything and there is no default. A secret is never in here. */
  readonly value: string | undefined
  readonly isSecret: boolean
  readonly source: "flag" | "environment" | "file" | "default"
  /** Where exactly that is. */
  readonly from: string | undefined
  /** Half a sentence about what is wrong with it. */
  readonly problem: string | undefined
}

/** `parley config`: each setting and where it comes from. A wrong one is told with the others, and ends it with 2. */
export const run = (
  { given, words }: Run,
  sources: Sources,
  rows: ReadonlyArray<Row>
): Effect.Effect<void, ProgramError | TerminalClosed, Terminal> =>
  Effect.gen(function* () {
    const [name] = words
    const about = name === undefined ? rows : rows.filter(({ surface }) => surface.name === name)
    if (about.length === 0)
      return yield* new ProgramError({
        message: `COMMAND: ${Quote.noneOf(
          rows.map(({ surface }) => surface.name),
          name ?? ""
        )}`,
        exitCode: ExitCode.usage
      })
    const settings = settingsOf(about, given, sources)
    const { write } = yield* Terminal
    yield* write(given.has("--json") ? asJson(settings, sources) : asText(settings, sources))
    const wrong = settings.find(({ problem }) => problem !== undefined)
    if (wrong !== undefined)
      return yield* new ProgramError({ message: `${wrong.flag}: ${wrong.problem}`, exitCode: ExitCode.usage })
  })

/** Each setting once, in the order of the help. */
export const settingsOf = (rows: ReadonlyArray<Row>, given: Run["given"], sources: Sources): ReadonlyArray<Setting> => {
  const options = new Map(rows.flatMap(({ options }) => Object.entries(options)))
  return [...options]
    .filter(([, { inFile }]) => inFile !== undefined)
    .map(([key, option]) => settingOf(key, option, given, sources))
}

const settingOf = (key: string, option: Option<unknown>, given: Run["given"], sources: Sources): Setting => {
  const surface = surfaceOf(key, option)
  const isSecret = option.description.secret === true
  const { text, ...where } = found(key, surface, given, sources)
  const problem = text === undefined ? undefined : problemOf(option, text)
  return { key, flag: surface.flag, isSecret, value: isSecret ? undefined : text, problem, ...where }
}

/** The flag over the environment over the file over the default. */
const found = (key: string, surface: OptionSurface, given: Run["given"], { environment, file, path }: Sources) => {
  if (given.has(surface.flag))
    return { text: given.get(surface.flag) ?? "true", source: "flag", from: surface.flag } as const
  const variable = environment.get(key)
  if (variable !== undefined) return { text: variable, source: "environment", from: surface.variable } as const
  const line = file.get(key)
  if (line !== undefined) return { text: line, source: "file", from: path } as const
  const byDefault = surface.placeholder === undefined ? "false" : surface.default
  return { text: byDefault, source: "default", from: undefined } as const
}

/** What stands for a default in the help may be words, and is right. */
const problemOf = ({ description, inFile }: Option<unknown>, text: string): string | undefined => {
  if (text === (description.default ?? description.otherwise)) return undefined
  if (inFile === "boolean") return text === "true" || text === "false" ? undefined : "expected true or false"
  const parsed = description.parse?.(text) ?? Either.right(text)
  return Either.isLeft(parsed) ? parsed.left : undefined
}

const asJson = (settings: ReadonlyArray<Setting>, { path }: Sources): string => {
  const rows = settings.map(({ from, isSecret, key, problem, source, value }) => [
    key,
    {
      ...(value === undefined ? {} : { value }),
      ...(isSecret ? { secret: true } : {}),
      source,
      ...(from === undefined ? {} : { from }),
      ...(problem === undefined ? {} : { problem })
    }
  ])
  return `${JSON.stringify({ file: path ?? null, settings: Object.fromEntries(rows) })}\n`
}

const asText = (settings: ReadonlyArray<Setting>, { path }: Sources): string => {
  const rows = settings.map((setting) => [setting.flag.slice(2), shown(setting), told(setting)] as const)
  const width = (column: 0 | 1) => Math.min(WIDEST, Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map(([name, value, source]) => `${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${source}`)
  return [`configuration file: ${path === undefined ? "none" : SafeText.line(path)}`, "", ...lines, ""].join("\n")
}

const shown = ({ isSecret, source, value }: Setting): string => {
  if (value !== undefined) return SafeText.line(value, MAX_VALUE)
  return isSecret && source !== "default" ? "(hidden)" : "-"
}

const told = ({ from, problem, source }: Setting): string => {
  const where = source === "environment" ? `environment (${from})` : source
  return problem === undefined ? where : `${where}: WRONG`
}

/** Characters of a value; a greeting of a server has more. */
const MAX_VALUE = 200
/** Characters of a column, beyond which the next one is not in line. */
const WIDEST = 40
