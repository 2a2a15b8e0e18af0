import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import * as Conversation from "./Conversation.js"

/**
 * The last `MAX_CONVERSATIONS` peers, and which of them plain text goes to. However a nickname is spelled, it is the
 * same peer. Each has the lowest number that was free when it came.
 */
export class Conversations {
  readonly #byKey = new Map<string, Conversation.Conversation>()
  #focusedKey: string | undefined

  /** The conversation that plain text goes to. */
  get focused(): Conversation.Conversation | undefined {
    return this.#focusedKey === undefined ? undefined : this.#byKey.get(this.#focusedKey)
  }

  /** `undefined` for none. */
  focus(nick: string | undefined): void {
    this.#focusedKey = nick === undefined ? undefined : Nickname.key(nick)
  }

  has(nick: string): boolean {
    return this.#byKey.has(Nickname.key(nick))
  }

  find(nick: string): Conversation.Conversation | undefined {
    return this.#byKey.get(Nickname.key(nick))
  }

  numbered(number: number): Conversation.Conversation | undefined {
    return this.all().find((one) => one.number === number)
  }

  /**
   * The conversation with `nick`, which begins now if there is none. The focused one is never forgotten for another.
   */
  with(nick: string): Conversation.Conversation {
    const key = Nickname.key(nick)
    const found = this.#byKey.get(key)
    if (found !== undefined) return found
    if (this.#byKey.size >= MAX_CONVERSATIONS) this.#forgetOne()
    const made = Conversation.make(SafeText.line(nick, MAX_NICK), this.#freeNumber())
    this.#byKey.set(key, made)
    return made
  }

  remove(nick: string): void {
    const key = Nickname.key(nick)
    this.#byKey.delete(key)
    if (this.#focusedKey === key) this.#focusedKey = undefined
  }

  /** What has not arrived there never will. */
  dropped(nick: string): void {
    const peer = this.find(nick)
    if (peer === undefined) return
    for (const sent of peer.undelivered.values()) sent.state = "dropped"
    peer.undelivered.clear()
    peer.kept = undefined
    peer.overdue = false
  }

  /** The oldest first. */
  all(): ReadonlyArray<Conversation.Conversation> {
    return [...this.#byKey.values()]
  }

  /** Those with news, what matters most first, and of that the oldest. */
  withNews(): ReadonlyArray<Conversation.Conversation> {
    return this.all()
      .filter(({ news }) => news.weight > Conversation.Weight.none)
      .sort((one, other) => other.news.weight - one.news.weight || one.news.since - other.news.since)
  }

  /** Lets the oldest go that we have not asked for, or else the oldest. */
  #forgetOne(): void {
    const others = [...this.#byKey].filter(([key]) => key !== this.#focusedKey)
    const [key] = others.find(([, { asked }]) => !asked) ?? others[0]!
    this.#byKey.delete(key)
  }

  #freeNumber(): number {
    const used = new Set(this.all().map(({ number }) => number))
    let number = 1
    while (used.has(number)) number++
    return number
  }
}

/** A person keeps an eye on a few; a flood of strangers must not grow the memory. */
const MAX_CONVERSATIONS = 256
