import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Alive, Answer, Runs, Task } from "../protocol/Simulation.js"
import { writeArtifacts } from "./Replay.js"
import { run, type Scenario } from "./Run.js"
import { optionsFor, type SeedsOptions, sweep } from "./Seeds.js"
import type { Body } from "./SimTest.js"

/**
 * A process of `parley simulate`: loads one scenario and runs it as it is told over the channel to its parent. The
 * scenario is the default export of a module, an effect or a generator function; its export `options` goes to every
 * run.
 */
let scenario: Scenario<unknown, unknown> | undefined
let options: SeedsOptions = {}
let name = "scenario"

const perform = async (task: Task): Promise<Answer> => {
  switch (task._tag) {
    case "Load":
      return load(task)
    case "Sweep":
      return { _tag: "Swept", failure: await sweepOver(task.first, task.count) }
    case "Replay":
      return replay(task.seed, task.faults)
  }
}

const load = async (task: Task & { readonly _tag: "Load" }): Promise<Answer> => {
  try {
    const module: Record<string, unknown> = await import(task.module)
    const found = module.default
    if (Effect.isEffect(found)) scenario = found as Scenario<unknown, unknown>
    else if (typeof found === "function") scenario = Effect.gen(found as Body) as Scenario<unknown, unknown>
    else return refused(`${task.name} has no scenario: its default export must be an effect or a generator function`)
    options = (module.options as SeedsOptions | undefined) ?? {}
    name = task.name
    return { _tag: "Loaded" }
  } catch (error) {
    return refused(`cannot load ${task.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const sweepOver = async (first: number, count: number) => {
  // Each run at once: of one that never comes back, the parent has to know the seed.
  const onRun: SeedsOptions["onRun"] = ({ virtualMs }) => say({ _tag: "Runs", runs: 1, virtualMs })
  const { failure } = await sweep({ ...options, firstSeed: first, seeds: count, onRun }, scenario!)
  return failure && { seed: failure.seed, faults: failure.faults, message: failure.message }
}

const replay = async (seed: number, faults: ReadonlyArray<number> | undefined): Promise<Answer> => {
  const keep = faults === undefined ? {} : { keep: new Set(faults) }
  const report = await run({ ...optionsFor(options, seed), ...keep, record: true }, scenario!)
  const at = (report.virtualMs / 1000).toFixed(3)
  const failure = Exit.isSuccess(report.exit)
    ? undefined
    : `seed ${seed} failed after ${at} virtual s (trace ${report.hash})\n${Cause.pretty(report.exit.cause, { renderErrorCause: true })}`
  const path = writeArtifacts(FOLDER, name, report)
  return {
    _tag: "Replayed",
    replay: { failure, virtualMs: report.virtualMs, log: report.log.slice(-LAST_LINES), path }
  }
}

const say = (word: Runs | Alive) => process.send?.(word)

const refused = (message: string): Answer => ({ _tag: "Refused", message })

/**
 * ms between two signs of life: a run goes back to the event loop ten times a second, unless something in it never
 * ends.
 */
const ALIVE_EVERY = 1_000
/** Where replays leave their files, below the current directory. */
const FOLDER = ".sim"
/** What fits on a screen beside the cause. */
const LAST_LINES = 20

process.on("message", (task: Task) => {
  void perform(task).then((answer) => process.send?.(answer))
})
setInterval(() => say({ _tag: "Alive" }), ALIVE_EVERY)
process.on("disconnect", () => process.exit())
