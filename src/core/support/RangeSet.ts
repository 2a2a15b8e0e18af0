/**
 * A set of whole numbers, kept as disjoint, ascending, half-open ranges `[start, end)`. Stream offsets and packet
 * numbers live in such sets. Adding at the end, the usual case, costs O(1); anything else O(ranges). The owner bounds
 * how many ranges there are.
 */
export class RangeSet {
  /** Ascending, neither overlapping nor touching. */
  readonly #ranges: Array<Range> = []

  get count(): number {
    return this.#ranges.length
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0
  }

  get first(): Range | undefined {
    return this.#ranges[0]
  }

  /** Ascending. Not to be changed. */
  get ranges(): ReadonlyArray<Range> {
    return this.#ranges
  }

  has(value: number): boolean {
    const range = this.#ranges[this.#after(value) - 1]
    return range !== undefined && value < range.end
  }

  add(start: number, end: number): void {
    if (start >= end) return
    let from = this.#after(start)
    if (from > 0 && this.#ranges[from - 1]!.end >= start) from--
    let to = from
    let low = start
    let high = end
    while (to < this.#ranges.length && this.#ranges[to]!.start <= end) {
      low = Math.min(low, this.#ranges[to]!.start)
      high = Math.max(high, this.#ranges[to]!.end)
      to++
    }
    this.#ranges.splice(from, to - from, { start: low, end: high })
  }

  remove(start: number, end: number): void {
    if (start >= end) return
    let from = this.#after(start)
    if (from > 0 && this.#ranges[from - 1]!.end > start) from--
    let to = from
    const rest: Array<Range> = []
    while (to < this.#ranges.length && this.#ranges[to]!.start < end) {
      const range = this.#ranges[to]!
      if (range.start < start) rest.push({ start: range.start, end: start })
      if (range.end > end) rest.push({ start: end, end: range.end })
      to++
    }
    if (to > from) this.#ranges.splice(from, to - from, ...rest)
  }

  dropFirst(): void {
    this.#ranges.shift()
  }

  /** The index of the first range that starts after `value`. */
  #after(value: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ranges[middle]!.start <= value) low = middle + 1
      else high = middle
    }
    return low
  }
}

export interface Range {
  readonly start: number
  /** One past the last. */
  readonly end: number
}
