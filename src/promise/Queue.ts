import type { CallOptions } from "./Api.js"

/**
 * Hands the elements of a source out one by one, each to whoever has waited longest. The source is asked for an element
 * only when somebody waits for one; whoever gives up waiting leaves it to the next who asks, so that none is lost.
 */
export class Queue<A> {
  readonly #pull: () => Promise<IteratorResult<A, undefined>>
  readonly #waiting = new Set<Waiter<A>>()
  /** What nobody waited for any more when it came; the end stays here. */
  #held: IteratorResult<A, undefined> | undefined
  #isPulling = false

  /** `pull` is called by one at a time, and not after it has given the end. */
  constructor(pull: () => Promise<IteratorResult<A, undefined>>) {
    this.#pull = pull
  }

  /** A loop over what comes from now on. Leaving it ends nothing. */
  async *iterate({ signal }: CallOptions = {}): AsyncGenerator<A, undefined> {
    for (;;) {
      const next = await this.#next(signal)
      if (next.done === true) return
      yield next.value
    }
  }

  #next(signal: AbortSignal | undefined): Promise<IteratorResult<A, undefined>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const abort = () => {
        this.#waiting.delete(waiter)
        reject(signal?.reason)
      }
      const done = () => signal?.removeEventListener("abort", abort)
      const waiter: Waiter<A> = {
        take: (element) => {
          done()
          resolve(element)
        },
        fail: (cause) => {
          done()
          reject(cause)
        }
      }
      signal?.addEventListener("abort", abort, { once: true })
      this.#waiting.add(waiter)
      void this.#serve()
    })
  }

  async #serve(): Promise<void> {
    if (this.#isPulling) return
    this.#isPulling = true
    try {
      while (this.#waiting.size > 0) {
        this.#held ??= await this.#pull()
        const [waiter] = this.#waiting
        if (waiter === undefined) break
        this.#waiting.delete(waiter)
        const element = this.#held
        if (element.done !== true) this.#held = undefined
        waiter.take(element)
      }
    } catch (cause) {
      for (const waiter of this.#waiting) waiter.fail(cause)
      this.#waiting.clear()
    } finally {
      this.#isPulling = false
    }
  }
}

interface Waiter<A> {
  readonly take: (element: IteratorResult<A, undefined>) => void
  readonly fail: (cause: unknown) => void
}
