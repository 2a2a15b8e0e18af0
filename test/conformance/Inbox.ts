import { Broken, waits } from "./Check.js"

/** What has come and was not taken yet, in order; it may be waited for. */
export class Inbox<A> {
  readonly #what: string
  #waiting: ReadonlyArray<A> = []
  #wake: () => void = () => {}
  #end: string | undefined

  /** `what` comes here, for messages: "message of the server". */
  constructor(what: string) {
    this.#what = what
  }

  put(one: A): void {
    this.#waiting = [...this.#waiting, one]
    this.#wake()
  }

  /** Nothing more comes, for this reason. */
  end(why: string): void {
    this.#end ??= why
    this.#wake()
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** Takes the first that fits, and leaves the others. */
  async take(fits: (one: A) => boolean = () => true, wanted = this.#what, ms = waits.patience): Promise<A> {
    const until = performance.now() + ms
    for (;;) {
      const at = this.#waiting.findIndex(fits)
      if (at >= 0) {
        const found = this.#waiting[at]!
        this.#waiting = this.#waiting.filter((_, i) => i !== at)
        return found
      }
      const left = until - performance.now()
      if (this.#end !== undefined) throw new Broken(`no ${wanted}: ${this.#end}${this.#seen()}`)
      if (left <= 0) throw new Broken(`no ${wanted} within ${ms / 1_000} s${this.#seen()}`)
      await this.#change(left)
    }
  }

  /** Nothing that fits comes for a while. */
  async none(fits: (one: A) => boolean, unwanted: string, ms = waits.silence): Promise<void> {
    const until = performance.now() + ms
    for (;;) {
      const found = this.#waiting.find(fits)
      if (found !== undefined) throw new Broken(`${unwanted}: ${text(found)}`)
      const left = until - performance.now()
      if (left <= 0 || this.#end !== undefined) return
      await this.#change(left)
    }
  }

  /** Resolves when nothing more comes. */
  async ended(otherwise: string, ms = waits.patience): Promise<void> {
    const until = performance.now() + ms
    while (this.#end === undefined) {
      const left = until - performance.now()
      if (left <= 0) throw new Broken(otherwise)
      await this.#change(left)
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #seen(): string {
    return this.#waiting.length === 0 ? "" : `; there was ${this.#waiting.slice(-3).map(text).join(", ")}`
  }
}

const text = (one: unknown): string => {
  const json = JSON.stringify(one) ?? String(one)
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json
}

const MAX_SHOWN = 160
