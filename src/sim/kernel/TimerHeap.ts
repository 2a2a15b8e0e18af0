import { type HeapEntry, IndexedHeap } from "../../core/support/IndexedHeap.js"

/**
 * One virtual timer. Made by the kernel alone: `at` is virtual microseconds since the run began, and timers of one
 * instant fire in the order in which they were made.
 */
export interface Timer<Owner> extends HeapEntry {
  /** The process that dies with its timers; none for what the network and the scenario do. */
  readonly owner: Owner | undefined
  /** The owner's own clock at which it fires, so that a change of that clock's rate can move it. */
  readonly localAt: number
  readonly fire: () => void
}

/** Timers by time, which processes own. */
export class TimerHeap<Owner> extends IndexedHeap<Timer<Owner>> {
  countOwnedBy(owner: Owner): number {
    return this.filter((each) => each.owner === owner).length
  }

  /** Takes out all timers of a process. */
  removeOwnedBy(owner: Owner): void {
    for (const timer of this.filter((each) => each.owner === owner)) this.remove(timer)
  }

  /** Moves the timers of a process to the times that `when` gives. */
  moveOwnedBy(owner: Owner, when: (timer: Timer<Owner>) => number): void {
    for (const timer of this.filter((each) => each.owner === owner)) {
      timer.at = when(timer)
      this.moved(timer)
    }
  }
}
