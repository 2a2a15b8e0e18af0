import * as Args from "@effect/cli/Args"
import * as EffectOption from "effect/Option"
import type { ArgumentSurface, Wants } from "../help/Surface.js"

/** What stands on a command line without a flag, described once. */
export interface Argument<A> {
  readonly surface: ArgumentSurface
  /** As the command-line library knows it. */
  readonly toLibrary: Args.Args<A>
}

export type Arguments = Readonly<Record<string, Argument<unknown>>>

/** What a record of arguments gives. */
export type ParsedArguments<A extends Arguments> = {
  readonly [Key in keyof A]: A[Key] extends Argument<infer Value> ? Value : never
}

interface Description {
  /** In capitals, as in a usage. */
  readonly name: string
  /** A sentence without its full stop. */
  readonly help: string
  readonly wants?: Wants
}

const surfaceOf = ({ help, name, wants = "anything" }: Description, required: boolean, repeated: boolean) => ({
  name,
  help,
  wants,
  required,
  repeated
})

export const one = (description: Description): Argument<string> => ({
  surface: surfaceOf(description, true, false),
  toLibrary: Args.text({ name: description.name })
})

export const optional = (description: Description): Argument<string | undefined> => ({
  surface: surfaceOf(description, false, false),
  toLibrary: Args.map(Args.optional(Args.text({ name: description.name })), EffectOption.getOrUndefined)
})

export const any = (description: Description): Argument<ReadonlyArray<string>> => ({
  surface: surfaceOf(description, false, true),
  toLibrary: Args.repeated(Args.text({ name: description.name }))
})

export const oneOrMore = (description: Description): Argument<ReadonlyArray<string>> => ({
  surface: surfaceOf(description, true, true),
  toLibrary: Args.atLeast(Args.text({ name: description.name }), 1)
})
