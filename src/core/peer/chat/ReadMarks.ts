import type { MessageId } from "../../../domain/MessageId.js"

/**
 * Which messages of a conversation were read: of ours by them, and of theirs by us as far as they are to be told.
 * "Read" goes beyond "delivered": not the application, the person has done something after the message was on the
 * screen. A mark stands for a message and all before it, so that marks may be lost, repeated and left out without harm.
 */
export class ReadMarks {
  /** Ours that were delivered and not read, oldest first. */
  #unread: Array<MessageId> = []
  /** What the peer is to be told, in the order in which it was marked; at most `MAX_DUE`. */
  readonly #due: Array<MessageId> = []
  /** What it was told last. */
  #told: MessageId | undefined

  /** A message of ours was delivered. */
  onDelivered(id: MessageId): void {
    this.#unread.push(id)
    if (this.#unread.length >= 2 * MAX_UNREAD) this.#unread = this.#unread.slice(-MAX_UNREAD)
  }

  /**
   * The peer says that it has read up to here: whether that is news. It is none of a message that is not known to be
   * delivered.
   */
  onRead(id: MessageId): boolean {
    const at = this.#unread.lastIndexOf(id)
    if (at < 0) return false
    this.#unread.splice(0, at + 1)
    return true
  }

  /** Ours to tell: we have read up to here. */
  mark(id: MessageId): void {
    if (id === this.#told || this.#due.includes(id)) return
    this.#due.push(id)
    if (this.#due.length > MAX_DUE) this.#due.shift()
  }

  /** What the peer was told last may have been lost on the way. */
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
 * Ids remembered for the peer's marks: somebody who comes back after a day reads up to the newest, which is among the
 * last.
 */
const MAX_UNREAD = 512
/** Marks that wait to be sent: the newest of them says it all as long as an application marks in order. */
const MAX_DUE = 16
