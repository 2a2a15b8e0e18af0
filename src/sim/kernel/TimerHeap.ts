import type { Process } from "./Process.js"

/** One virtual timer. Made by `Kernel.at` and `Kernel.after` alone. */
export interface Timer {
  /** Virtual microseconds since the run began. */
  at: number
  /** Timers of one instant fire in the order in which they were made. */
  readonly order: number
  /** Place in the heap, -1 once fired or cancelled: what makes cancelling cost O(log n) and leave nothing behind. */
  slot: number
  /** The process that dies with its timers; none for what the network and the scenario do. */
  readonly owner: Process | undefined
  /** The owner's own clock at which it fires, so that a change of that clock's rate can move it. */
  readonly localAt: number
  readonly fire: () => void
}

/** A binary min-heap of timers by time, then by order of making, whose members know their place. */
export class TimerHeap {
  private readonly heap: Array<Timer> = []

  get size(): number {
    return this.heap.length
  }

  peek(): Timer | undefined {
    return this.heap[0]
  }

  push(timer: Timer): void {
    this.heap.push(timer)
    this.rise(this.heap.length - 1, timer)
  }

  pop(): Timer | undefined {
    const first = this.heap[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes a timer out; nothing when it has fired or was taken out before. */
  remove(timer: Timer): void {
    const slot = timer.slot
    if (slot < 0) return
    timer.slot = -1
    const last = this.heap.pop()!
    if (last === timer) return
    this.settle(slot, last)
  }

  countOwnedBy(owner: Process): number {
    return this.heap.filter((each) => each.owner === owner).length
  }

  /** Takes out all timers of a process. */
  removeOwnedBy(owner: Process): void {
    for (const timer of this.heap.filter((each) => each.owner === owner)) this.remove(timer)
  }

  /** Moves the timers of a process to the times that `when` gives. */
  moveOwnedBy(owner: Process, when: (timer: Timer) => number): void {
    for (const timer of this.heap.filter((each) => each.owner === owner)) {
      this.remove(timer)
      timer.at = when(timer)
      this.push(timer)
    }
  }

  private settle(slot: number, timer: Timer): void {
    this.rise(slot, timer)
    if (timer.slot === slot) this.sink(slot, timer)
  }

  private rise(from: number, timer: Timer): void {
    const { heap } = this
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = heap[above]!
      if (!before(timer, parent)) break
      heap[slot] = parent
      parent.slot = slot
      slot = above
    }
    heap[slot] = timer
    timer.slot = slot
  }

  private sink(from: number, timer: Timer): void {
    const { heap } = this
    let slot = from
    for (;;) {
      let below = 2 * slot + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
      const child = heap[below]!
      if (!before(child, timer)) break
      heap[slot] = child
      child.slot = slot
      slot = below
    }
    heap[slot] = timer
    timer.slot = slot
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
