import type * as Fiber from "effect/Fiber"
import * as External from "./External.js"
import { describeFiber, waitingFibers } from "./Fibers.js"
import { Deadlock, type KernelError, LiveLock, TimeLimit } from "./KernelError.js"
import type { LocalClock } from "./LocalClock.js"
import { Process, type ProcessTimer } from "./Process.js"
import { Rng } from "./Rng.js"
import { type Ready, RunQueue } from "./RunQueue.js"
import { TimerHeap } from "./TimerHeap.js"
import { Kind, Trace } from "./Trace.js"

/**
 * What a run follows from.
 *
 * @since 0.1.0
 */
export interface KernelOptions {
  /** An integer from 0 to 2^32-1: all that is random in a run follows from it. */
  readonly seed: number
  /**
   * `fifo` runs steps in Effect's own order; `random` picks any that is ready, which finds orders that Effect may use
   * tomorrow.
   */
  readonly order?: "fifo" | "random"
  /** Virtual ms after which the run fails with `TimeLimit`; a day when left out. */
  readonly maxTime?: number
  /** Steps and timers at one instant after which the run fails with `LiveLock`; 1,000,000 when left out. */
  readonly maxStepsPerInstant?: number
  /** The wall time in ms at which the run begins; 2026-01-01 when left out. */
  readonly epoch?: number
}

/**
 * The simulated machine room. It runs every step that is ready, and when all wait it moves virtual time to the next
 * timer: no real time passes between, so a day of sleeping costs as much as the work done in it.
 *
 * The kernel itself is plain code without promises or globals: `step` is all of it. `Sandbox` wraps it for programs
 * that use fibers, promises and globals; protocol machines can be driven on it bare.
 *
 * @since 0.1.0
 */
export class Kernel {
  /** Virtual microseconds since the run began. */
  now = 0
  readonly trace = new Trace()
  readonly rng: Rng
  /** Microseconds since 1970 at the start of the run. */
  readonly epoch: number
  readonly external = new External.Gate()
  /** The process whose code runs right now. */
  current: Process | undefined
  /** Stands in where no process runs: for what promises and timers of nobody's do. */
  readonly outside: Process
  /** The first failure of the run; the loop ends at it. */
  failure: KernelError | undefined
  /** Runs after each step, to let continuations of promises run as part of it. Set by the sandbox. */
  settle: () => void = nothing
  readonly processes: Array<Process> = []
  /** How many steps of fibers ran, and how many timers fired (packets are timers). */
  readonly stats = { steps: 0, timers: 0, instants: 0 }
  readonly #queue: RunQueue<Process>
  readonly #timers = new TimerHeap<Process>()
  readonly #watchers = new Set<() => void>()
  readonly #maxTime: number
  readonly #maxStepsPerInstant: number
  #order = 0
  #nextProcess = 0
  #stepsThisInstant = 0
  /** The process that the present event was about. */
  #entered: Process | undefined
  #lastStep: Ready<Process> | undefined

  constructor(options: KernelOptions) {
    this.rng = new Rng(options.seed)
    this.epoch = (options.epoch ?? DEFAULT_EPOCH) * 1000
    this.#queue = new RunQueue(options.order === "random" ? this.rng.fork("order") : undefined)
    this.outside = new Process(this, this.#nextProcess++, "outside", this.rng.fork("outside"))
    this.#maxTime = (options.maxTime ?? DAY) * 1000
    this.#maxStepsPerInstant = options.maxStepsPerInstant ?? 1_000_000
  }

  /**
   * A new process; its random streams follow from the seed and its name. A clock may outlive the process that had it.
   */
  process(name: string, clock?: LocalClock): Process {
    const process = new Process(this, this.#nextProcess++, name, this.rng.fork(`process/${name}`), clock)
    this.processes.push(process)
    return process
  }

  /** Whether a step is ready. */
  get ready(): boolean {
    return this.#queue.size > 0
  }

  enqueue(
    run: () => void,
    priority: number,
    process: Process,
    fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  ): void {
    this.#queue.push({ run, process, fiber, priority })
  }

  /** Calls back `micros` from now, as an event of the world and not of any process. */
  after(micros: number, fire: () => void): ProcessTimer {
    return this.#arm(this.now + Math.max(0, Math.ceil(micros)), 0, undefined, fire)
  }

  /** Calls back when the clock of `owner` reads `local` (monotonic microseconds). */
  atLocal(owner: Process, local: number, fire: () => void): ProcessTimer {
    return this.#arm(owner.clock.whenMonotonic(local, this.now), local, owner, fire)
  }

  cancel(timer: ProcessTimer): void {
    this.#timers.remove(timer)
  }

  /** Runs `run` as code of `process`: what it arms, draws and reads is that process's own. */
  within(process: Process, run: () => void): void {
    const outer = this.current
    this.current = process
    run()
    this.current = outer
    this.#entered = process
  }

  /**
   * Ends the run with a failure; the first one counts. `stack` says where in the user's code it comes from; the loop's
   * own frames would tell nothing.
   */
  fail(error: KernelError, stack?: string): void {
    if (error._tag !== "RealIo")
      error.stack = `${error._tag}: ${error.message}${stack === undefined ? "" : `\n${stack}`}`
    this.failure ??= error
  }

  /** Calls `watch` at the end of each instant, when all that could happen in it has. Gives what ends that. */
  watch(watch: () => void): () => void {
    this.#watchers.add(watch)
    return () => this.#watchers.delete(watch)
  }

  /**
   * Does the next thing. `idle` means that the run must wait for real work that `external` let in; `false` that it has
   * failed.
   */
  step(): "more" | "idle" | "failed" {
    const ready = this.#queue.take()
    if (ready !== undefined) this.#runReady(ready)
    else if (!this.#endInstant()) return "idle"
    return this.failure === undefined ? "more" : "failed"
  }

  /**
   * Drives a world of bare callbacks, without a sandbox, up to virtual time `until` (microseconds). For machines that
   * are pure code: nothing may use fibers or promises.
   */
  drive(until: number): void {
    while (this.failure === undefined) {
      const ready = this.#queue.take()
      if (ready !== undefined) this.#runReady(ready)
      else {
        const next = this.#timers.peek()
        if (next === undefined || next.at > until) break
        this.#fireNext()
      }
    }
    if (this.now < until) this.now = until
  }

  holdTasksOf(process: Process): void {
    for (const each of this.#queue.removeOwnedBy(process)) process.scheduleTask(each.run, each.priority, each.fiber)
  }

  forget(process: Process): void {
    this.#queue.removeOwnedBy(process)
    this.#timers.removeOwnedBy(process)
    this.processes.splice(this.processes.indexOf(process), 1)
  }

  /** How many timers a process has set. */
  timersOf(process: Process): number {
    return this.#timers.countOwnedBy(process)
  }

  moveTimersOf(process: Process): void {
    this.#timers.moveOwnedBy(process, (timer) => process.clock.whenMonotonic(timer.localAt, this.now))
  }

  #arm(at: number, localAt: number, owner: Process | undefined, fire: () => void): ProcessTimer {
    const timer: ProcessTimer = { at, order: this.#order++, slot: -1, owner, localAt, fire }
    this.#timers.push(timer)
    return timer
  }

  #runReady(ready: Ready<Process>): void {
    this.stats.steps++
    this.#lastStep = ready
    this.trace.note(Kind.task, ready.process.id, this.now)
    this.#countStep()
    this.current = ready.process
    ready.run()
    this.settle()
    this.current = undefined
  }

  /**
   * Nothing is ready at this instant any more: lets the watchers look, then moves on. `false` to wait for real work.
   */
  #endInstant(): boolean {
    if (this.#watchers.size > 0) {
      for (const watch of this.#watchers) watch()
      this.settle()
      if (this.#queue.size > 0 || this.failure !== undefined) return true
    }
    if (this.external.pending > 0) return false
    if (this.#timers.size === 0) {
      const fibers = waitingFibers(this.processes)
      const message = `all processes wait and no timer is left: ${fibers.join(", ") || "no fiber"}`
      this.fail(new Deadlock({ message, at: this.now, fibers }))
      return true
    }
    this.#fireNext()
    return true
  }

  #fireNext(): void {
    const timer = this.#timers.pop()!
    if (timer.at > this.now) {
      if (timer.at > this.#maxTime) {
        const fibers = waitingFibers(this.processes)
        const message = `still running after ${this.#maxTime / 1000} virtual ms: ${fibers.join(", ") || "no fiber"}`
        this.fail(new TimeLimit({ message, at: this.now, fibers }))
        return
      }
      this.now = timer.at
      this.stats.instants++
      this.#stepsThisInstant = 0
    }
    this.stats.timers++
    const owner = timer.owner
    this.trace.note(Kind.timer, owner === undefined ? -1 : owner.id, this.now)
    this.#countStep()
    if (owner === undefined) timer.fire()
    else owner.enter(timer.fire)
    // Promises that were settled by what a process did belong to that process.
    this.current = this.#entered
    this.settle()
    this.current = undefined
    this.#entered = undefined
  }

  #countStep(): void {
    if (++this.#stepsThisInstant <= this.#maxStepsPerInstant) return
    const fiber = this.#lastStep === undefined ? "a timer" : describeFiber(this.#lastStep.process, this.#lastStep.fiber)
    const message = `${this.#maxStepsPerInstant} steps while virtual time stood still, the last one by ${fiber}`
    this.fail(new LiveLock({ message, at: this.now, fiber }))
  }
}

/** 2026-01-01T00:00:00Z: any fixed date will do, and this one looks right in a log. */
const DEFAULT_EPOCH = 1_767_225_600_000

/** Longer than any scenario means to run, short enough that a run which never ends is noticed. */
const DAY = 86_400_000

const nothing = () => {}
