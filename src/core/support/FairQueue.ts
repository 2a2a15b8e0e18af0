import { LinkedMap } from "./LinkedMap.js"

/**
 * Whose turn it is: the sources take turns, and the items of one source among themselves, so that somebody with one
 * item waits for one item of everybody else, however many those have. Everything here is O(1).
 */
export class FairQueue<Item> {
  readonly #sources = new LinkedMap<string, LinkedMap<Item, true>>()
  readonly #sourceOf = new Map<Item, string>()

  get size(): number {
    return this.#sourceOf.size
  }

  /** Puts the item at the end of its source's queue, unless it is in the queue already. */
  add(source: string, item: Item): void {
    if (this.#sourceOf.has(item)) return
    this.#sourceOf.set(item, source)
    let items = this.#sources.get(source)
    if (items === undefined) {
      items = new LinkedMap()
      this.#sources.set(source, items)
    }
    items.set(item, true)
  }

  delete(item: Item): void {
    const source = this.#sourceOf.get(item)
    const items = source === undefined ? undefined : this.#sources.get(source)
    if (source === undefined || items === undefined) return
    this.#sourceOf.delete(item)
    items.delete(item)
    if (items.size === 0) this.#sources.delete(source)
  }

  /** Removes and gives the next item. */
  take(): Item | undefined {
    const first = this.#sources.oldest()
    const item = first?.value.oldest()?.key
    if (first === undefined || item === undefined) return undefined
    const { key: source, value: items } = first
    this.#sourceOf.delete(item)
    items.delete(item)
    if (items.size === 0) this.#sources.delete(source)
    else this.#sources.set(source, items)
    return item
  }
}
