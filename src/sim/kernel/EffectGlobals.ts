import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import { globalValue } from "effect/GlobalValue"
import * as MutableRef from "effect/MutableRef"
import * as Random from "effect/Random"
import { defaultScheduler } from "effect/Scheduler"
import * as Utils from "effect/Utils"
import type { Kernel } from "./Kernel.js"
import type { Patches } from "./Patches.js"

/** What of Effect's own global state a run keeps to itself. One for each run, as it outlives a slice of the loop. */
export class EffectGlobals {
  readonly #roots = new Set<unknown>()
  readonly #hashes = new WeakMap<object, number>()
  readonly #random: Utils.PCGRandom
  #nextFiberId = 1
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#random = new Utils.PCGRandom(kernel.rng.fork("effect/default").u32())
  }

  enter(patches: Patches): void {
    const kernel = this.#kernel
    // Unfinished root fibers stay in a set of Effect's for ever; a world that ends must not leave its fibers there.
    patches.put(globalScope(), "roots", this.#roots)

    // Fiber ids start at 1 in every run, so that a program which prints them prints the same.
    const outside = MutableRef.get(fiberCounter())
    MutableRef.set(fiberCounter(), this.#nextFiberId)
    patches.also(() => {
      this.#nextFiberId = MutableRef.get(fiberCounter())
      MutableRef.set(fiberCounter(), Math.max(outside, this.#nextFiberId))
    })

    // `Hash.random` caches a random number for an object. What a run hashes first, every run must hash first.
    const cache = hashCache()
    const { get, has, set } = WeakMap.prototype
    const outer = (key: object): boolean => has.call(cache, key)
    patches.put(cache, "has", (key: object) => outer(key) || this.#hashes.has(key))
    patches.put(cache, "get", (key: object) => (outer(key) ? get.call(cache, key) : this.#hashes.get(key)))
    patches.put(cache, "set", (key: object, value: number) => {
      if (outer(key)) set.call(cache, key, value)
      else this.#hashes.set(key, value)
      return cache
    })

    // Fibers that a program starts with the default runtime (`Effect.runPromise`) belong to the process that starts
    // them.
    patches.put(defaultScheduler, "scheduleTask", (task: () => void, priority: number) => {
      if (kernel.current === undefined) kernel.enqueue(task, priority, kernel.outside, undefined)
      else kernel.current.scheduleTask(task, priority)
    })
    const clock = Context.get(DefaultServices.liveServices, Clock.Clock)
    patches.put(clock, "unsafeCurrentTimeNanos", () =>
      (kernel.current ?? kernel.outside).effectClock.unsafeCurrentTimeNanos()
    )
    patches.put(Context.get(DefaultServices.liveServices, Random.Random), "PRNG", this.#random)
  }
}

const globalScope = () =>
  globalValue<object>(Symbol.for("effect/FiberScope/Global"), () => ({ roots: new Set<unknown>() }))

const fiberCounter = () => globalValue(Symbol.for("effect/Fiber/Id/_fiberCounter"), () => MutableRef.make(0))

const hashCache = () => globalValue(Symbol.for("effect/Hash/randomHashCache"), () => new WeakMap<object, number>())
