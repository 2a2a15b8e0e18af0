import * as Effect from "effect/Effect"
import type { Failure } from "../../protocol/Simulation.js"
import { type Runner, Simulator, type SimulatorError } from "../../services/Simulator.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import * as Time from "../../services/Time.js"
import type { SimulateSettings } from "../commands/Simulate.js"
import { ProgramError } from "../ProgramError.js"
import { Progress } from "./Progress.js"
import * as SeedRange from "./SeedRange.js"

/**
 * `parley simulate`: runs a scenario under many seeds until one fails, or replays a single one. A failure is told with
 * the one command that shows it again, and ends the program with exit code 1.
 */
export const run = (
  settings: SimulateSettings
): Effect.Effect<void, ProgramError | TerminalClosed, Terminal | Simulator> =>
  Effect.scoped(settings.seeds.first === settings.seeds.last ? replay(settings) : sweep(settings)).pipe(
    Effect.catchTag("SimulatorError", ({ message }) => new ProgramError({ message }))
  )

const replay = ({ faults, file, patience, seeds }: SimulateSettings) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const simulator = yield* Simulator
    const runner = yield* yield* simulator.prepare(file, patience * 1_000)
    const { failure, log, path, virtualMs } = yield* runner.replay(seeds.first, faults)
    yield* terminal.write(
      `${[
        ...(failure === undefined
          ? [`seed ${seeds.first} passes: ${(virtualMs / 1000).toFixed(3)} virtual s`]
          : [failure, "the last packets:", ...log.map((line) => `  ${line}`)]),
        `all packets: ${path}.log, and ${path}.pcap for Wireshark`
      ].join("\n")}\n`
    )
    if (failure !== undefined) return yield* new ProgramError({ message: `seed ${seeds.first} failed` })
  })

const sweep = ({ file, jobs, patience, seeds }: SimulateSettings) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const simulator = yield* Simulator
    const time = yield* Time.make
    const total = seeds.last - seeds.first + 1
    const count = Math.min(jobs ?? simulator.parallelism, Math.ceil(total / BATCH))
    const start = yield* simulator.prepare(file, patience * 1_000)
    const runners = yield* Effect.replicateEffect(start, count, { concurrency: "unbounded" })
    const progress = new Progress(total, time.monotonic())

    const show = terminal.errorIsTty
      ? Effect.suspend(() => terminal.drawStatus(progress.bar(time.monotonic(), terminal.size().columns)))
      : Effect.suspend(() => terminal.writeError(`${progress.text(time.monotonic())}\n`))
    const pace = terminal.errorIsTty ? SHOW_EVERY : TELL_EVERY
    yield* Effect.forkScoped(Effect.forever(Effect.delay(show, pace)))

    const failure = yield* lowestFailure(runners, seeds, progress)
    yield* terminal.drawStatus("")
    yield* terminal.write(`${progress.summary(time.monotonic())}\n`)
    if (failure === undefined) return
    const again = `parley simulate ${quoted(file)} ${SeedRange.format(failure.seed, failure.faults)}`
    yield* terminal.write(`${failure.message}\nreplay: ${again}\n`)
    return yield* new ProgramError({ message: `seed ${failure.seed} failed` })
  })

/**
 * Deals the seeds out in batches, in order. After a failure no process begins another batch, and only the batches of
 * lower seeds are finished: the answer is the first failing seed, however many processes look for it.
 */
const lowestFailure = (
  runners: ReadonlyArray<Runner>,
  seeds: SeedRange.SeedRange,
  progress: Progress
): Effect.Effect<Failure | undefined, SimulatorError> =>
  Effect.gen(function* () {
    let next = seeds.first
    let lowest: Failure | undefined
    /** Ends the batches that cannot matter any more. */
    const running = new Map<number, () => void>()

    const found = (failure: Failure) => {
      if (lowest !== undefined && lowest.seed < failure.seed) return
      lowest = failure
      for (const [first, giveUp] of running) if (first > failure.seed) giveUp()
    }

    const batch = (runner: Runner, first: number) => {
      const count = Math.min(BATCH, seeds.last - first + 1)
      const abandoned = Effect.async<undefined>((resume) => {
        running.set(first, () => resume(Effect.succeed(undefined)))
        return Effect.sync(() => running.delete(first))
      })
      return Effect.raceFirst(
        runner.sweep(first, count, (runs, virtualMs) => progress.add(runs, virtualMs)),
        abandoned
      ).pipe(Effect.ensuring(Effect.sync(() => running.delete(first))))
    }

    const work = (runner: Runner) =>
      Effect.gen(function* () {
        while (next <= seeds.last && lowest === undefined) {
          const first = next
          next += BATCH
          const failure = yield* batch(runner, first)
          if (failure !== undefined) found(failure)
        }
      })

    yield* Effect.forEach(runners, work, { concurrency: "unbounded", discard: true })
    return lowest
  })

/** A file name as a shell takes it. */
const quoted = (file: string): string => (/^[A-Za-z0-9_./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`)

/** Seeds: a second's work of a usual scenario, so that the processes end together. */
const BATCH = 50
/** ms between two pictures of the bar: smooth to the eye. */
const SHOW_EVERY = 100
/** ms between two lines in a log: few enough for a whole night of them. */
const TELL_EVERY = 10_000
