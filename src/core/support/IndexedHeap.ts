/** A member of an `IndexedHeap`. One object is in one heap at a time. */
export interface HeapEntry {
  /** The heap is ordered by this. Only the owner of the heap changes it, and then calls `moved`. */
  at: number
  /** Decides between entries of the same `at`: the smaller one comes first. */
  readonly order: number
  /** The place in the heap, kept by the heap; -1 outside of it. */
  slot: number
}

/**
 * A binary min-heap whose members know their place, so that taking one of a thousand out, or moving it, costs ten steps
 * and leaves nothing behind.
 */
export class IndexedHeap<Entry extends HeapEntry> {
  readonly #entries: Array<Entry> = []

  get size(): number {
    return this.#entries.length
  }

  peek(): Entry | undefined {
    return this.#entries[0]
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
    this.#rise(this.#entries.length - 1, entry)
  }

  pop(): Entry | undefined {
    const first = this.#entries[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes an entry out; does nothing when it is not in the heap. */
  remove(entry: Entry): void {
    const slot = entry.slot
    if (slot < 0) return
    entry.slot = -1
    const last = this.#entries.pop()!
    if (last !== entry) this.#settle(slot, last)
  }

  /** To be called after `at` of an entry in the heap has changed. */
  moved(entry: Entry): void {
    this.#settle(entry.slot, entry)
  }

  /** The entries whose `at` is not beyond `bound`, in no particular order. They stay in the heap. */
  upTo(bound: number): Array<Entry> {
    const entries = this.#entries
    const found: Array<Entry> = []
    const visit = (slot: number) => {
      if (slot >= entries.length || entries[slot]!.at > bound) return
      found.push(entries[slot]!)
      visit(2 * slot + 1)
      visit(2 * slot + 2)
    }
    visit(0)
    return found
  }

  filter(holds: (entry: Entry) => boolean): Array<Entry> {
    return this.#entries.filter(holds)
  }

  #settle(slot: number, entry: Entry): void {
    this.#rise(slot, entry)
    if (entry.slot === slot) this.#sink(slot, entry)
  }

  /** Puts an entry at the free slot, or above it. */
  #rise(from: number, entry: Entry): void {
    const entries = this.#entries
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = entries[above]!
      if (!before(entry, parent)) break
      entries[slot] = parent
      parent.slot = slot
      slot = above
    }
    entries[slot] = entry
    entry.slot = slot
  }

  /** Puts an entry at the free slot, or below it. */
  #sink(from: number, entry: Entry): void {
    const entries = this.#entries
    let slot = from
    for (;;) {
      let below = 2 * slot + 1
      if (below >= entries.length) break
      if (below + 1 < entries.length && before(entries[below + 1]!, entries[below]!)) below++
      const child = entries[below]!
      if (!before(child, entry)) break
      entries[slot] = child
      child.slot = slot
      slot = below
    }
    entries[slot] = entry
    entry.slot = slot
  }
}

const before = (a: HeapEntry, b: HeapEntry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
