import type { Kernel } from "./Kernel.js"
import type { Process, ProcessTimer } from "./Process.js"

/** What stands in for `setTimeout` and its relatives while a run is on. */
export interface VirtualTimers {
  readonly setTimeout: (callback: Callback, ms?: number, ...args: Array<unknown>) => VirtualTimeout
  readonly setInterval: (callback: Callback, ms?: number, ...args: Array<unknown>) => VirtualTimeout
  readonly setImmediate: (callback: Callback, ...args: Array<unknown>) => VirtualTimeout
  /** Also takes a handle of the real functions, which `otherwise` then clears. */
  readonly clear: (otherwise: (handle: never) => void) => (handle: unknown) => void
}

/** Timers on the virtual clock of whichever process asks. */
export const make = (kernel: Kernel): VirtualTimers => ({
  setTimeout: (callback, ms = 1, ...args) => new VirtualTimeout(kernel, () => callback(...args), clamp(ms), false),
  setInterval: (callback, ms = 1, ...args) => new VirtualTimeout(kernel, () => callback(...args), clamp(ms), true),
  setImmediate: (callback, ...args) => new VirtualTimeout(kernel, () => callback(...args), 0, false),
  clear: (otherwise) => (handle) => {
    if (handle instanceof VirtualTimeout) handle.close()
    else otherwise(handle as never)
  }
})

type Callback = (...args: Array<unknown>) => void

/** Looks like Node's `Timeout` to whoever holds one. */
class VirtualTimeout {
  #timer: ProcessTimer | undefined
  readonly #owner: Process | undefined
  readonly #kernel: Kernel
  readonly #callback: () => void
  readonly #ms: number
  readonly #repeat: boolean

  constructor(kernel: Kernel, callback: () => void, ms: number, repeat: boolean) {
    this.#kernel = kernel
    this.#callback = callback
    this.#ms = ms
    this.#repeat = repeat
    this.#owner = kernel.current
    this.#arm()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    this.close()
    this.#arm()
    return this
  }

  close(): this {
    if (this.#timer !== undefined) this.#kernel.cancel(this.#timer)
    this.#timer = undefined
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #arm(): void {
    // An interval this long is how Effect keeps a process alive while it waits; it must not hide a deadlock.
    if (this.#ms >= MAX_MS) return
    const fire = () => {
      this.#timer = undefined
      if (this.#repeat) this.#arm()
      this.#callback()
    }
    this.#timer =
      this.#owner === undefined
        ? this.#kernel.after(this.#ms * 1000, fire)
        : this.#owner.state === "dead"
          ? undefined
          : this.#owner.after(this.#ms * 1000, fire)
  }
}

/** Node turns anything outside 1 to 2^31-1 into 1; above is Effect's "never", see `arm`. */
const clamp = (ms: number): number => Math.max(ms || 1, 1)

const MAX_MS = 2 ** 31 - 1
