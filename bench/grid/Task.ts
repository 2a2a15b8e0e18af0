import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { run, type Scenario } from "parley-chat/sim"
import { CHANGES, type Outcome, undergo } from "../../scenarios/grid/Changes.js"
import { GUESSED, type Search, search } from "../../scenarios/grid/Guessing.js"
import { type Idle, idle } from "../../scenarios/grid/Idle.js"
import { type Meeting, meet } from "../../scenarios/grid/Meeting.js"
import * as Network from "../../scenarios/grid/Network.js"
import { between, kindOf, NEIGHBOURS, PAIRS } from "../../scenarios/grid/Places.js"
import { maxTime } from "../../scenarios/product/Seeds.js"

/** One run, as plain data for a worker: which measurement, of what, on which network, for which time. */
export interface Task {
  readonly what: "meeting" | "change" | "idle" | "search"
  /** In `ARRANGEMENTS`, `CHANGES`, `IDLERS` or `GUESSED`. */
  readonly index: number
  /** Part of all packets. */
  readonly loss: number
  /** From 1; even ones let bob ask. */
  readonly time: number
}

export type Result =
  | { readonly _tag: "Meeting"; readonly value: Meeting }
  | { readonly _tag: "Change"; readonly value: Outcome }
  | { readonly _tag: "Idle"; readonly value: Idle }
  | { readonly _tag: "Search"; readonly value: Search }
  | { readonly _tag: "Failed"; readonly seed: number; readonly message: string }

export const ARRANGEMENTS = [...PAIRS, ...NEIGHBOURS]

/** One conversation on each kind of path. */
export const IDLERS = ["open", "port-restricted", "Linux masquerade", "symmetric, random ports", "UDP blocked"].map(
  (name) => ({ name, where: between(kindOf(name), kindOf(name)) })
)

export const perform = ({ index, loss, time, what }: Task): Promise<Result> => {
  const seed = Network.seedOf(index, time)
  switch (what) {
    case "meeting":
      return result(seed, loss, meet(ARRANGEMENTS[index]!), (value) => ({ _tag: "Meeting", value }))
    case "change":
      return result(seed, loss, undergo(CHANGES[index]!), (value) => ({ _tag: "Change", value }))
    case "idle":
      return result(seed, loss, idle(IDLERS[index]!.where), (value) => ({ _tag: "Idle", value }))
    case "search":
      return result(seed, loss, search(GUESSED[index]!), (value) => ({ _tag: "Search", value }))
  }
}

const result = async <A, E>(
  seed: number,
  loss: number,
  scenario: Scenario<A, E>,
  wrap: (value: A) => Result
): Promise<Result> => {
  const { exit } = await run({ seed, maxTime, link: Network.link(loss) }, scenario)
  return Exit.isSuccess(exit) ? wrap(exit.value) : { _tag: "Failed", seed, message: Cause.pretty(exit.cause) }
}
