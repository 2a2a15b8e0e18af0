/** What two sides of a part tell each other beside the link that is measured: through their parent, one value after another. */
export class Pipe {
  private readonly waiting: Array<unknown> = []
  private wake: (() => void) | undefined

  constructor() {
    process.on("message", (value) => {
      this.waiting.push(value)
      this.wake?.()
    })
  }

  send(value: unknown): void {
    process.send!({ _tag: "Relay", value })
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
    process.send!({ _tag: "Figures", figures })
  }
}
