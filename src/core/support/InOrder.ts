/**
 * Things that are looked for by id, for the most part in the order in which they came: then none is looked up. Where
 * one is looked for out of order, all that are here are put into a map, and those that come, until none is left; so
 * whatever order others choose costs no more than a map would. Ids differ. Its owner bounds how many there are.
 */
export class InOrder<A extends { readonly id: string }> {
  /** With holes where some were taken, at most as many as there are things once there are `MANY`. */
  #items: Array<A | undefined> = []
  /** Index of the first that is still here. */
  #head = 0
  #size = 0
  /** Indexes by id, while they are needed. */
  #indexes: Map<string, number> | undefined
  readonly #places: Array<Place> = []

  get size(): number {
    return this.#size
  }

  has(id: string): boolean {
    return this.#find(id) >= 0
  }

  /** Takes one whose id is not here. */
  push(item: A): void {
    this.#indexes?.set(item.id, this.#items.length)
    this.#items.push(item)
    this.#size++
  }

  /** Gives the one with this id away. */
  take(id: string): A | undefined {
    const index = this.#find(id)
    if (index < 0) return undefined
    const item = this.#items[index]
    if (this.#size === 1) {
      this.clear()
      return item
    }
    this.#size--
    this.#indexes?.delete(id)
    this.#items[index] = undefined
    while (this.#items[this.#head] === undefined) this.#head++
    if (this.#items.length >= MANY && this.#items.length > 2 * this.#size) this.#close()
    return item
  }

  clear(): void {
    // The usual case of a conversation, in which the array keeps its memory.
    if (this.#items.length === 1) this.#items.pop()
    else this.#items = []
    this.#head = 0
    this.#size = 0
    this.#indexes = undefined
    for (const place of this.#places) place.index = 0
  }

  /** In order. */
  *[Symbol.iterator](): Generator<A> {
    for (const item of this.#items) if (item !== undefined) yield item
  }

  /** A place before all of them, which stays where it is among them until `at` or its owner moves it. */
  place(): Place {
    const place = { index: 0 }
    this.#places.push(place)
    return place
  }

  /** The first that is here from this place of ours on; the place moves to it. */
  at(place: Place): A | undefined {
    const { length } = this.#items
    if (place.index < this.#head) place.index = this.#head
    while (place.index < length && this.#items[place.index] === undefined) place.index++
    return place.index < length ? this.#items[place.index] : undefined
  }

  /** Closes the holes. */
  #close(): void {
    const items: Array<A> = []
    const places = this.#places.map((place) => ({ place, index: place.index }))
    for (const place of this.#places) place.index = 0
    for (let index = this.#head; index < this.#items.length; index++) {
      const item = this.#items[index]
      if (item === undefined) continue
      items.push(item)
      for (const { index: before, place } of places) if (index < before) place.index++
    }
    this.#items = items
    this.#head = 0
    if (this.#indexes !== undefined) this.#indexes = this.#index()
  }

  /** -1 when it is not here. */
  #find(id: string): number {
    if (this.#size === 0) return -1
    if (this.#items[this.#head]!.id === id) return this.#head
    if (this.#indexes === undefined && this.#items.length - this.#head <= FEW) {
      for (let index = this.#head; index < this.#items.length; index++) if (this.#items[index]?.id === id) return index
      return -1
    }
    this.#indexes ??= this.#index()
    return this.#indexes.get(id) ?? -1
  }

  #index(): Map<string, number> {
    const indexes = new Map<string, number>()
    for (let index = this.#head; index < this.#items.length; index++) {
      const item = this.#items[index]
      if (item !== undefined) indexes.set(item.id, index)
    }
    return indexes
  }
}

/** A place among the things of one `InOrder`: add 1 for the place behind, or set to 0 for the one before all. */
export interface Place {
  index: number
}

/** Below so many, holes are not worth closing. */
const MANY = 1_024
/** So many are looked through. */
const FEW = 16
