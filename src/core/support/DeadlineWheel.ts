import { NEVER } from "./Deadline.js"

/** Something that wants to be told when a time has come. `pollTimeout` may change at any time. */
export interface Timed {
  readonly pollTimeout: () => number | undefined
  readonly handleTimeout: (now: number) => void
}

/**
 * One timer for any number of deadlines, `SLOT_MS` coarse. An item stands in the slot of the earliest deadline it was
 * scheduled for; that a deadline moved later is only found out when the slot comes up, so moving it, which each line
 * from a client does, costs nothing.
 */
export class DeadlineWheel<Item extends Timed> {
  #slots = new Map<number, Set<Item>>()
  #slotOf = new Map<Item, number>()
  /**
   * The first slot in use, or an earlier one that is empty by now: then `handleTimeout` finds nothing due, and corrects
   * this.
   */
  #first = NEVER

  /** To be called when an item is new, and when its deadline may have become earlier. */
  schedule(item: Item): void {
    const at = item.pollTimeout()
    if (at === undefined) return
    const slot = Math.ceil(at / SLOT_MS)
    const standing = this.#slotOf.get(item)
    if (standing !== undefined && standing <= slot) return
    this.remove(item)
    this.#slotOf.set(item, slot)
    this.#first = Math.min(this.#first, slot)
    const items = this.#slots.get(slot)
    if (items === undefined) this.#slots.set(slot, new Set([item]))
    else items.add(item)
  }

  remove(item: Item): void {
    const slot = this.#slotOf.get(item)
    if (slot === undefined) return
    this.#slotOf.delete(item)
    const items = this.#slots.get(slot)
    items?.delete(item)
    if (items?.size === 0) this.#slots.delete(slot)
  }

  /**
   * Tells the items that are due, but no more than `most`, each at most `SLOT_MS` after its time if this is called in
   * time. While some are left, `pollTimeout` gives a time that is past.
   */
  handleTimeout(now: number, most = Number.POSITIVE_INFINITY): void {
    const due: Array<Item> = []
    for (const [slot, items] of this.#slots) {
      if (slot * SLOT_MS > now) continue
      for (const item of items) {
        if (due.length >= most) break
        due.push(item)
      }
    }
    for (const item of due) {
      // The item may have been removed while one before it was told.
      if (!this.#slotOf.has(item)) continue
      this.remove(item)
      if ((item.pollTimeout() ?? NEVER) <= now) item.handleTimeout(now)
      this.schedule(item)
    }
    // There are at most as many slots as the longest time to wait has, 900 for 45 s.
    this.#first = NEVER
    for (const slot of this.#slots.keys()) this.#first = Math.min(this.#first, slot)
  }

  pollTimeout(): number | undefined {
    return this.#slots.size === 0 ? undefined : this.#first * SLOT_MS
  }
}

/** Far below any deadline that a person or a protocol notices, far above the cost of a round through the slots. */
export const SLOT_MS = 50
