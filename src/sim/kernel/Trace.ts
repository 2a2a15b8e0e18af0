/**
 * What happened, as one number for each thing that did: equal traces have equal hashes, and unequal ones hardly ever.
 *
 * @since 0.1.0
 */
export class Trace {
  #low = 0x9dc5811c | 0
  #high = 0x01000193 | 0

  /** Mixes three integers (taken modulo 2^32) into the hash. */
  note(kind: number, a: number, b: number): void {
    this.#low = Math.imul(this.#low ^ kind ^ (a | 0), 0x85ebca6b) ^ (this.#high >>> 13)
    this.#high = Math.imul(this.#high ^ (b | 0), 0xc2b2ae35) ^ (this.#low >>> 15) ^ ((a / 4_294_967_296) | 0)
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#low) + hex(this.#high)
  }
}

/** The kinds of thing that a trace tells apart. */
export const Kind = {
  task: 1,
  timer: 2,
  send: 3,
  deliver: 4,
  drop: 5,
  fault: 6,
  process: 7
} as const

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0")
