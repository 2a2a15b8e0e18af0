import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"

/** Nicknames for completion, sanitized: the last `MAX_KNOWN` that were seen. */
export class KnownNicks {
  readonly #nicks = new Set<SafeText.SafeText>()

  add(nick: string): SafeText.SafeText {
    const safe = SafeText.line(nick, MAX_NICK)
    this.#nicks.delete(safe)
    this.#nicks.add(safe)
    if (this.#nicks.size > MAX_KNOWN) this.#nicks.delete(this.#nicks.values().next().value!)
    return safe
  }

  /** Gives it as it is to be shown. */
  remove(nick: string): SafeText.SafeText {
    const safe = SafeText.line(nick, MAX_NICK)
    this.#nicks.delete(safe)
    return safe
  }

  has(nick: string): boolean {
    return this.#nicks.has(SafeText.line(nick, MAX_NICK))
  }

  /** Those that begin with `prefix`, whatever its case, sorted. */
  complete(prefix: string): ReadonlyArray<string> {
    const wanted = prefix.toLowerCase()
    return [...this.#nicks].filter((nick) => nick.toLowerCase().startsWith(wanted)).sort()
  }
}

/** Those of a large server's first page. */
const MAX_KNOWN = 1000
