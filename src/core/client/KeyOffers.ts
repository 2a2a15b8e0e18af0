import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"

/**
 * The keys that were refused under nicknames which belong to others, until our user decides (`trust`). They name the
 * one they mean by its digits, so what was shown in between changes nothing.
 *
 * At most `MAX_NICKS` nicknames with `MAX_KEYS` keys each, the oldest go first; where keys were forgotten, only the
 * whole fingerprint names one of the others, since a few digits might have named those as well.
 */
export class KeyOffers {
  readonly #offers = new Map<string, Offers>()

  /** Whether this key is news under this nickname. */
  add(offer: KeyOffer): boolean {
    const key = Nickname.key(offer.nick)
    const offers = this.#offers.get(key) ?? { keys: new Map<PeerId, KeyOffer>(), forgotten: false }
    this.#offers.delete(key)
    this.#offers.set(key, offers)
    const isNews = !offers.keys.has(offer.peer)
    offers.keys.set(offer.peer, offer)
    for (const oldest of offers.keys.keys()) {
      if (offers.keys.size <= MAX_KEYS) break
      offers.keys.delete(oldest)
      offers.forgotten = true
    }
    for (const oldest of this.#offers.keys()) {
      if (this.#offers.size <= MAX_NICKS) break
      this.#offers.delete(oldest)
    }
    return isNews
  }

  /** All that were refused under this nickname, the latest last. */
  of(nick: string): ReadonlyArray<KeyOffer> {
    return [...(this.#offers.get(Nickname.key(nick))?.keys.values() ?? [])]
  }

  /** Those that these digits may mean. */
  find(nick: string, digits: string): ReadonlyArray<KeyOffer> {
    const isWhole = Fingerprint.parse(digits) !== undefined
    if (this.#offers.get(Nickname.key(nick))?.forgotten === true && !isWhole) return []
    return this.of(nick).filter(({ fingerprint }) => Fingerprint.beginsWith(fingerprint, digits))
  }

  /** Our user has decided about this nickname. */
  clear(nick: string): void {
    this.#offers.delete(Nickname.key(nick))
  }
}

/** A key that was shown under a nickname. */
export interface KeyOffer {
  readonly nick: string
  readonly peer: PeerId
  readonly fingerprint: Fingerprint.Fingerprint
}

interface Offers {
  readonly keys: Map<PeerId, KeyOffer>
  forgotten: boolean
}

/** A person decides about one nickname at a time; a rogue server could show any number. */
const MAX_NICKS = 256
/** Honest people lose their key once in years. */
const MAX_KEYS = 8
