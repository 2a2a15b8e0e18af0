/** Places that stay empty in front of a queue: a batch is not copied while it is taken. */
const MOST_TAKEN = 512

/**
 * A queue, first in, first out. `shift` of an array moves all that is behind once there are thousands, and each of
 * these queues is filled by what one turn of the event loop brings: with ten thousand messages at a time that was the
 * dearest thing done with them. Its owner bounds how many wait.
 */
export class Fifo<A> {
  #items: Array<A | undefined> = []
  /** Those before it were taken. */
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: A): void {
    this.#items.push(item)
  }

  /** The one that has waited for longest; `undefined` when none does. */
  shift(): A | undefined {
    // The usual case, in which the array keeps its memory.
    if (this.#head === 0 && this.#items.length <= 1) return this.#items.pop()
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= MOST_TAKEN && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
