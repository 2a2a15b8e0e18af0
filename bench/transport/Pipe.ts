/**
 * What two sides of a part tell each other beside the link that is measured: through their parent, one value after
 * another.
 */
export class Pipe {
  private readonly waiting: Array<unknown> = []
  private wake: (() => void) | undefined

  constructor(
    /** Where the other side reaches this one: an IPv4 literal. */
    readonly address: string
  ) {
    process.on("message", (value) => {
      this.waiting.push(value)
      this.wake?.()
    })
  }

  send(value: unknown): void {
    process.send!({ _tag: "Relay", value } satisfies FromSide)
  }

  async receive<A>(): Promise<A> {
    while (this.waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    return this.waiting.shift() as A
  }

  /** Tells the parent what was measured. */
  report(figures: Readonly<Record<string, number>>): void {
    process.send!({ _tag: "Figures", figures } satisfies FromSide)
  }
}

/** From a side to the parent of both. */
export type FromSide =
  | { readonly _tag: "Relay"; readonly value: unknown }
  | { readonly _tag: "Figures"; readonly figures: Readonly<Record<string, number>> }
