import * as HelpDoc from "@effect/cli/HelpDoc"
import * as CliOptions from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as EffectOption from "effect/Option"
import type { OptionSurface, Wants } from "../help/Surface.js"
import type { Parser } from "../Values.js"

/**
 * An option of the command line, described once. Its key in the record of a command gives all its names: `maxPeers` is
 * the flag `--max-peers`, the variable `PARLEY_MAX_PEERS` and the key `maxPeers` of the configuration file.
 */
export interface Option<A> {
  readonly description: Description
  /** How the configuration file holds the value; `undefined` when the option comes from the command line alone. */
  readonly inFile: "text" | "integer" | "boolean" | undefined
  /** The option as the command-line library knows it. */
  readonly toLibrary: (key: string) => CliOptions.Options<A>
}

export type Options = Readonly<Record<string, Option<unknown>>>

/** What a record of options gives, whatever the source of each value. */
export type Parsed<O extends Options> = { readonly [Key in keyof O]: O[Key] extends Option<infer A> ? A : never }

/** A switch, which is there or not. */
interface Switch {
  /** A sentence without its full stop. */
  readonly help: string
  /** The short flag, one letter. */
  readonly alias?: string
  /** The heading that it stands below in the help, where it is none of the command's own. */
  readonly group?: string
}

/** An option with a value. Whatever the source of a value, `parse` judges it. */
interface Valued extends Switch {
  /** What stands for the value in the help. */
  readonly placeholder: string
  /** `Left` is half a sentence about what is wrong; it is told with the option's name. */
  readonly parse: Parser<unknown>
  /** As it would be typed. Without one, and where the option is not required, an option left out is `undefined`. */
  readonly default?: string
  /** What to tell of the default where none is typed. */
  readonly otherwise?: string
  readonly required?: true
  /** It may be given several times, which is the same as once with commas between. */
  readonly several?: true
  /** The configuration file holds a number. */
  readonly integer?: true
  /** Whoever knows the value can pass for somebody: a configuration file that has it must be nobody else's to read. */
  readonly secret?: true
  /** Where it is none of the words that `parse` knows. */
  readonly wants?: Wants
}

type Description = Switch & Partial<Valued>

type Value<D extends Valued> =
  D["parse"] extends Parser<infer A>
    ? D extends { readonly default: string } | { readonly required: true }
      ? A
      : A | undefined
    : never

/** One that can also come from the environment and the configuration file: flag over environment over file. */
export const setting = <const D extends Valued>(description: D): Option<Value<D>> => ({
  description,
  inFile: description.integer === true ? "integer" : "text",
  toLibrary: (key) =>
    named(key, description).pipe(CliOptions.withFallbackConfig(Config.string(key)), judged(key, description))
})

/** One that makes sense for a single run only, so it comes from the command line alone. */
export const plain = <const D extends Valued>(description: D): Option<Value<D>> => ({
  description,
  inFile: undefined,
  toLibrary: (key) => named(key, description).pipe(judged(key, description))
})

/** One that is there or not. */
export const toggle = (help: string, more: Omit<Switch, "help"> = {}): Option<boolean> => ({
  description: { help, ...more },
  inFile: undefined,
  toLibrary: (key) => withAlias(CliOptions.boolean(flagOf(key)), more.alias)
})

/** One that is there or not, and can also come from the environment and the configuration file. */
export const switchable = (help: string, more: Omit<Switch, "help"> = {}): Option<boolean> => ({
  ...toggle(help, more),
  inFile: "boolean",
  toLibrary: (key) =>
    toggle(help, more)
      .toLibrary(key)
      .pipe(
        CliOptions.mapEffect((isThere) =>
          isThere
            ? Effect.succeed(true)
            : Effect.mapError(Config.withDefault(Config.boolean(key), false), () =>
                invalid(key, "expected true or false")
              )
        )
      )
})

/** The same options below a heading of their own in the help. */
export const grouped = <O extends Options>(group: string, options: O): O =>
  Object.fromEntries(
    Object.entries(options).map(([key, option]) => [key, { ...option, description: { ...option.description, group } }])
  ) as unknown as O

/** `maxPeers` as people type it: `max-peers`. */
const flagOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The variable of the environment. */
export const variableOf = (key: string): string => `PARLEY_${flagOf(key).toUpperCase().replaceAll("-", "_")}`

/** What people see of it. */
export const surfaceOf = (key: string, { description, inFile }: Option<unknown>): OptionSurface => {
  const { alias, group, help, otherwise, parse, placeholder, required, several, wants } = description
  const byDefault = description.default ?? otherwise
  return {
    flag: `--${flagOf(key)}`,
    ...(alias === undefined ? {} : { alias: `-${alias}` }),
    ...(placeholder === undefined ? {} : { placeholder }),
    help,
    ...(byDefault === undefined ? {} : { default: byDefault }),
    ...(inFile === undefined ? {} : { variable: variableOf(key) }),
    ...(required === undefined ? {} : { required }),
    ...(several === undefined ? {} : { several }),
    wants: wants ?? parse?.words ?? "anything",
    ...(group === undefined ? {} : { group })
  }
}

const named = (key: string, { alias, placeholder }: Valued): CliOptions.Options<string> =>
  withAlias(CliOptions.withPseudoName(CliOptions.text(flagOf(key)), placeholder), alias)

const withAlias = <A>(option: CliOptions.Options<A>, alias: string | undefined): CliOptions.Options<A> =>
  alias === undefined ? option : CliOptions.withAlias(option, alias)

const judged =
  <D extends Valued>(key: string, description: D) =>
  (option: CliOptions.Options<string>): CliOptions.Options<Value<D>> => {
    const parse = description.parse as (text: string) => Either.Either<Value<D>, string>
    const parsed = CliOptions.mapEffect(option, (text) =>
      Either.mapLeft(parse(text), (problem) => invalid(key, problem))
    )
    if (description.required === true) return parsed
    if (description.default !== undefined)
      return CliOptions.withDefault(parsed, Either.getOrThrow(parse(description.default)))
    return CliOptions.map(CliOptions.optional(parsed), EffectOption.getOrUndefined) as CliOptions.Options<Value<D>>
  }

const invalid = (key: string, problem: string) =>
  ValidationError.invalidValue(HelpDoc.p(`--${flagOf(key)}: ${problem}`))
