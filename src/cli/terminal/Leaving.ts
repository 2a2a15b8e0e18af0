/** Asks once before something ends that goes on; whoever says it again means it. */
export class Leaving {
  #asked: string | undefined

  /** Whether to ask first: there is something to lose, and `what` was not asked about just now. */
  asks(what: string, loss: string | undefined): boolean {
    const again = this.#asked === what
    this.#asked = loss === undefined || again ? undefined : what
    return this.#asked !== undefined
  }

  /** Something else was said meanwhile. */
  goOn(): void {
    this.#asked = undefined
  }
}
