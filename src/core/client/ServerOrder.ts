/**
 * Which of a client's servers are dialled, by their numbers in the user's order: the first ones are preferred. One that
 * was connected and let us down stands back until the others had their turn, and one that asks for time gets it.
 */
export class ServerOrder {
  readonly #back = new Set<number>()
  readonly #distrusted = new Set<number>()
  /** Monotonic time before which each asked us not to come back. */
  readonly #notBefore: Array<number>
  #dialled: ReadonlyArray<number> = []
  #current = 0

  /** `count` of them, at least one. */
  constructor(count: number) {
    this.#notBefore = Array.from({ length: count }, () => 0)
  }

  /** The one that was connected last. */
  get current(): number {
    return this.#current
  }

  /** Whom to dial now, the best first; at least one. */
  dial(now: number): ReadonlyArray<number> {
    const inTime = this.#all.filter((server) => this.#notBefore[server]! <= now)
    const ready = inTime.filter((server) => !this.#back.has(server))
    if (ready.length === 0) this.#back.clear()
    this.#dialled = ready.length > 0 ? ready : inTime.length > 0 ? inTime : [this.#soonest]
    return this.#dialled
  }

  /** When there is somebody to dial. */
  get dialAt(): number {
    return this.#notBefore[this.#soonest]!
  }

  connected(server: number): void {
    this.#current = server
    this.#distrusted.delete(server)
  }

  /** None of those that were dialled could be connected: they had their turn. */
  missed(): void {
    for (const server of this.#dialled) this.#back.add(server)
  }

  /** It was connected, and is of no use now. */
  standBack(server: number): void {
    this.#back.add(server)
  }

  /** It is not the one that we mean: nobody looks whether it is there again. */
  distrust(server: number): void {
    this.#back.add(server)
    this.#distrusted.add(server)
  }

  /** It asks us not to come back before `until`. */
  holdOff(server: number, until: number): void {
    this.#notBefore[server] = until
  }

  /** A server has let us in. */
  accepted(): void {
    this.#back.clear()
  }

  /** Whether there is another one that has not had its turn. */
  get hasOther(): boolean {
    return this.#all.some((server) => server !== this.#current && !this.#back.has(server))
  }

  /** Those that would be better than the one that we have, the best first. */
  get better(): ReadonlyArray<number> {
    return this.#all.filter((server) => server < this.#current && !this.#distrusted.has(server))
  }

  get #all(): ReadonlyArray<number> {
    return this.#notBefore.map((_, server) => server)
  }

  get #soonest(): number {
    return this.#notBefore.indexOf(Math.min(...this.#notBefore))
  }
}
