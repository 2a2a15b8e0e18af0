import type { Entry } from "../../src/core/journal/Entry.js"
import { Ledger } from "../../src/core/journal/Ledger.js"
import type { JournalEntry } from "../../src/core/peer/Journal.js"
import type { PeerId } from "../../src/domain/PeerId.js"

/**
 * The journal of somebody, over all lives of the client: what is written outlives the process, and what is flushed the
 * power, too.
 */
export class BareJournal {
  readonly #lines: Array<Entry> = []
  #flushed = 0
  #ledger = new Ledger()

  /** The sum of all that is written. */
  get ledger(): Ledger {
    return this.#ledger
  }

  /** How many lines are written. */
  get length(): number {
    return this.#lines.length
  }

  write(entries: ReadonlyArray<JournalEntry>, nickOf: (peer: PeerId) => string | undefined): void {
    for (const entry of entries) {
      const nick = entry._tag === "Accepted" ? nickOf(entry.peer) : undefined
      if (entry._tag === "Accepted" && nick !== undefined)
        this.#add({ _tag: "Peer", peer: entry.peer, nick, nextSequence: entry.sequence })
      this.#add(entry._tag === "Shown" ? { _tag: "Shown", peer: entry.peer, ids: [entry.id] } : entry)
    }
  }

  /** The first `length` lines are flushed. */
  flushed(length: number): void {
    this.#flushed = Math.max(this.#flushed, length)
  }

  /** A program reads the file. A later one begins with what an earlier one has left. */
  open(): void {
    this.#ledger = new Ledger()
    for (const line of this.#lines) this.#ledger.apply(line)
  }

  /** The power fails: of what was not flushed, as many lines are left as `survive` says. Gives the others. */
  losePower(survive: (unflushed: number) => number): ReadonlyArray<Entry> {
    const lost = this.#lines.splice(this.#flushed + survive(this.#lines.length - this.#flushed))
    // What was found after a crash is on the disk.
    this.#flushed = this.#lines.length
    return lost
  }

  #add(line: Entry): void {
    this.#lines.push(line)
    this.#ledger.apply(line)
  }
}
