import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"

/** Nicknames for completion, sanitized: the last `MAX_KNOWN` that were seen. */
export class KnownNicks {
  readonly #nicks = new Set<SafeText.SafeText>()
  /** Whom we talked to, the last one at the end. */
  readonly #recent = new Set<SafeText.SafeText>()

  add(nick: string): SafeText.SafeText {
    const safe = SafeText.line(nick, MAX_NICK)
    this.#nicks.delete(safe)
    this.#nicks.add(safe)
    if (this.#nicks.size > MAX_KNOWN) this.#nicks.delete(this.#nicks.values().next().value!)
    return safe
  }

  /** Something was said with somebody. */
  spoke(nick: string): void {
    const safe = this.add(nick)
    this.#recent.delete(safe)
    this.#recent.add(safe)
    if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.values().next().value!)
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

  /** Those that begin with `prefix`, whatever its case: whom we talked to last first, the others by the alphabet. */
  complete(prefix: string): ReadonlyArray<string> {
    const wanted = prefix.toLowerCase()
    const recent = [...this.#recent].reverse()
    const others = [...this.#nicks].filter((nick) => !this.#recent.has(nick)).sort(alphabet().compare)
    return [...recent, ...others].filter((nick) => nick.toLowerCase().startsWith(wanted))
  }
}

const alphabet = (): Intl.Collator => (made ??= new Intl.Collator())
let made: Intl.Collator | undefined

/** People that one talks to in turn. */
const MAX_RECENT = 64
/** Those of a large server's first page. */
const MAX_KNOWN = 1000
