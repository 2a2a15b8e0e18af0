import { LinkedMap } from "./LinkedMap.js"

/**
 * Things that end a fixed time after they were last set. Because the time is the same for all, the order of setting is
 * the order of ending, so everything here is O(1).
 */
export class Expiry<Key> {
  readonly #at = new LinkedMap<Key, number>()
  readonly #durationMs: number

  constructor(durationMs: number) {
    this.#durationMs = durationMs
  }

  get size(): number {
    return this.#at.size
  }

  /** Sets or sets again: `key` ends `durationMs` after `now`, which must not run backwards. */
  set(key: Key, now: number): void {
    this.#at.set(key, now + this.#durationMs)
  }

  delete(key: Key): void {
    this.#at.delete(key)
  }

  /** When the first of them ends. */
  next(): number | undefined {
    return this.#at.oldest()?.value
  }

  /** Removes and returns the first one that has ended. */
  take(now: number): Key | undefined {
    const first = this.#at.oldest()
    if (first === undefined || first.value > now) return undefined
    this.#at.delete(first.key)
    return first.key
  }

  /** The keys in the order in which they end. While iterating, only the key that was given last may be deleted. */
  *[Symbol.iterator](): Iterator<Key> {
    for (const [key] of this.#at) yield key
  }
}
