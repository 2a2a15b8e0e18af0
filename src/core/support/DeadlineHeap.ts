import { NEVER } from "./Deadline.js"
import { type HeapEntry, IndexedHeap } from "./IndexedHeap.js"

/**
 * Items by their deadlines, the earliest first. Changing one of a thousand deadlines takes ten steps, and finding the
 * earliest takes one. Deadlines are ms; an item with an infinite one is not kept.
 */
export class DeadlineHeap<Item> {
  readonly #heap = new IndexedHeap<Deadline<Item>>()
  readonly #deadlines = new Map<Item, Deadline<Item>>()

  /** The earliest deadline; infinite when there is none. */
  get next(): number {
    return this.#heap.peek()?.at ?? NEVER
  }

  get size(): number {
    return this.#heap.size
  }

  set(item: Item, at: number): void {
    const known = this.#deadlines.get(item)
    if (at === NEVER) {
      if (known !== undefined) this.#remove(known)
    } else if (known === undefined) {
      const deadline = { item, at, order: 0, slot: -1 }
      this.#deadlines.set(item, deadline)
      this.#heap.push(deadline)
    } else if (at !== known.at) {
      known.at = at
      this.#heap.moved(known)
    }
  }

  delete(item: Item): void {
    const known = this.#deadlines.get(item)
    if (known !== undefined) this.#remove(known)
  }

  /** The items due at `now`, as they stand at this moment. */
  due(now: number): ReadonlyArray<Item> {
    return this.#heap.upTo(now).map(({ item }) => item)
  }

  #remove(deadline: Deadline<Item>): void {
    this.#deadlines.delete(deadline.item)
    this.#heap.remove(deadline)
  }
}

/** Deadlines of one instant come in any order: `order` is the same for all. */
interface Deadline<Item> extends HeapEntry {
  readonly item: Item
}
