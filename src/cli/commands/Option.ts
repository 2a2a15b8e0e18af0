import * as HelpDoc from "@effect/cli/HelpDoc"
import * as CliOptions from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as EffectOption from "effect/Option"

/**
 * An option of the command line, described once. Its key in the record of a command gives all its names: `maxPeers` is
 * the flag `--max-peers`, the variable `PARLEY_MAX_PEERS` and the key `maxPeers` of the configuration file.
 */
export interface Option<A> {
  /** What stands for the value in the help; a switch has none, as it takes no value. */
  readonly placeholder: string | undefined
  /** The short flag, one letter. */
  readonly alias: string | undefined
  /** How the configuration file holds the value; `undefined` when the option comes from the command line alone. */
  readonly inFile: "text" | "integer" | "boolean" | undefined
  /** Whoever knows the value can pass for somebody: a configuration file that has it must be nobody else's to read. */
  readonly secret: boolean
  /** The option as the command-line library knows it. */
  readonly toLibrary: (key: string) => CliOptions.Options<A>
}

export type Options = Readonly<Record<string, Option<unknown>>>

/** What a record of options gives, whatever the source of each value. */
export type Parsed<O extends Options> = { readonly [Key in keyof O]: O[Key] extends Option<infer A> ? A : never }

/** An option with a value. Whatever the source of a value, `parse` judges it. */
interface Description {
  readonly placeholder: string
  /** A sentence without its full stop; the default, where there is one, is added. */
  readonly help: string
  /** `Left` is half a sentence about what is wrong; it is told with the option's name. */
  readonly parse: (text: string) => Either.Either<unknown, string>
  /** As it would be typed. Without one, and where the option is not required, an option left out is `undefined`. */
  readonly default?: string
  readonly required?: true
  readonly alias?: string
  /** The configuration file holds a number. */
  readonly integer?: true
  readonly secret?: true
}

type Value<D extends Description> = D["parse"] extends (text: string) => Either.Either<infer A, string>
  ? D extends { readonly default: string } | { readonly required: true }
    ? A
    : A | undefined
  : never

/** One that can also come from the environment and the configuration file: flag over environment over file. */
export const setting = <const D extends Description>(description: D): Option<Value<D>> => ({
  placeholder: description.placeholder,
  alias: description.alias,
  inFile: description.integer === true ? "integer" : "text",
  secret: description.secret === true,
  toLibrary: (key) =>
    described(key, description, ` [${variableOf(key)}]`).pipe(
      CliOptions.withFallbackConfig(Config.string(key)),
      judged(key, description)
    )
})

/** One that makes sense for a single run only, so it comes from the command line alone. */
export const plain = <const D extends Description>(description: D): Option<Value<D>> => ({
  placeholder: description.placeholder,
  alias: description.alias,
  inFile: undefined,
  secret: false,
  toLibrary: (key) => described(key, description, "").pipe(judged(key, description))
})

/** One that is there or not. */
export const toggle = (help: string, alias?: string): Option<boolean> => ({
  placeholder: undefined,
  alias,
  inFile: undefined,
  secret: false,
  toLibrary: (key) => {
    const option = CliOptions.boolean(flagOf(key)).pipe(CliOptions.withDescription(help))
    return alias === undefined ? option : CliOptions.withAlias(option, alias)
  }
})

/** One that is there or not, and can also come from the environment and the configuration file. */
export const switchable = (help: string): Option<boolean> => ({
  ...toggle(help),
  inFile: "boolean",
  toLibrary: (key) =>
    CliOptions.boolean(flagOf(key)).pipe(
      CliOptions.withDescription(`${help} [${variableOf(key)}]`),
      CliOptions.mapEffect((isThere) =>
        isThere
          ? Effect.succeed(true)
          : Effect.mapError(Config.withDefault(Config.boolean(key), false), () =>
              ValidationError.invalidValue(HelpDoc.p(`--${flagOf(key)}: expected true or false`))
            )
      )
    )
})

/** `maxPeers` as people type it: `max-peers`. */
export const flagOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** All names of each option, the long one first. */
export const flagsOf = (options: Options): ReadonlyArray<ReadonlyArray<string>> =>
  Object.entries(options).map(([key, { alias }]) => [`--${flagOf(key)}`, ...(alias === undefined ? [] : [`-${alias}`])])

/** The flags that come with a value, such as `--nick`. */
export const flagsWithValue = (options: Options): ReadonlySet<string> =>
  new Set(
    Object.entries(options).flatMap(([key, { alias, placeholder }]) =>
      placeholder === undefined ? [] : [`--${flagOf(key)}`, ...(alias === undefined ? [] : [`-${alias}`])]
    )
  )

const described = (key: string, { alias, default: byDefault, help, placeholder }: Description, source: string) => {
  const told = byDefault === undefined ? help : `${help} (default: ${byDefault})`
  const option = CliOptions.text(flagOf(key)).pipe(
    CliOptions.withPseudoName(placeholder),
    CliOptions.withDescription(told + source)
  )
  return alias === undefined ? option : CliOptions.withAlias(option, alias)
}

const judged =
  <D extends Description>(key: string, description: D) =>
  (option: CliOptions.Options<string>): CliOptions.Options<Value<D>> => {
    const parse = description.parse as (text: string) => Either.Either<Value<D>, string>
    const parsed = CliOptions.mapEffect(option, (text) =>
      Either.mapLeft(parse(text), (problem) => ValidationError.invalidValue(HelpDoc.p(`--${flagOf(key)}: ${problem}`)))
    )
    if (description.required === true) return parsed
    if (description.default !== undefined)
      return CliOptions.withDefault(parsed, Either.getOrThrow(parse(description.default)))
    return CliOptions.map(CliOptions.optional(parsed), EffectOption.getOrUndefined) as CliOptions.Options<Value<D>>
  }

const variableOf = (key: string): string => `PARLEY_${flagOf(key).toUpperCase().replaceAll("-", "_")}`
