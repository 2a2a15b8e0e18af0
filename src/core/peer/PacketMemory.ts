/**
 * Memory for packets to send. A packet is built and sealed in a piece of a larger buffer. From `take` on that piece
 * belongs to the caller until `release`, and for good if it is still held then; the rest of the buffer serves the next
 * packets. A buffer of its own for each packet would cost as much as sealing it, and new memory is cold.
 */
export class PacketMemory {
  #slab = new Uint8Array(0)
  #used = 0
  /** Whether somebody still reads a packet in this slab. */
  #isHeld = false

  /** `length` bytes to build a packet in. Until `take` the next call gives the same bytes again. */
  reserve(length: number): Uint8Array {
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(length, SLAB))
      this.#used = 0
      this.#isHeld = false
    }
    return this.#slab.subarray(this.#used, this.#used + length)
  }

  /** Takes the first `length` bytes of what was reserved last. */
  take(length: number): Uint8Array {
    const packet = this.#slab.subarray(this.#used, this.#used + length)
    this.#used += length
    return packet
  }

  /** What was taken is not read any more, or (`false`) may be. */
  release(isDone: boolean): void {
    if (!isDone) this.#isHeld = true
    else if (!this.#isHeld) this.#used = 0
  }
}

/** Bytes: some fifty usual packets, or four of the largest. */
const SLAB = 64 * 1024
