import type { MessageId } from "../../../domain/MessageId.js"

/**
 * Which messages of a conversation were read: which of ours the peer has read, and which of the peer's it is to be told
 * that we have read. "Delivered" says that the application has shown a message. "Read" says more: the person did
 * something after it was on the screen. A mark stands for a message and all before it, so marks may be lost, repeated
 * and left out without harm.
 */
export class ReadMarks {
  /** Messages of ours that were delivered and not read, oldest first. */
  #unread: Array<MessageId> = []
  /** Messages that the peer is to be told we have read, in the order in which they were marked; at most `MAX_DUE`. */
  readonly #due: Array<MessageId> = []
  /** The message that the peer was told last. */
  #told: MessageId | undefined

  /** A message of ours was delivered. */
  onDelivered(id: MessageId): void {
    this.#unread.push(id)
    if (this.#unread.length >= 2 * MAX_UNREAD) this.#unread = this.#unread.slice(-MAX_UNREAD)
  }

  /**
   * The peer says that it has read our messages up to this one. `true` when that is news; it is none for a message that
   * is not known to be delivered.
   */
  onRead(id: MessageId): boolean {
    const at = this.#unread.lastIndexOf(id)
    if (at < 0) return false
    this.#unread.splice(0, at + 1)
    return true
  }

  /** We have read up to this message of the peer's, which is to be told. */
  mark(id: MessageId): void {
    if (id === this.#told || this.#due.includes(id)) return
    this.#due.push(id)
    if (this.#due.length > MAX_DUE) this.#due.shift()
  }

  /** The last mark may have been lost on its way: it is sent again, unless a later one follows. */
  repeat(): void {
    const told = this.#told
    this.#told = undefined
    if (told !== undefined && !this.#due.includes(told)) this.#due.unshift(told)
    if (this.#due.length > MAX_DUE) this.#due.shift()
  }

  /** The next mark to send; none while its message is among the `unconfirmed`. */
  take(unconfirmed: { readonly has: (id: MessageId) => boolean }): MessageId | undefined {
    const id = this.#due[0]
    if (id === undefined || unconfirmed.has(id)) return undefined
    this.#due.shift()
    this.#told = id
    return id
  }
}

/**
 * Ids remembered for the peer's marks: a person who comes back after a day reads up to the newest message, which is
 * among the last.
 */
const MAX_UNREAD = 512
/** Marks that wait to be sent. As long as an application marks in order, the newest one includes all others. */
const MAX_DUE = 16
