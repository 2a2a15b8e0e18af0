import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import * as Conversation from "./Conversation.js"

/**
 * The last `MAX_CONVERSATIONS` peers, and which of them plain text goes to. However a nickname is spelled, it is the
 * same peer.
 */
export class Conversations {
  readonly #byKey = new Map<string, Conversation.Conversation>()
  #focusedKey: string | undefined

  /** The conversation that plain text goes to. */
  get focused(): Conversation.Conversation | undefined {
    return this.#focusedKey === undefined ? undefined : this.#byKey.get(this.#focusedKey)
  }

  focus(nick: string): void {
    this.#focusedKey = Nickname.key(nick)
  }

  has(nick: string): boolean {
    return this.#byKey.has(Nickname.key(nick))
  }

  find(nick: string): Conversation.Conversation | undefined {
    return this.#byKey.get(Nickname.key(nick))
  }

  /**
   * The conversation with `nick`, which begins now if there is none. The focused one is never forgotten for another.
   */
  with(nick: string): Conversation.Conversation {
    const key = Nickname.key(nick)
    const found = this.#byKey.get(key)
    if (found !== undefined) return found
    const made = Conversation.make(SafeText.line(nick, MAX_NICK))
    this.#byKey.set(key, made)
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= MAX_CONVERSATIONS) break
      if (oldest !== this.#focusedKey && oldest !== key) this.#byKey.delete(oldest)
    }
    return made
  }

  remove(nick: string): void {
    const key = Nickname.key(nick)
    this.#byKey.delete(key)
    if (this.#focusedKey === key) this.#focusedKey = undefined
  }

  /** The oldest first. */
  all(): ReadonlyArray<Conversation.Conversation> {
    return [...this.#byKey.values()]
  }
}

/** A person keeps an eye on a few; a flood of strangers must not grow the memory. */
const MAX_CONVERSATIONS = 256
