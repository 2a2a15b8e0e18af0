import { type Ack, MAX_ACK_RANGES } from "../../../protocol/Frame.js"
import { RangeSet } from "../../support/RangeSet.js"
import { MAX_ACK_DELAY } from "./RttEstimator.js"

/**
 * Which packets came in, and when the other side is to be told (RFC 9000 §13.2): with every second packet that asks for
 * it, within 25 ms otherwise, at once when packets came out of order, because that may show a loss. A packet that
 * leaves before that takes the acknowledgement along.
 */
export class AckRanges {
  readonly #received = new RangeSet()
  #largestAt = 0
  #unacknowledged = 0
  #due: number | undefined

  /** When an acknowledgement must leave at the latest; `undefined` when none is owed. */
  get due(): number | undefined {
    return this.#due
  }

  /** An authentic packet came in. `eliciting`: it holds a frame that is sent again when lost. */
  onReceived(number: number, eliciting: boolean, now: number): void {
    const last = this.#received.ranges.at(-1)
    const inOrder = last === undefined || number === last.end
    if (last === undefined || number >= last.end) this.#largestAt = now
    this.#received.add(number, number + 1)
    if (this.#received.count > MAX_ACK_RANGES) this.#received.dropFirst()
    if (!eliciting) return
    this.#unacknowledged++
    const due = !inOrder || this.#unacknowledged >= ELICITING_PER_ACK ? now : now + MAX_ACK_DELAY
    this.#due = Math.min(this.#due ?? due, due)
  }

  /**
   * The peer has an acknowledgement that names packets up to `largest`: ranges that end by then are left out from now
   * on (RFC 9000 §13.2.4). Otherwise each number that a sender leaves out would leave a range in all that follow.
   */
  onTold(largest: number): void {
    while (this.#received.count > 1 && this.#received.first!.end <= largest + 1) this.#received.dropFirst()
  }

  /** The acknowledgement to send now; `undefined` when none is owed. Counts as sent. */
  take(now: number): Ack | undefined {
    if (this.#due === undefined) return undefined
    this.#due = undefined
    this.#unacknowledged = 0
    return this.all(now)
  }

  /** The same, whether it is owed or not; `undefined` when nothing has come in. */
  all(now: number): Ack | undefined {
    if (this.#received.count === 0) return undefined
    return { _tag: "Ack", ranges: [...this.#received.ranges].reverse(), delay: now - this.#largestAt }
  }
}

/** RFC 9000 §13.2.2: halves the packets of a one-way flow, and still gives two samples for each small burst. */
const ELICITING_PER_ACK = 2
