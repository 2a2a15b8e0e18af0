import { type ChildProcess, fork } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export type ToFlood =
  | { readonly _tag: "Call"; readonly nick: string }
  /** So many messages: as fast as they are taken, or `rate` a second. */
  | { readonly _tag: "Say"; readonly nick: string; readonly count: number; readonly rate?: number }

export type FromFlood =
  | { readonly _tag: "Listening"; readonly port: number }
  | { readonly _tag: "Answered" }
  /** Since it began. */
  | { readonly _tag: "Delivered"; readonly count: number }

/** The process of `Flood`. */
export class Flooding {
  static readonly #all = new Set<Flooding>()
  readonly #child: ChildProcess
  #delivered = 0
  #isAnswered = false
  #port: number | undefined
  #looks = () => {}

  static endAll(): void {
    for (const flooding of Flooding.#all) flooding.#child.kill("SIGKILL")
    Flooding.#all.clear()
  }

  constructor(home: string) {
    this.#child = fork(FLOOD, [home])
    Flooding.#all.add(this)
    this.#child.on("message", (message: FromFlood) => {
      if (message._tag === "Listening") this.#port = message.port
      if (message._tag === "Answered") this.#isAnswered = true
      if (message._tag === "Delivered") this.#delivered = message.count
      this.#looks()
    })
  }

  /** Where its server is. */
  async port(): Promise<number> {
    await this.#until(() => this.#port !== undefined)
    return this.#port!
  }

  call(nick: string): void {
    this.#isAnswered = false
    this.#tell({ _tag: "Call", nick })
  }

  /** The person that was called last has answered. */
  async answered(): Promise<void> {
    await this.#until(() => this.#isAnswered)
  }

  say(nick: string, count: number, rate?: number): void {
    this.#tell({ _tag: "Say", nick, count, ...(rate === undefined ? {} : { rate }) })
  }

  /** Done when so many more messages have been delivered than when it was called. */
  async delivers(count: number): Promise<void> {
    const all = this.#delivered + count
    await this.#until(() => this.#delivered >= all)
  }

  #tell(order: ToFlood): void {
    this.#child.send(order)
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const expired = setTimeout(() => reject(new Error("the sender of the messages has not got on")), LIMIT)
      this.#looks = () => {
        if (!holds()) return
        clearTimeout(expired)
        this.#looks = () => {}
        resolve()
      }
      this.#looks()
    })
  }
}

const FLOOD = join(dirname(fileURLToPath(import.meta.url)), "Flood.mjs")
/** ms: a hundred thousand messages on a busy machine. */
const LIMIT = 240_000
