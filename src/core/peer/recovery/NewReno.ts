import { MAX_DATAGRAM } from "../../../protocol/DataPacket.js"
import type { CongestionController } from "./CongestionController.js"

/**
 * The reference controller (RFC 9002 §7, RFC 6582): slow start, additive increase, halving once for each round with
 * loss.
 */
export class NewReno implements CongestionController {
  #window = INITIAL_WINDOW
  #threshold = Number.POSITIVE_INFINITY
  /** Loss of packets sent up to here belongs to the halving that was made at this time. */
  #recoveryStart = Number.NEGATIVE_INFINITY

  /** Not paced: as in the RFC, acknowledgements are its clock. */
  readonly rate = Number.POSITIVE_INFINITY

  get window(): number {
    return this.#window
  }

  onSent(): void {}

  /** The reference takes every loss for one (RFC 9002 §7 leaves it open). */
  onSpuriousLoss(): void {}

  onSample(): void {}

  onAcked(bytes: number, sentAt: number, limited: boolean): void {
    if (sentAt <= this.#recoveryStart || !limited) return
    this.#window += this.#window < this.#threshold ? bytes : (MAX_DATAGRAM * bytes) / this.#window
    this.#window = Math.min(this.#window, MAX_WINDOW)
  }

  onLost(_bytes: number, sentAt: number, now: number): void {
    if (sentAt <= this.#recoveryStart) return
    this.#recoveryStart = now
    this.#window = Math.max(this.#window / 2, MIN_WINDOW)
    this.#threshold = this.#window
  }

  onPersistentCongestion(): void {
    this.#window = MIN_WINDOW
    this.#recoveryStart = Number.NEGATIVE_INFINITY
  }
}

/** Ten packets (RFC 9002 §7.2): a 12 KB burst that every path of today takes. */
const INITIAL_WINDOW = 10 * MAX_DATAGRAM
/** RFC 9002 §7.2. */
const MIN_WINDOW = 2 * MAX_DATAGRAM
/** Bytes: as many as the largest number of tracked packets could carry, so growth beyond it would mean nothing. */
const MAX_WINDOW = 4096 * MAX_DATAGRAM
