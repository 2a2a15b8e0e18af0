import * as HelpDoc from "@effect/cli/HelpDoc"
import * as CliOptions from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Config from "effect/Config"
import * as Either from "effect/Either"

/**
 * Options with a value. Whatever the source of a value, `parse` judges it; what it says of a wrong one is told with the
 * option's name.
 */

/** One that can also come from the environment and the configuration file. */
export const setting = <A>(
  name: string,
  placeholder: string,
  description: string,
  parse: Parse<A>
): CliOptions.Options<A> =>
  described(name, placeholder, `${description} [PARLEY_${name.toUpperCase().replaceAll("-", "_")}]`).pipe(
    CliOptions.withFallbackConfig(Config.string(camelCase(name))),
    judgedBy(name, parse)
  )

/** One that makes sense for one run only, so it comes from the command line alone. */
export const plain = <A>(
  name: string,
  placeholder: string,
  description: string,
  parse: Parse<A>
): CliOptions.Options<A> => described(name, placeholder, description).pipe(judgedBy(name, parse))

type Parse<A> = (text: string) => Either.Either<A, string>

const described = (name: string, placeholder: string, description: string) =>
  CliOptions.text(name).pipe(CliOptions.withPseudoName(placeholder), CliOptions.withDescription(description))

const judgedBy = <A>(name: string, parse: Parse<A>) =>
  CliOptions.mapEffect((text: string) =>
    Either.mapLeft(parse(text), (problem) => ValidationError.invalidValue(HelpDoc.p(`--${name}: ${problem}`)))
  )

const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
