import { isOver, type Transfer } from "../../core/client/Transfer.js"
import * as Nickname from "../../domain/Nickname.js"
import * as Bar from "../files/Bar.js"
import * as Sentence from "../files/Sentence.js"
import type { Palette } from "./Palette.js"

/** Which transfers a command may mean. */
export type Fitting = (transfer: Transfer) => boolean

/**
 * The file transfers as the screen knows them: each has a small number that people type. Remembers the last `MAX_KNOWN`
 * of them, those that are over first to be forgotten.
 */
export class Transfers {
  readonly #known = new Map<string, { readonly number: number; latest: Transfer }>()
  #last = 0

  readonly #palette: Palette

  constructor(palette: Palette) {
    this.#palette = palette
  }

  /** Takes note of a transfer as it is now; what to say about it. */
  handle(transfer: Transfer): ReadonlyArray<string> {
    const palette = this.#palette
    const entry = this.#known.get(transfer.id)
    const number = entry?.number ?? ++this.#last
    const before = entry?.latest
    if (entry === undefined) this.#add(transfer, number)
    else entry.latest = transfer
    const name = `${palette.bold(`[${number}]`)} ${Sentence.title(transfer)}`
    if (before === undefined && transfer.direction === "in" && !isOver(transfer)) {
      const peer = palette.nick(Sentence.peerOf(transfer))
      return transfer.state === "offered"
        ? [
            palette.remark(`${peer} offers ${name}${Sentence.brings(transfer)}${Sentence.relayed(transfer)}`),
            palette.remark(
              `  type ${palette.bold(`/accept ${number}`)} to take it, or ${palette.bold(`/decline ${number}`)}`
            )
          ]
        : [palette.remark(`receiving ${name} from ${peer}`)]
    }
    const text = Sentence.news(before, transfer, name)
    if (text === undefined) return []
    return [transfer.state === "failed" ? `${palette.warn("*")} ${text}` : palette.remark(text)]
  }

  /** The transfer with this number; without one, the only one that fits. Otherwise what to say. */
  find(number: number | undefined, what: string, fits: Fitting): Transfer | string {
    if (number !== undefined) {
      const found = [...this.#known.values()].find((entry) => entry.number === number)
      if (found === undefined) return `there is no transfer ${number}; /files lists them`
      return fits(found.latest)
        ? found.latest
        : `[${number}] ${Sentence.title(found.latest)} is ${Sentence.state(found.latest)}`
    }
    const fitting = [...this.#known.values()].filter(({ latest }) => fits(latest))
    if (fitting.length === 1) return fitting[0]!.latest
    return fitting.length === 0
      ? `there is nothing to ${what}; /files lists all transfers`
      : `which one? type /${what} and one of ${fitting.map((entry) => entry.number).join(", ")}`
  }

  /** All that are remembered, one line each; without a bar, which says nothing read aloud, where they are `spoken`. */
  list(columns: number, spoken = false): ReadonlyArray<string> {
    if (this.#known.size === 0) return [this.#palette.dim("no files were sent or received")]
    return [...this.#known.values()].map(({ latest, number }) => {
      const label = `  [${number}] ${Bar.label(latest)}`
      return Bar.isRunning(latest)
        ? Bar.line(latest, label, columns - 1, spoken ? 0 : undefined)
        : `${label}  ${Sentence.state(latest)}`
    })
  }

  /** How many are not over: of all, or of those with somebody. */
  running(nick?: string): number {
    const key = nick === undefined ? undefined : Nickname.key(nick)
    return [...this.#known.values()].filter(
      ({ latest }) =>
        !isOver(latest) && latest.state !== "offered" && (key === undefined || Nickname.key(latest.nick) === key)
    ).length
  }

  /** The bottom lines: what is moving now, at most `MAX_SHOWN`. */
  status(columns: number): ReadonlyArray<string> {
    const running = [...this.#known.values()].filter(({ latest }) => Bar.isRunning(latest))
    const shown = running
      .slice(0, MAX_SHOWN)
      .map(({ latest, number }) => this.#palette.dim(Bar.line(latest, `[${number}] ${Bar.label(latest)}`, columns)))
    if (running.length > MAX_SHOWN) shown.push(this.#palette.dim(`and ${running.length - MAX_SHOWN} more: /files`))
    return shown
  }

  #add(latest: Transfer, number: number): void {
    this.#known.set(latest.id, { number, latest })
    if (this.#known.size <= MAX_KNOWN) return
    const over = [...this.#known].find(([, entry]) => isOver(entry.latest))
    this.#known.delete(over?.[0] ?? this.#known.keys().next().value!)
  }
}

/** Transfers with a number: more than the client has under way and lists at a time. */
const MAX_KNOWN = 256
/** Bottom lines for progress: they take their place from the conversation. */
const MAX_SHOWN = 3
