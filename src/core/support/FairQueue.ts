import { LinkedMap } from "./LinkedMap.js"

/** Whom an item is for: a source, and the crowd of sources that it is one of. */
export interface Origin {
  readonly crowd: string
  readonly key: string
}

/**
 * Whose turn it is: crowds take turns, the sources of a crowd among themselves, and the items of a source in their
 * order. Who had nothing waiting goes before those who always have, as in RFC 8290 (§4.2), but once a round alone and
 * not for ever: so somebody with one item waits for a few of others, however many those have and from wherever they
 * come. Everything here is O(1), but for what was deleted, which costs a step when its turn comes.
 */
export class FairQueue<Item> {
  #crowds = new Turns<Turns<LinkedMap<Item, true>>>()
  readonly #origins = new Map<Item, Origin>()

  get size(): number {
    return this.#origins.size
  }

  /** Puts the item at the end of its source's queue, unless it is in the queue already. */
  add(origin: Origin, item: Item): void {
    if (this.#origins.has(item)) return
    this.#origins.set(item, origin)
    const crowd = this.#crowds.getOrAdd(origin.crowd, () => new Turns<LinkedMap<Item, true>>())
    crowd.getOrAdd(origin.key, () => new LinkedMap<Item, true>()).set(item, true)
    crowd.size++
  }

  delete(item: Item): void {
    const origin = this.#origins.get(item)
    const crowd = origin && this.#crowds.get(origin.crowd)
    if (origin === undefined || crowd?.get(origin.key)?.delete(item) !== true) return
    crowd.size--
    this.#forget(item)
  }

  /** Removes and gives the next item. */
  take(): Item | undefined {
    const crowd = this.#crowds.take()
    const items = crowd?.take()
    const item = items?.oldest()?.key
    if (crowd === undefined || items === undefined || item === undefined) return undefined
    items.delete(item)
    crowd.size--
    this.#forget(item)
    return item
  }

  #forget(item: Item): void {
    this.#origins.delete(item)
    // Nobody waits, so it is no round any more.
    if (this.size === 0) this.#crowds = new Turns()
  }
}

/** Who takes turns, and what waits for each. Whoever has nothing left stays until the round has come to him. */
class Turns<Waiting extends { readonly size: number }> {
  /** Items of all of them. */
  size = 0
  /** Those who have had no turn in this round. */
  readonly #fresh = new LinkedMap<string, Waiting>()
  readonly #served = new LinkedMap<string, Waiting>()
  /** Turns of the fresh ones since the last of the others. */
  #run = 0

  get(key: string): Waiting | undefined {
    return this.#fresh.get(key) ?? this.#served.get(key)
  }

  getOrAdd(key: string, make: () => Waiting): Waiting {
    const known = this.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#fresh.set(key, made)
    return made
  }

  take(): Waiting | undefined {
    for (;;) {
      const isFresh = this.#fresh.size > 0 && (this.#run < MAX_RUN || this.#served.size === 0)
      const turns = isFresh ? this.#fresh : this.#served
      const first = turns.oldest()
      if (first === undefined) return undefined
      const { key, value } = first
      turns.delete(key)
      if (value.size === 0) continue
      this.#served.set(key, value)
      this.#run = isFresh ? this.#run + 1 : 0
      return value
    }
  }
}

/** Ever new sources leave one turn in so many to those who have waited for longer. */
const MAX_RUN = 4
