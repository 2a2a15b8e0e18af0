/**
 * The greatest value of the last `span` rounds, in constant memory: the best three of ever younger parts of the window
 * stand by (K. Nichols, as in Linux' lib/win_minmax.c). Rounds only ever grow.
 */
export class WindowedMax {
  readonly #span: number
  #best: Sample = NOTHING
  #second: Sample = NOTHING
  #third: Sample = NOTHING

  constructor(span: number) {
    this.#span = span
  }

  get value(): number {
    return this.#best.value
  }

  update(value: number, round: number): void {
    const sample = { value, round }
    if (value >= this.#best.value || round - this.#third.round > this.#span) {
      this.#best = this.#second = this.#third = sample
      return
    }
    if (value >= this.#second.value) this.#second = this.#third = sample
    else if (value >= this.#third.value) this.#third = sample
    this.#age(sample)
  }

  clear(): void {
    this.#best = this.#second = this.#third = NOTHING
  }

  #age(sample: Sample): void {
    const age = sample.round - this.#best.round
    if (age > this.#span) {
      this.#best = this.#second
      this.#second = this.#third
      this.#third = sample
      if (sample.round - this.#best.round > this.#span) {
        this.#best = this.#second
        this.#second = this.#third
      }
    } else if (this.#second.round === this.#best.round && age > this.#span / 4) this.#second = this.#third = sample
    else if (this.#third.round === this.#second.round && age > this.#span / 2) this.#third = sample
  }
}

interface Sample {
  readonly value: number
  readonly round: number
}

const NOTHING: Sample = { value: 0, round: Number.NEGATIVE_INFINITY }
