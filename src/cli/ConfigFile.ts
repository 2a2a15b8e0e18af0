import * as FileSystem from "@effect/platform/FileSystem"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as SafeText from "../domain/SafeText.js"
import { Terminal } from "../services/Terminal.js"
import * as Complaint from "./Complaint.js"
import type { Host } from "./commands/Host.js"
import { type Options, variableOf } from "./commands/Option.js"
import { ExitCode } from "./ExitCode.js"
import * as FileReason from "./FileReason.js"
import { ProgramError } from "./ProgramError.js"

/** What was said of options otherwise than by flags, as it would be typed; by their keys. */
export interface Sources {
  /** `PARLEY_*`. Empty variables count as unset. */
  readonly environment: ReadonlyMap<string, string>
  readonly file: ReadonlyMap<string, string>
  /** The file that was read. */
  readonly path: string | undefined
}

/**
 * Where options come from that are no flags: `PARLEY_*` in the environment, then the file. The file is the one after
 * `--config`, else `PARLEY_CONFIG`, else the default place if there is one: one JSON object, with or without comments,
 * whose keys are those of `options`, the options of all commands, as one file serves them all.
 */
export const sources = (
  options: ReadonlyArray<Options>,
  flag: string | undefined,
  { env, exposure, folders }: Pick<Host, "env" | "exposure" | "folders">
): Effect.Effect<Sources, ProgramError, FileSystem.FileSystem | Terminal> => {
  // Bytes that are not UTF-8 come as U+FFFD, and what was meant is lost.
  const damaged = Object.keys(env).find((key) => key.startsWith(PREFIX) && env[key]?.includes("\uFFFD"))
  if (damaged !== undefined)
    return Effect.fail(
      new ProgramError({ message: `the variable ${damaged} is not UTF-8 text`, exitCode: ExitCode.usage })
    )
  const environment = new Map<string, string>()
  for (const key of options.flatMap((some) => Object.keys(some).filter((key) => some[key]!.inFile !== undefined))) {
    const value = env[variableOf(key)]
    if (value !== undefined && value !== "") environment.set(key, value)
  }
  return Effect.map(read(options, flag ?? (env[CONFIG] || undefined), { exposure, folders }), (read) => ({
    environment,
    ...read
  }))
}

/** The environment over the file. */
export const provider = ({ environment, file }: Sources): ConfigProvider.ConfigProvider =>
  ConfigProvider.fromMap(new Map([...file, ...environment]))

const PREFIX = "PARLEY_"
const CONFIG = "PARLEY_CONFIG"

type Settings = Schema.Schema<Readonly<Record<string, string | number | boolean>>>

const IN_FILE = { text: Schema.String, integer: Schema.Int, boolean: Schema.Boolean } as const

const schemaOf = (options: ReadonlyArray<Options>): Settings => {
  const fields: Record<string, (typeof IN_FILE)[keyof typeof IN_FILE]> = {}
  for (const [key, { inFile }] of options.flatMap((some) => Object.entries(some)))
    if (inFile !== undefined) fields[key] = IN_FILE[inFile]
  return Schema.partialWith(Schema.Struct(fields), { exact: true }) as unknown as Settings
}

const read = (
  options: ReadonlyArray<Options>,
  given: string | undefined,
  { exposure, folders }: Pick<Host, "exposure" | "folders">
): Effect.Effect<Omit<Sources, "environment">, ProgramError, FileSystem.FileSystem | Terminal> =>
  Effect.gen(function* () {
    const path = given ?? folders.configFile
    if (path === undefined) return NONE
    const files = yield* FileSystem.FileSystem
    const content = yield* Effect.either(files.readFileString(path))
    if (Either.isLeft(content)) {
      const message = `cannot read the configuration file ${path}: ${FileReason.of(content.left)}`
      if (given !== undefined) return yield* new ProgramError({ message })
      // The file at the default place was not asked for, so the program goes on without it; the person who put it there
      // wants to know.
      if (!FileReason.isMissing(content.left)) yield* Complaint.tell(yield* Terminal, `${message}; going on without it`)
      return NONE
    }
    const settings = decode(options, content.right)
    if (Either.isLeft(settings))
      return yield* new ProgramError({ message: `the configuration file ${path}: ${settings.left}` })
    const secrets = new Set(options.flatMap((some) => Object.keys(some).filter((key) => some[key]!.description.secret)))
    const exposed = yield* exposure(
      path,
      Object.keys(settings.right).some((key) => secrets.has(key))
    )
    if (exposed !== undefined) return yield* new ProgramError({ message: `the configuration file ${exposed}` })
    return { path, file: new Map(Object.entries(settings.right).map(([key, value]) => [key, String(value)])) }
  })

const NONE = { path: undefined, file: new Map<string, string>() }

const decode = (
  options: ReadonlyArray<Options>,
  content: string
): Either.Either<Readonly<Record<string, string | number | boolean>>, string> => {
  if (content.includes("\uFFFD")) return Either.left("it is not UTF-8 text")
  const json = Option.getOrUndefined(parseJson(content))
  if (json === undefined) return Either.left(NOT_JSON)
  if (typeof json !== "object" || json === null || Array.isArray(json)) return Either.left(NOT_AN_OBJECT)
  return Either.mapLeft(Schema.decodeUnknownEither(schemaOf(options), { onExcessProperty: "error" })(json), (error) => {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
    const key = SafeText.line(issue === undefined ? "" : issue.path.join("."), MAX_KEY)
    if (issue?._tag === "Unexpected") return `there is no setting ${key} (an option's name without --, as serverKey)`
    const kind = options.flatMap((some) => some[key]?.inFile ?? [])[0]
    return kind === undefined ? "unexpected content" : `${key} has to be ${KINDS[kind]}`
  })
}

/** As they stand in JSON. */
const KINDS = {
  text: 'a text, such as "this"',
  integer: "a whole number, such as 9090",
  boolean: "true or false"
} as const
const NOT_JSON = 'it is not JSON, which looks like {"nick": "alice"}'
const NOT_AN_OBJECT = 'it has to be one object, such as {"nick": "alice"}'
/** Characters of a key that is none of ours. */
const MAX_KEY = 60

/** JSON with comments, and with commas behind the last ones, as people know it of their editor (JSONC). */
const parseJson = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text.replace(COMMENT, (_, quoted) => quoted ?? " ").replace(LAST_COMMA, (_, quoted) => quoted ?? ""))
)
const COMMENT = /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g
const LAST_COMMA = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g
