/**
 * Things that end a fixed time after they were last set. Because the time is the same for all, the order of setting is
 * the order of ending, and a plain `Map` is the queue: everything here is O(1).
 */
export class Expiry<Key> {
  #at = new Map<Key, number>()

  constructor(private readonly durationMs: number) {}

  /** Sets or sets again: `key` ends `durationMs` after `now`, which must not run backwards. */
  set(key: Key, now: number): void {
    this.#at.delete(key)
    this.#at.set(key, now + this.durationMs)
  }

  delete(key: Key): void {
    this.#at.delete(key)
  }

  /** When the first of them ends. */
  next(): number | undefined {
    for (const at of this.#at.values()) return at
    return undefined
  }

  /** Removes and returns the first one that has ended. */
  take(now: number): Key | undefined {
    for (const [key, at] of this.#at) {
      if (at > now) return undefined
      this.#at.delete(key)
      return key
    }
    return undefined
  }
}
