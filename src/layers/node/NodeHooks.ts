import * as asyncHooks from "node:async_hooks"
import { mkdirSync, writeFileSync } from "node:fs"
import { createRequire, syncBuiltinESMExports } from "node:module"
import { join } from "node:path"

/**
 * All that the simulated world asks of Node: draining microtasks, seeing what opens a real resource, replacing the
 * functions of `node:*` modules for as long as a run is on, and writing down what happened in one.
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

/** What stands in for Node's own while a run is on. */
export interface Replacements {
  /** Virtual microseconds since the run began. */
  readonly now: () => number
  readonly patches: {
    /** Puts `value` in place of a property, until all of them are taken back. */
    readonly put: (target: object, key: PropertyKey, value: unknown) => void
    /** Remembers something to do when all else has been taken back. */
    readonly finally: (last: () => void) => void
  }
  readonly timers: { readonly setTimeout: unknown; readonly setInterval: unknown; readonly setImmediate: unknown }
  /** The random numbers of whichever process runs at this moment. */
  readonly random: () => {
    /** At least 0, below 1. */
    readonly unit: () => number
    readonly fill: (bytes: Uint8Array) => Uint8Array
  }
}

/** Replaces what draws randomness or reads time in the modules of Node. */
export const replaceModules = ({ now, patches, timers, random }: Replacements): void => {
  const fill = (target: ArrayBufferView, offset = 0, length = target.byteLength - offset) => {
    random().fill(new Uint8Array(target.buffer, target.byteOffset + offset, length))
    return target
  }
  const below = (low: number, high: number) => low + Math.floor(random().unit() * (high - low))
  const uuid = () => uuidFrom(random().fill(new Uint8Array(16)))

  const { randomBytes, randomInt } = crypto
  patches.put(crypto, "randomBytes", (size: number, callback?: unknown) =>
    callback === undefined ? fill(Buffer.alloc(size)) : randomBytes(size, callback as () => void)
  )
  patches.put(crypto, "randomFillSync", fill)
  patches.put(crypto, "randomUUID", uuid)
  patches.put(crypto, "randomInt", (low: number, high?: number, callback?: unknown) => {
    if (callback !== undefined || typeof high === "function")
      return randomInt(low, high as number, callback as () => void)
    return high === undefined ? below(0, low) : below(low, high)
  })
  patches.put(globalThis.crypto, "getRandomValues", fill)
  patches.put(globalThis.crypto, "randomUUID", uuid)

  const { hrtime } = process
  const nanos = () => BigInt(now()) * 1000n
  const virtual = (since: readonly [number, number] = [0, 0]): [number, number] => {
    const passed = nanos() - (BigInt(since[0]) * BILLION + BigInt(since[1]))
    const seconds = passed / BILLION - (passed < 0n && passed % BILLION !== 0n ? 1n : 0n)
    return [Number(seconds), Number(passed - seconds * BILLION)]
  }
  patches.put(hrtime, "bigint", nanos)
  patches.put(process, "hrtime", Object.assign(virtual, { bigint: nanos }))
  patches.put(process, "uptime", () => now() / 1e6)

  patches.put(nodeTimers, "setTimeout", timers.setTimeout)
  patches.put(nodeTimers, "setInterval", timers.setInterval)
  patches.put(nodeTimers, "setImmediate", timers.setImmediate)

  syncBuiltinESMExports()
  patches.finally(syncBuiltinESMExports)
}

/** Writes the packet log and the capture of a run into a folder. Gives the path of both, without their endings. */
export const writeRecording = (
  folder: string,
  stem: string,
  recording: { readonly log: ReadonlyArray<string>; readonly pcap: Uint8Array | undefined }
): string => {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, stem)
  writeFileSync(`${path}.log`, `${recording.log.join("\n")}\n`)
  if (recording.pcap !== undefined) writeFileSync(`${path}.pcap`, recording.pcap)
  return path
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
