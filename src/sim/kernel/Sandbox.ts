import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as NodeHooks from "../../layers/node/NodeHooks.js"
import { EffectGlobals } from "./EffectGlobals.js"
import type { Kernel } from "./Kernel.js"
import { Aborted, HostFailed, type KernelError, RealIo, Unsupported } from "./KernelError.js"
import { Patches } from "./Patches.js"
import type { Process } from "./Process.js"
import * as VirtualDate from "./VirtualDate.js"
import * as VirtualTimers from "./VirtualTimers.js"

/**
 * Runs a program of `main` on the kernel to its end, and everything else on the kernel along with it.
 *
 * The loop runs in one macrotask (in slices of `SLICE_MS`, so that test runners and signals get a word in), and only
 * while it is on the stack do `Date`, `Math.random`, timers, `crypto` and their like answer from the virtual world. A
 * failure of the world itself (deadlock, time limit, escaped I/O, ...) is the `Exit`'s error.
 */
export const run = <A, E>(
  kernel: Kernel,
  main: Process,
  program: Effect.Effect<A, E>,
  signal?: AbortSignal
): Promise<Exit.Exit<A, E | KernelError>> =>
  new Promise((resolve) => {
    const sandbox = new Sandbox(kernel)
    let exit: Exit.Exit<A, E> | undefined
    let started = false

    const slice = () => {
      if (signal?.aborted === true) {
        resolve(Exit.fail(new Aborted({ message: "the run was given up", at: kernel.now })))
        return
      }
      const until = NodeHooks.realMillis() + SLICE_MS
      sandbox.enter()
      let outcome: "more" | "idle" | "failed" = "more"
      try {
        if (!started) {
          started = true
          if (!NodeHooks.canDrain()) kernel.fail(new Unsupported({ message: NO_DRAIN, at: 0 }))
          main.fork(program).addObserver((result) => {
            exit = result
          })
        }
        for (let n = 0; outcome === "more" && exit === undefined; n++) {
          outcome = kernel.step()
          if ((n & CLOCK_MASK) === CLOCK_MASK && NodeHooks.realMillis() > until) break
        }
      } catch (cause) {
        kernel.fail(thrown(kernel, cause))
      } finally {
        sandbox.leave()
      }
      if (kernel.failure !== undefined) resolve(Exit.fail(kernel.failure))
      else if (exit !== undefined) resolve(exit)
      else if (outcome === "idle") NodeHooks.macrotask(poll)
      else NodeHooks.macrotask(slice)
    }
    const poll = () => {
      if (kernel.ready || signal?.aborted === true) slice()
      else NodeHooks.macrotask(poll)
    }
    NodeHooks.macrotask(slice)
  })

/** The replacements of one run: put in place for each slice of the loop and taken back after it. */
class Sandbox {
  readonly #patches = new Patches()
  readonly #effect: EffectGlobals
  readonly #watcher: ReturnType<typeof NodeHooks.watchResources>
  readonly #timers: VirtualTimers.VirtualTimers
  readonly #clock: DateConstructor
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#effect = new EffectGlobals(kernel)
    this.#timers = VirtualTimers.make(kernel)
    this.#clock = VirtualDate.make(() => (kernel.current ?? kernel.outside).effectClock.unsafeCurrentTimeMillis())
    this.#watcher = NodeHooks.watchResources((resource, stack) => {
      if (kernel.external.opening || kernel.failure !== undefined) return
      const message = `${resource}: the program reached for the real world, where nothing can be repeated`
      const error = new RealIo({ message, at: kernel.now, resource })
      error.stack = `RealIo: ${message}\n${stack}`
      kernel.fail(error)
    })
  }

  enter(): void {
    const kernel = this.#kernel
    const patches = this.#patches
    const timers = this.#timers
    const random = () => (kernel.current ?? kernel.outside).globals
    patches.put(globalThis, "Date", this.#clock)
    patches.put(Math, "random", () => random().unit())
    patches.put(performance, "now", () => kernel.now / 1000)
    patches.put(performance, "timeOrigin", kernel.epoch / 1000)
    patches.put(globalThis, "clearTimeout", timers.clear(clearTimeout))
    patches.put(globalThis, "clearInterval", timers.clear(clearInterval))
    patches.put(globalThis, "clearImmediate", timers.clear(clearImmediate))
    patches.put(globalThis, "setTimeout", timers.setTimeout)
    patches.put(globalThis, "setInterval", timers.setInterval)
    patches.put(globalThis, "setImmediate", timers.setImmediate)
    NodeHooks.replaceModules({ now: () => kernel.now, patches, timers, random })
    this.#effect.enter(patches)
    kernel.settle = NodeHooks.drainMicrotasks
    this.#watcher.enable()
  }

  leave(): void {
    this.#watcher.disable()
    this.#patches.restore()
  }
}

const thrown = (kernel: Kernel, cause: unknown): KernelError => {
  const host = kernel.current?.name ?? "the world"
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  return new HostFailed({ message: `a callback of ${host} threw: ${text}`, at: kernel.now, host, cause })
}

/** Long enough that entering and leaving (about 0.1 ms) cost nothing, short enough for a test runner's heartbeat. */
const SLICE_MS = 100

/** The real clock is read once in 256 steps: often enough for a slice of 100 ms. */
const CLOCK_MASK = 255

const NO_DRAIN = "this JavaScript engine cannot drain microtasks from within the loop (process._tickCallback)"
