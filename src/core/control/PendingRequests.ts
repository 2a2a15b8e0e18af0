import type { RequestBody } from "./ServerCodec.js"

/**
 * The requests that wait for their reply. All have the same time to live, so the order of insertion is the order of
 * expiry.
 */
export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>()
  #next = 1

  /** A fresh id for a request that is about to be sent; `undefined` when `MAX_PENDING` are unanswered. */
  add(request: RequestBody["_tag"], now: number): number | undefined {
    if (this.#waiting.size >= MAX_PENDING) return undefined
    const id = this.#next++
    this.#waiting.set(id, { request, deadline: now + REPLY_TIMEOUT })
    return id
  }

  /** Ends the wait for `id`; what was asked, or `undefined` when nobody waits (any more). */
  take(id: number): RequestBody["_tag"] | undefined {
    const found = this.#waiting.get(id)
    if (found !== undefined) this.#waiting.delete(id)
    return found?.request
  }

  /** The oldest request whose time is up; its wait has ended. */
  expire(now: number): { readonly id: number; readonly request: RequestBody["_tag"] } | undefined {
    for (const [id, { deadline, request }] of this.#waiting) {
      if (deadline > now) return undefined
      this.#waiting.delete(id)
      return { id, request }
    }
    return undefined
  }

  deadline(): number | undefined {
    for (const { deadline } of this.#waiting.values()) return deadline
    return undefined
  }

  /** Whether `id` was ever given out: a late reply to it is no fault of the server. */
  issued(id: number): boolean {
    return id < this.#next
  }

  clear(): ReadonlyArray<number> {
    const ids = [...this.#waiting.keys()]
    this.#waiting.clear()
    return ids
  }
}

/** Milliseconds for a reply: longer than a busy server on a bad mobile link needs, shorter than a person waits. */
export const REPLY_TIMEOUT = 10_000

/** Unanswered requests at a time: people make one, bots a handful; 64 of the longest lines are 1 MiB. */
export const MAX_PENDING = 64

interface Waiting {
  readonly request: RequestBody["_tag"]
  readonly deadline: number
}
