import type { MessageId } from "../../src/domain/MessageId.js"
import type { Ledger } from "./Ledger.js"

/**
 * The reference model of what is said in one group: each text is shown to each member that it was taken for, once and
 * in its author's order, whoever joins or leaves meanwhile; nobody else is shown it; and delivery is told for each.
 * Breaks of it are told to the ledger of all.
 */
export class GroupLedger {
  readonly stats = { accepted: 0, shown: 0, delivered: 0 }
  readonly #lines: Array<Line> = []
  readonly #byId = new Map<MessageId, Line>()

  constructor(private readonly ledger: Ledger) {}

  /** Whether this is the text of a group. */
  isOfGroup(text: string): boolean {
    return text.startsWith(MARK)
  }

  /** The user is about to say something to the group: the text to say. */
  compose(name: string, filler: string): string {
    const text = `${MARK}${name}#${this.#lines.length}} ${filler}`
    const life = this.ledger.lifeOf(name)
    this.#lines.push({ from: name, text, number: this.#lines.length, life, copies: new Map() })
    return text
  }

  accepted(text: string, id: MessageId, to: ReadonlyArray<string>): void {
    const line = this.#lines.find((each) => each.text === text)!
    for (const reader of to)
      line.copies.set(reader, { shownIn: new Set(), deliveredIn: undefined, isGone: false, forgotten: new Set() })
    this.#byId.set(id, line)
    this.stats.accepted += to.length
  }

  shown(name: string, from: string, text: string): void {
    const line = this.#lines.find((each) => each.text === text)
    const copy = line?.copies.get(name)
    if (line?.from !== from || copy === undefined) {
      this.#broken(`${name} is shown ${text.slice(0, 40)} as of ${from}, which was not for ${name}`)
      return
    }
    const life = this.ledger.lifeOf(name)
    this.stats.shown++
    if (copy.shownIn.has(life)) this.#broken(`#${line.number} of ${from} is shown to ${name} twice`)
    if (copy.deliveredIn !== undefined) this.#broken(`#${line.number} is shown to ${name} again after its delivery`)
    copy.shownIn.add(life)
    for (const other of this.#lines) {
      const mine = other.from === from ? other.copies.get(name) : undefined
      if (mine === undefined || mine.isGone) continue
      if (other.number < line.number && mine.shownIn.size === 0)
        this.#broken(`#${line.number} of ${from} is shown to ${name}, but #${other.number} before it was not`)
      if (other.number > line.number && mine.shownIn.has(life))
        this.#broken(`#${line.number} of ${from} is shown to ${name} after #${other.number}`)
    }
  }

  delivered(name: string, reader: string, id: MessageId): void {
    const line = this.#byId.get(id)
    const copy = line?.from === name ? line.copies.get(reader) : undefined
    if (line === undefined || copy === undefined) {
      this.#broken(`${name} learns that ${id} was delivered to ${reader}, and never sent it`)
      return
    }
    const life = this.ledger.lifeOf(name)
    this.stats.delivered++
    if (copy.deliveredIn === life) this.#broken(`#${line.number} counts as delivered to ${reader} twice`)
    if (copy.shownIn.size === 0) this.#broken(`#${line.number} counts as delivered to ${reader}, who was not shown it`)
    copy.deliveredIn = life
  }

  /** As `Ledger.forgets`, of the copy for `reader`. */
  forgets(what: "accepted" | "shown" | "delivered", id: MessageId, reader: string): void {
    const copy = this.#byId.get(id)?.copies.get(reader)
    if (copy === undefined) return
    if (what === "accepted") copy.isGone = true
    else copy.forgotten.add(what)
    if (copy.forgotten.size === 2) copy.deliveredIn = undefined
  }

  /** How many texts have to reach somebody yet. */
  get outstanding(): number {
    let count = 0
    for (const { copies, from, life } of this.#lines)
      for (const { deliveredIn, isGone, shownIn } of copies.values())
        if (!isGone && deliveredIn === undefined && (shownIn.size === 0 || this.ledger.lifeOf(from) === life)) count++
    return count
  }

  #broken(what: string): void {
    this.ledger.broken("groups", what)
  }
}

interface Line {
  readonly from: string
  readonly text: string
  readonly number: number
  /** Of the author, when it was written. */
  readonly life: number
  /** By reader. */
  readonly copies: Map<string, Copy>
}

interface Copy {
  /** Lives of the reader that were shown it. */
  readonly shownIn: Set<number>
  /** The life of the author that was told of the delivery last. */
  deliveredIn: number | undefined
  /** Lost with the power before it was flushed: it may have left or not. */
  isGone: boolean
  /** What its reader and its author have forgotten of it. */
  readonly forgotten: Set<"shown" | "delivered">
}

/** What is said to one alone begins otherwise. */
const MARK = "{club:"
