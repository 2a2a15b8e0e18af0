import * as asyncHooks from "node:async_hooks"
import { createRequire, syncBuiltinESMExports } from "node:module"
import type { Kernel } from "./Kernel.js"
import type { Rng } from "./Rng.js"
import type { Swap } from "./Swap.js"
import type { VirtualTimers } from "./VirtualTimers.js"

/**
 * All that the simulated world asks of Node: draining microtasks, seeing what opens a real resource, and replacing the
 * functions of `node:*` modules for as long as a run is on.
 */

/** Runs `process.nextTick` callbacks and promise continuations now. Only within a macrotask; see `canDrain`. */
export const drainMicrotasks = (): void => tick()

/** Whether microtasks can be drained from here: V8 ignores the wish inside another microtask. */
export const canDrain = (): boolean => {
  if (typeof tick !== "function") return false
  let drained = false
  Promise.resolve().then(() => {
    drained = true
  })
  tick()
  return drained
}

/** Calls back in a macrotask of its own. */
export const macrotask: (run: () => void) => void = setImmediate

/** Real milliseconds, for deciding when to let the event loop breathe. */
export const realMillis: () => number = performance.now.bind(performance)

/** Calls `escaped` for every real handle, request or timer that is opened between `enable` and `disable`. */
export const watchResources = (escaped: (type: string, stack: string) => void) =>
  asyncHooks.createHook({
    init(_id, type) {
      if (HARMLESS.has(type)) return
      const stack = userStack()
      if (stack !== undefined) escaped(type, stack)
    }
  })

export interface Replacements {
  readonly kernel: Kernel
  readonly swap: Swap
  readonly timers: VirtualTimers
  readonly random: () => Rng
}

/** Replaces what draws randomness or reads time in the modules of Node. */
export const replaceModules = ({ kernel, swap, timers, random }: Replacements): void => {
  const fill = (target: ArrayBufferView, offset = 0, length = target.byteLength - offset) => {
    random().fill(new Uint8Array(target.buffer, target.byteOffset + offset, length))
    return target
  }
  const below = (low: number, high: number) => low + Math.floor(random().unit() * (high - low))
  const uuid = () => uuidFrom(random().fill(new Uint8Array(16)))

  const { randomBytes, randomInt } = crypto
  swap.put(crypto, "randomBytes", (size: number, callback?: unknown) =>
    callback === undefined ? fill(Buffer.alloc(size)) : randomBytes(size, callback as () => void)
  )
  swap.put(crypto, "randomFillSync", fill)
  swap.put(crypto, "randomUUID", uuid)
  swap.put(crypto, "randomInt", (low: number, high?: number, callback?: unknown) => {
    if (callback !== undefined || typeof high === "function")
      return randomInt(low, high as number, callback as () => void)
    return high === undefined ? below(0, low) : below(low, high)
  })
  swap.put(globalThis.crypto, "getRandomValues", fill)
  swap.put(globalThis.crypto, "randomUUID", uuid)

  const { hrtime } = process
  const nanos = () => BigInt(kernel.now) * 1000n
  const virtual = (since: readonly [number, number] = [0, 0]): [number, number] => {
    const passed = nanos() - (BigInt(since[0]) * BILLION + BigInt(since[1]))
    const seconds = passed / BILLION - (passed < 0n && passed % BILLION !== 0n ? 1n : 0n)
    return [Number(seconds), Number(passed - seconds * BILLION)]
  }
  swap.put(hrtime, "bigint", nanos)
  swap.put(process, "hrtime", Object.assign(virtual, { bigint: nanos }))
  swap.put(process, "uptime", () => kernel.now / 1e6)

  swap.put(nodeTimers, "setTimeout", timers.setTimeout)
  swap.put(nodeTimers, "setInterval", timers.setInterval)
  swap.put(nodeTimers, "setImmediate", timers.setImmediate)

  syncBuiltinESMExports()
  swap.finally(syncBuiltinESMExports)
}

const require = createRequire(import.meta.url)
const crypto: typeof import("node:crypto") = require("node:crypto")
const nodeTimers: typeof import("node:timers") = require("node:timers")

const tick: () => void = (process as unknown as { readonly _tickCallback: () => void })._tickCallback

/** Promises and ticks stay inside the loop. */
const HARMLESS = new Set(["PROMISE", "TickObject", "Microtask"])

/**
 * The stack of whoever opened a resource, without the frames of this file; `undefined` when it was printing, which
 * tells the program nothing and which people need when they look for a fault.
 */
const userStack = (): string | undefined => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 64
  const frames = (new Error().stack ?? "").split("\n").slice(1)
  Error.stackTraceLimit = limit
  if (frames.some((frame) => PRINTING.test(frame))) return undefined
  return frames.filter((frame) => !frame.includes("AsyncHook.init") && !frame.includes(OWN_FILE)).join("\n")
}

const PRINTING = /node:internal\/console\/|Socket\.write|Socket\._write|WriteStream/

const OWN_FILE = new URL(import.meta.url).pathname

const uuidFrom = (bytes: Uint8Array): string => {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const text = Buffer.from(bytes).toString("hex")
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-")
}

const BILLION = 1_000_000_000n
