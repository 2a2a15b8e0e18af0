/**
 * Which packet counters of a connection were accepted already (RFC 4303 §3.4.3, RFC 6479): a bitmap that slides with
 * the greatest counter. A counter behind the window counts as seen, so an old packet can never come in twice.
 *
 * `accepts` is to be asked before the packet is opened, because it is cheap. `record` is to be called only for an
 * authentic packet, because a forged counter must not move the window.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(WINDOW_SIZE / 32)
  #greatest = -1

  /** The greatest counter recorded; -1 before the first. */
  get greatest(): number {
    return this.#greatest
  }

  /** Whether a packet with this counter could be new. */
  accepts(counter: number): boolean {
    if (counter > this.#greatest) return true
    if (counter <= this.#greatest - WINDOW_SIZE) return false
    return (this.#bits[word(counter)]! & bit(counter)) === 0
  }

  /** Marks a counter that `accepts` let pass. */
  record(counter: number): void {
    if (counter > this.#greatest) {
      this.#clear(this.#greatest + 1, counter)
      this.#greatest = counter
    }
    this.#bits[word(counter)]! |= bit(counter)
  }

  /** Empties the places that the counters from `from` to `to` take over from the ones a window earlier. */
  #clear(from: number, to: number): void {
    if (to - from >= WINDOW_SIZE) {
      this.#bits.fill(0)
      return
    }
    for (let counter = from; counter <= to; counter++) this.#bits[word(counter)]! &= ~bit(counter)
  }
}

/** Counters, a power of two: four times the packets that a fast path has in flight, in 256 bytes. */
export const WINDOW_SIZE = 2048

const word = (counter: number) => Math.floor((counter % WINDOW_SIZE) / 32)
const bit = (counter: number) => 1 << (counter % 32)
