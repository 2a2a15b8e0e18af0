import * as Either from "effect/Either"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"

/**
 * Whom we know, by identity: everybody whom our user has ever asked for, and whom they block. A nickname that somebody
 * was asked for under is theirs alone (docs/protocol.md §1.5): no other identity is taken for it before the user says
 * so. The profile keeps it all, sealed.
 */
export class Contacts {
  readonly #people = new Map<PeerId, Contact>()
  /** Whose a nickname is, by its key. */
  readonly #owners = new Map<string, PeerId>()
  /** The nicknames in `#owners` by what they look like, each with its key. */
  readonly #looks = new Map<string, Map<string, PeerId>>()
  readonly #byFingerprint = new Map<string, PeerId>()
  /** Blocked keys that were never seen, so that no more is known of them. */
  readonly #blocked = new Set<Fingerprint>()
  #revision = 0

  /** Of two that claim one nickname, the one who comes first has it. At most `MAX_CONTACTS` are taken. */
  constructor(people: ReadonlyArray<Contact> = [], blocked: ReadonlyArray<Fingerprint> = []) {
    for (const contact of people.slice(0, MAX_CONTACTS)) {
      const names = contact.names.slice(0, MAX_NAMES).filter((name) => !this.#owners.has(Nickname.key(name)))
      this.#people.set(contact.identity, { ...contact, names })
      this.#byFingerprint.set(contact.fingerprint, contact.identity)
      for (const name of names) this.#own(name, contact.identity)
    }
    for (const fingerprint of blocked.slice(0, MAX_CONTACTS)) this.#blocked.add(fingerprint)
  }

  get(peer: PeerId): Contact | undefined {
    return this.#people.get(peer)
  }

  /** Whose this nickname is. */
  owner(nick: string): Contact | undefined {
    const peer = this.#owners.get(Nickname.key(nick))
    return peer === undefined ? undefined : this.#people.get(peer)
  }

  /** Whose a nickname is that looks like this one; not the one who has this very nickname. */
  ownerOfLookalike(nick: string): Contact | undefined {
    const key = Nickname.key(nick)
    for (const [other, peer] of this.#looks.get(lookalikeOf(nick)) ?? [])
      if (other !== key) return this.#people.get(peer)
    return undefined
  }

  byFingerprint(fingerprint: string): Contact | undefined {
    const peer = this.#byFingerprint.get(fingerprint)
    return peer === undefined ? undefined : this.#people.get(peer)
  }

  /** In the order in which they became known. */
  all(): ReadonlyArray<Contact> {
    return [...this.#people.values()]
  }

  /** Whom our user has ever asked for, or taken a key of; not who was only blocked. */
  asked(): ReadonlyArray<PeerId> {
    return this.all()
      .filter(({ consented, lastTalked, names }) => consented || lastTalked !== undefined || names.length > 0)
      .map(({ identity }) => identity)
  }

  /** Keys that are blocked though nobody has shown them yet. */
  blockedKeys(): ReadonlyArray<Fingerprint> {
    return [...this.#blocked]
  }

  isBlocked(peer: PeerId, fingerprint: Fingerprint): boolean {
    return this.#people.get(peer)?.blockedAt !== undefined || this.isBlockedKey(fingerprint)
  }

  /** Whether this was blocked with `blockKey`. */
  isBlockedKey(fingerprint: string): boolean {
    return this.#blocked.has(fingerprint as Fingerprint)
  }

  /**
   * Makes somebody known, as they are called now; gives them with what was known before. `undefined`, and nothing is
   * remembered, when there are `MAX_CONTACTS` others.
   */
  meet({ fingerprint, nick, now, peer }: Acquaintance): Contact | undefined {
    const known = this.#people.get(peer)
    if (known !== undefined) return known
    if (this.#people.size >= MAX_CONTACTS) return undefined
    return this.#put({ identity: peer, fingerprint, nick, names: [], firstSeen: now, consented: false })
  }

  /** Gives somebody who is known a nickname, taking it from whoever had it. */
  name(peer: PeerId, nick: string): void {
    const known = this.#people.get(peer)
    if (known === undefined) return
    if (known.names[0] === nick && known.nick === nick) return
    const former = this.owner(nick)
    if (former !== undefined && former.identity !== peer) this.#put({ ...former, names: this.#without(former, nick) })
    const names = [nick, ...this.#without(known, nick)]
    // The first one is what our user met them as; of the others the latest count.
    const dropped = names.length > MAX_NAMES ? names.splice(MAX_NAMES - 1, names.length - MAX_NAMES) : []
    for (const name of dropped) this.#disown(name)
    this.#own(nick, peer)
    this.#put({ ...known, nick, names })
  }

  /** Changes what is known of somebody, if anything is. */
  update(peer: PeerId, change: Partial<Facts>): void {
    const known = this.#people.get(peer)
    if (known === undefined) return
    const isNews = (Object.keys(change) as Array<keyof Facts>).some((key) => known[key] !== change[key])
    if (isNews) this.#put({ ...known, ...change })
  }

  forget(peer: PeerId): void {
    const known = this.#people.get(peer)
    if (known === undefined) return
    for (const name of known.names) this.#disown(name)
    this.#people.delete(peer)
    this.#byFingerprint.delete(known.fingerprint)
    this.#revision++
  }

  /** Blocks a key that nobody has shown yet; `false` when `MAX_CONTACTS` are blocked so. */
  blockKey(fingerprint: Fingerprint): boolean {
    if (this.#blocked.size >= MAX_CONTACTS) return this.#blocked.has(fingerprint)
    this.#blocked.add(fingerprint)
    this.#revision++
    return true
  }

  /** Whether it was blocked. */
  unblockKey(fingerprint: Fingerprint): boolean {
    if (!this.#blocked.delete(fingerprint)) return false
    this.#revision++
    return true
  }

  /** Grows with each change, so that whoever writes it down knows whether there is something to write. */
  get revision(): number {
    return this.#revision
  }

  /** The nicknames of a contact but for this one, which is theirs no longer, however they wrote it. */
  #without({ names }: Contact, nick: string): Array<string> {
    const key = Nickname.key(nick)
    for (const name of names) if (Nickname.key(name) === key) this.#disown(name)
    return names.filter((name) => Nickname.key(name) !== key)
  }

  #own(name: string, peer: PeerId): void {
    const key = Nickname.key(name)
    const look = lookalikeOf(name)
    this.#owners.set(key, peer)
    this.#looks.set(look, (this.#looks.get(look) ?? new Map<string, PeerId>()).set(key, peer))
  }

  #disown(name: string): void {
    const key = Nickname.key(name)
    this.#owners.delete(key)
    const look = lookalikeOf(name)
    const others = this.#looks.get(look)
    others?.delete(key)
    if (others?.size === 0) this.#looks.delete(look)
  }

  #put(contact: Contact): Contact {
    this.#people.set(contact.identity, contact)
    this.#byFingerprint.set(contact.fingerprint, contact.identity)
    this.#revision++
    return contact
  }
}

/** Somebody we know. Times are ms since 1970 UTC. */
export interface Contact extends Facts {
  readonly identity: PeerId
  /** Of `identity`. */
  readonly fingerprint: Fingerprint
  /** The nicknames that are theirs alone, the latest first; at most `MAX_NAMES`. */
  readonly names: ReadonlyArray<string>
  readonly firstSeen: number
}

/** What changes about somebody. */
export interface Facts {
  /** What they were last called. */
  readonly nick: string
  /** When their key was last proven to us in a conversation that our user asked for. */
  readonly lastTalked?: number | undefined
  /** When our user compared the key with them. */
  readonly verifiedAt?: number | undefined
  readonly blockedAt?: number | undefined
  /** When our user chose this key, of two that were shown under a nickname. */
  readonly chosenAt?: number | undefined
  /** Our user asked for them, and has not taken that back since. */
  readonly consented: boolean
  /**
   * The key was verified, and then another one was shown under one of their nicknames: nothing goes to either before
   * the user has decided.
   */
  readonly disputed?: boolean | undefined
  /** The newest of their signed records that we have seen. */
  readonly record?: SeenRecord | undefined
}

export interface SeenRecord {
  readonly sequence: number
  /** The nickname in it. */
  readonly nick: string
  /** From then on it speaks against no other record. */
  readonly until: number
}

export interface Acquaintance {
  readonly peer: PeerId
  readonly fingerprint: Fingerprint
  readonly nick: string
  /** ms since 1970 UTC. */
  readonly now: number
}

const lookalikeOf = (nick: string): string =>
  Either.match(Nickname.parse(nick), { onLeft: () => Nickname.key(nick), onRight: ({ lookalike }) => lookalike })

/** People somebody has talked to in a lifetime, and some. Nobody is ever dropped to make room. */
export const MAX_CONTACTS = 10_000

/** Nicknames of one person that nobody else may have: people change theirs now and then. */
export const MAX_NAMES = 8
