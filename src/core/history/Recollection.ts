import type { MessageId } from "../../domain/MessageId.js"
import type { HistoryEntry } from "./HistoryEntry.js"
import type { HistoryMessage, HistoryPage } from "./HistoryPage.js"

export interface Wanted {
  /** Messages at most. */
  readonly limit: number
  /** Words that must all occur in the text, in upper or lower case. */
  readonly words?: ReadonlyArray<string>
  /** Only messages older than this, in ms since 1970 UTC. */
  readonly before?: number
}

/**
 * Goes through the history of one conversation backwards, because the entries that tell of a message's delivery and
 * reading stand after the message. Memory is bounded by `limit` messages, and by the ids of messages whose confirmation
 * was passed and which themselves were not reached yet.
 */
export class Recollection {
  readonly #wanted: Wanted
  /** Newest first. */
  readonly #found: Array<HistoryMessage> = []
  #more = 0
  readonly #delivered = new Set<MessageId>()
  readonly #marks = new Set<MessageId>()
  /** Whether a later message of ours was read: then all of ours before it were read, too. */
  #read = false
  #lastReceived: MessageId | undefined
  readonly #words: ReadonlyArray<string>

  constructor(wanted: Wanted) {
    this.#wanted = wanted
    this.#words = (wanted.words ?? []).map(fold)
  }

  /** Takes the entry that stands before those taken so far. */
  take(entry: HistoryEntry): void {
    switch (entry._tag) {
      case "Delivered":
        this.#delivered.add(entry.id)
        return
      case "Read":
        this.#marks.add(entry.id)
        return
      case "Received": {
        // A message stands twice in a row when a crash came after it was shown, and before that was written to the
        // journal: then it was shown again.
        const repeated = entry.id === this.#lastReceived
        this.#lastReceived = entry.id
        if (!repeated) this.#find(entry, "received", undefined, entry.writtenAt)
        return
      }
      case "Sent": {
        const isRead = this.#marks.delete(entry.id)
        if (isRead) this.#read = true
        // What was read was delivered, also where a killed program did not get to write that down.
        const delivered = this.#delivered.delete(entry.id) || isRead
        this.#find(entry, "sent", delivered ? (this.#read ? "read" : "delivered") : "sent")
      }
    }
  }

  get page(): HistoryPage {
    return { messages: this.#found.toReversed(), more: this.#more }
  }

  #find(
    { at, group, id, nick, text }: HistoryEntry & { readonly _tag: "Sent" | "Received" },
    direction: HistoryMessage["direction"],
    state: HistoryMessage["state"],
    writtenAt?: number
  ): void {
    if (this.#wanted.before !== undefined && at >= this.#wanted.before) return
    if (this.#words.length > 0) {
      const folded = fold(text)
      if (!this.#words.every((word) => folded.includes(word))) return
    }
    if (this.#found.length >= this.#wanted.limit) {
      this.#more++
      return
    }
    const written = writtenAt === undefined ? {} : { writtenAt }
    this.#found.push({ direction, id, nick, at, text, state, ...written, ...(group === undefined ? {} : { group }) })
  }
}

/**
 * The pages of several conversations as one, in order of time; each conversation keeps its own order, even where the
 * clock was set back in between. Each page is taken in by itself: of a thousand conversations there may be a million
 * messages, of which `limit` are wanted.
 */
export class Recollections {
  /** `latest`: when it happened, or anything before it in its conversation. */
  #found: ReadonlyArray<{ readonly message: HistoryMessage; readonly latest: number }> = []
  #more = 0

  constructor(private readonly limit: number) {}

  take({ messages, more }: HistoryPage): void {
    let latest = 0
    const taken = messages.map((message) => {
      latest = Math.max(latest, message.at)
      return { message, latest }
    })
    const all: Array<(typeof taken)[number]> = []
    for (let [at, beside] = [0, 0]; at < this.#found.length || beside < taken.length; ) {
      const [one, other] = [this.#found[at], taken[beside]]
      const isFound = other === undefined || (one !== undefined && one.latest <= other.latest)
      all.push(isFound ? one! : other)
      if (isFound) at++
      else beside++
    }
    const surplus = Math.max(0, all.length - this.limit)
    this.#found = all.slice(surplus)
    this.#more += more + surplus
  }

  get page(): HistoryPage {
    return { messages: this.#found.map(({ message }) => message), more: this.#more }
  }
}

/**
 * The form in which texts are compared without regard to case. It is composed (NFC), so that `é` is the same however it
 * was typed.
 */
const fold = (text: string): string => text.normalize("NFC").toLowerCase()
