/** The last `capacity` different ids, the oldest forgotten first. */
export class RecentIds {
  readonly #capacity: number
  readonly #ids = new Set<string>()
  /** A ring in order of arrival: the front of a `Set` that is trimmed there is slow to find. */
  readonly #order: Array<string> = []
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Takes an id that is not here yet. */
  add(id: string): void {
    const oldest = this.#order[this.#next]
    if (oldest !== undefined) this.#ids.delete(oldest)
    this.#order[this.#next] = id
    this.#ids.add(id)
    this.#next = (this.#next + 1) % this.#capacity
  }
}
