/**
 * Who is to be called when, earliest first: a binary heap that knows where each item stands, so that changing one of a
 * thousand deadlines costs ten steps, and asking for the next costs none. Deadlines are ms; an infinite one means none.
 */
export class DeadlineHeap<Item> {
  readonly #items: Array<Item> = []
  readonly #at: Array<number> = []
  readonly #places = new Map<Item, number>()

  /** The earliest deadline; infinite when there is none. */
  get next(): number {
    return this.#at[0] ?? Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.#items.length
  }

  set(item: Item, at: number): void {
    const place = this.#places.get(item)
    if (at === Number.POSITIVE_INFINITY) {
      if (place !== undefined) this.#remove(place)
    } else if (place === undefined) this.#rise(item, at, this.#items.length)
    else if (at < this.#at[place]!) this.#rise(item, at, place)
    else if (at > this.#at[place]!) this.#sink(item, at, place)
  }

  delete(item: Item): void {
    const place = this.#places.get(item)
    if (place !== undefined) this.#remove(place)
  }

  /** The items due at `now`, as they stand at this moment. */
  due(now: number): ReadonlyArray<Item> {
    const due: Array<Item> = []
    const visit = (place: number) => {
      if (place >= this.#items.length || this.#at[place]! > now) return
      due.push(this.#items[place]!)
      visit(2 * place + 1)
      visit(2 * place + 2)
    }
    visit(0)
    return due
  }

  #remove(place: number): void {
    this.#places.delete(this.#items[place]!)
    const last = this.#items.pop()!
    const at = this.#at.pop()!
    if (place === this.#items.length) return
    if (at < this.#at[place]!) this.#rise(last, at, place)
    else this.#sink(last, at, place)
  }

  /** Puts an item at the free place, or above it. */
  #rise(item: Item, at: number, from: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#at[parent]! <= at) break
      this.#put(this.#items[parent]!, this.#at[parent]!, place)
      place = parent
    }
    this.#put(item, at, place)
  }

  /** Puts an item at the free place, or below it. */
  #sink(item: Item, at: number, from: number): void {
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#items.length) break
      if (child + 1 < this.#items.length && this.#at[child + 1]! < this.#at[child]!) child++
      if (this.#at[child]! >= at) break
      this.#put(this.#items[child]!, this.#at[child]!, place)
      place = child
    }
    this.#put(item, at, place)
  }

  #put(item: Item, at: number, place: number): void {
    this.#items[place] = item
    this.#at[place] = at
    this.#places.set(item, place)
  }
}
