import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scheduler from "effect/Scheduler"
import { defaultShouldYield } from "effect/Scheduler"
import * as Timer from "../../services/Timer.js"
import type { Kernel } from "./Kernel.js"
import { LocalClock } from "./LocalClock.js"
import type { Rng } from "./Rng.js"
import type { Timer as TimerOf } from "./TimerHeap.js"
import { Kind } from "./Trace.js"

/**
 * A timer of the kernel, as whoever armed it holds it.
 *
 * @since 0.1.0
 */
export type ProcessTimer = TimerOf<Process>

/**
 * One simulated process: an Effect scheduler, a clock and random streams of its own. Every fiber that descends from one
 * forked here inherits them, and so the whole program can be held still or made to vanish between two of its steps.
 *
 * @since 0.1.0
 */
export class Process implements Scheduler.Scheduler {
  /** `up` runs; `paused` keeps what becomes due until it is resumed; `dead` never runs again. */
  state: "up" | "paused" | "dead" = "up"
  /** Answers `Math.random`, `crypto.getRandomValues` and their like for code that draws from globals. */
  readonly globals: Rng
  readonly random: Random.Random
  readonly effectClock: Clock.Clock
  readonly shouldYield = defaultShouldYield
  /** Fibers that `fork` started and that have not ended. */
  readonly roots = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  #held: Array<() => void> = []

  constructor(
    readonly kernel: Kernel,
    readonly id: number,
    readonly name: string,
    readonly rng: Rng,
    readonly clock: LocalClock = new LocalClock(kernel.epoch)
  ) {
    this.globals = rng.fork("globals")
    this.random = Random.make(rng.fork("effect").u32())
    this.effectClock = makeClock(this)
    kernel.trace.note(Kind.process, id, rng.seed)
  }

  scheduleTask(task: Scheduler.Task, priority: number, fiber?: Fiber.RuntimeFiber<unknown, unknown>): void {
    if (this.state === "up") this.kernel.enqueue(task, priority, this, fiber)
    else if (this.state === "paused") this.#held.push(() => this.kernel.enqueue(task, priority, this, fiber))
  }

  /** Starts a program as a root fiber of this process. It begins when the kernel reaches it, never at once. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const fiber = runFork(effect.pipe(Effect.withClock(this.effectClock), Effect.withRandom(this.random)), {
      scheduler: this,
      immediate: false
    })
    this.roots.add(fiber as Fiber.RuntimeFiber<unknown, unknown>)
    fiber.addObserver(() => this.roots.delete(fiber as Fiber.RuntimeFiber<unknown, unknown>))
    return fiber
  }

  /** Calls back after `micros` of this process's own clock. */
  after(micros: number, fire: () => void): ProcessTimer {
    return this.kernel.atLocal(this, this.clock.monotonic(this.kernel.now) + Math.max(0, Math.ceil(micros)), fire)
  }

  /**
   * Runs something that the outside world does to this process (a packet, a disk's answer): now when it is up, at
   * `resume` when it is paused, never when it is dead.
   */
  enter(run: () => void): void {
    if (this.state === "up") this.kernel.within(this, run)
    else if (this.state === "paused") this.#held.push(() => this.kernel.enqueue(run, 0, this, undefined))
  }

  /** Holds the process between two of its steps. Its timers come due and its packets arrive, and all of it waits. */
  pause(): void {
    if (this.state !== "up") return
    this.state = "paused"
    this.kernel.holdTasksOf(this)
  }

  resume(): void {
    if (this.state !== "paused") return
    this.state = "up"
    const held = this.#held
    this.#held = []
    for (const release of held) release()
  }

  /** The process is gone between two of its steps: no finalizer runs and none of its timers ever fires. */
  kill(): void {
    this.state = "dead"
    this.#held = []
    this.roots.clear()
    this.kernel.forget(this)
  }

  /** Runs the clock `ppm` parts per million fast from now on; timers that are under way follow it. */
  drift(ppm: number): void {
    this.clock.drift(ppm, this.kernel.now)
    this.kernel.moveTimersOf(this)
  }
}

/**
 * Effect's own counts of fibers are kept for the whole real process: they would mix the runs, and cost a tenth of a
 * short fiber.
 */
const runFork = Runtime.runFork(Runtime.disableRuntimeFlag(Runtime.defaultRuntime, RuntimeFlags.RuntimeMetrics))

const makeClock = (process: Process): Timer.WithTimer => {
  const millis = () => Math.floor(process.clock.wall(process.kernel.now) / 1000)
  const nanos = () => BigInt(process.kernel.epoch + process.clock.monotonic(process.kernel.now)) * 1000n
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    [Timer.TimerId]: (ms, run) => {
      const timer = process.after(ms * 1000, run)
      return () => process.kernel.cancel(timer)
    },
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const micros = Duration.toMillis(duration) * 1000
        if (micros > FOREVER) return
        const timer = process.after(micros, () => resume(Effect.void))
        return Effect.sync(() => process.kernel.cancel(timer))
      })
  }
}

/** Integer microseconds stay exact below 2^53, which is 285 years; whoever sleeps longer than a hundred never wakes. */
const FOREVER = 100 * 365.25 * 86_400e6
