import * as Either from "effect/Either"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_WATCH, MAX_WATCHED } from "../../protocol/Control.js"
import type { ClientContext } from "./ClientContext.js"
import type { Busy, NickInvalid } from "./ClientError.js"
import type { Contact } from "./Contacts.js"
import { nickInvalid, tooManyWatched } from "./ErrorTexts.js"

/**
 * Whose comings and goings the server is asked to tell: first those whom our user names, whom we have asked for (also
 * by their keys, whatever they call themselves), whom messages wait for, and who was asked for in vain; then those whom
 * our user knows, the ones talked to last first. So many as a session may watch, and everybody only while our user
 * wants that.
 *
 * A server that does not know how to watch nicknames watches everybody, and what it tells of others is left out here.
 * One that has no room for more (48 of each are granted, the rest as long as there is some) is asked again after a
 * while; until then those who come first take the places of the others.
 */
export class Interest {
  /** Named by our user, by key. */
  readonly #named = new Map<string, string>()
  /** Whom our user asked for last in vain. */
  readonly #missed = new Map<string, string>()
  /** What the server has been asked for in this session. */
  #watched: ReadonlyMap<string, string> = new Map()
  #watchesEverybody = false
  #isEverybodyWanted = false
  #knowsNicks = true
  /** How many the server has room for, as far as we know, and until when that is believed. */
  #room = MAX_WATCHED
  #roomUntil: number | undefined
  /** Of `#named`, `#missed` and `#isEverybodyWanted`. */
  #revision = 0
  /** Of all that counts, as of the last look. */
  #seen = NEVER_LOOKED
  #known: { readonly revision: number; readonly contacts: ReadonlyArray<Contact> } | undefined

  constructor(private readonly client: ClientContext) {}

  /** A new session with the server, which has been asked for nothing. */
  begin(): void {
    this.#watched = new Map()
    this.#watchesEverybody = false
    this.#knowsNicks = true
    this.#room = MAX_WATCHED
    this.#roomUntil = undefined
    this.#seen = NEVER_LOOKED
  }

  /** Watches this nickname too, or everybody; the error when it is none, or there are `MAX_NAMED` others. */
  watch(text: string | undefined): NickInvalid | Busy | undefined {
    if (text === undefined) this.#isEverybodyWanted = true
    else {
      const nick = Nickname.parse(text)
      if (Either.isLeft(nick)) return nickInvalid(nick.left)
      const { key } = nick.right
      if (this.#named.size >= MAX_NAMED && !this.#named.has(key)) return tooManyWatched(text)
      this.#named.set(key, nick.right.text)
    }
    this.#revision++
    return undefined
  }

  /** Takes `watch` back. Whom we talk to or know stays watched. */
  unwatch(text: string | undefined): void {
    if (text === undefined) this.#isEverybodyWanted = false
    else this.#named.delete(Nickname.key(text))
    this.#revision++
  }

  /** Our user asked for this nickname, and nobody has it: they are told when somebody comes who has. */
  missed(text: string): void {
    const nick = Nickname.parse(text)
    if (Either.isLeft(nick)) return
    this.#missed.delete(nick.right.key)
    this.#missed.set(nick.right.key, nick.right.text)
    if (this.#missed.size > MAX_MISSED) this.#missed.delete(this.#missed.keys().next().value!)
    this.#revision++
  }

  /** Whether our user is to be told of this nickname. */
  includes(nick: string): boolean {
    return this.#isEverybodyWanted || this.client.rendezvous.tellsAll || this.isWatched(nick)
  }

  /** Whether it is watched for its own sake. */
  isWatched(nick: string): boolean {
    return this.#watched.has(Nickname.key(nick))
  }

  /** The server watches everybody, because it does not know nicknames. */
  nicksUnknown(): void {
    this.#knowsNicks = false
    this.#watchesEverybody = true
  }

  /** The server does not tell of these. */
  refused(nicks: ReadonlyArray<string>, now: number): void {
    const refused = new Set(nicks)
    this.#watched = new Map([...this.#watched].filter(([, nick]) => !refused.has(nick)))
    this.#room = this.#watched.size
    this.#roomUntil = now + FULL
  }

  /** Whether the server has no room for all. */
  get isFull(): boolean {
    return this.#roomUntil !== undefined
  }

  handleTimeout(now: number): void {
    if (this.#roomUntil === undefined || now < this.#roomUntil) return
    this.#room = MAX_WATCHED
    this.#roomUntil = undefined
    this.#seen = NEVER_LOOKED
  }

  pollTimeout(): number | undefined {
    return this.#roomUntil
  }

  /** Asks the server for what is missing, if anything has changed; gives how many answers will tell who is here. */
  advance(now: number): number {
    const { conversations, own, pending, rendezvous } = this.client
    if (own.registration === undefined || !rendezvous.ready) return 0
    const seen = this.#revision + conversations.revision + pending.revision + (own.profile?.contacts.revision ?? 0)
    if (seen === this.#seen) return 0
    this.#seen = seen
    this.#askForEverybody(now)
    const wanted = this.#wanted(Nickname.key(own.registration.nick))
    const before = this.#watched
    this.#watched = wanted
    if (!this.#knowsNicks) return 0
    const gone = [...before].flatMap(([key, nick]) => (wanted.has(key) ? [] : [nick]))
    const fresh = [...wanted].flatMap(([key, nick]) => (before.has(key) ? [] : [nick]))
    for (const nicks of chunksOf(gone)) rendezvous.unwatch(nicks, { _tag: "Unwatch" }, now)
    const requests = chunksOf(fresh)
    for (const nicks of requests) rendezvous.watch(nicks, { _tag: "Watch", nicks }, now)
    return requests.length
  }

  #askForEverybody(now: number): void {
    const { rendezvous } = this.client
    if (this.#isEverybodyWanted === this.#watchesEverybody || !this.#knowsNicks) return
    this.#watchesEverybody = this.#isEverybodyWanted
    if (this.#watchesEverybody) rendezvous.watch(undefined, { _tag: "Watch", nicks: undefined }, now)
    else rendezvous.unwatch(undefined, { _tag: "Unwatch" }, now)
  }

  /** By key, but for our own. */
  #wanted(own: string): ReadonlyMap<string, string> {
    const found = new Map([...this.#named].filter(([key]) => key !== own).slice(0, this.#room))
    const add = (text: string) => {
      if (found.size >= this.#room) return
      const nick = Nickname.parse(text)
      if (Either.isRight(nick) && nick.right.key !== own && !found.has(nick.right.key))
        found.set(nick.right.key, nick.right.text)
    }
    const { conversations, pending } = this.client
    for (const { asked, called, listed, nick } of conversations.all())
      if (asked) for (const name of new Set([nick, called, listed])) add(name)
    // They are the same people under another nickname.
    for (const { asked, fingerprint } of conversations.all())
      if (asked && found.size < this.#room) found.set(fingerprint, fingerprint)
    for (const peer of pending.all()) add(pending.nickOf(peer) ?? "")
    for (const nick of this.#missed.values()) add(nick)
    for (const { nick, record } of this.#contacts())
      for (const name of new Set([nick, record?.nick ?? nick])) if (found.size < this.#room) add(name)
    return found
  }

  /** Those whom our user would like to see, the ones talked to last first. */
  #contacts(): ReadonlyArray<Contact> {
    const contacts = this.client.own.profile?.contacts
    if (contacts === undefined) return []
    if (this.#known?.revision === contacts.revision) return this.#known.contacts
    const known = contacts
      .all()
      .filter(
        ({ blockedAt, names, verifiedAt }) => blockedAt === undefined && (names.length > 0 || verifiedAt !== undefined)
      )
      .sort((one, other) => (other.lastTalked ?? other.firstSeen) - (one.lastTalked ?? one.firstSeen))
      .slice(0, MAX_WATCHED)
    this.#known = { revision: contacts.revision, contacts: known }
    return known
  }
}

/** As many as fit one request. */
const chunksOf = (nicks: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(nicks.length / MAX_WATCH) }, (_, at) =>
    nicks.slice(at * MAX_WATCH, (at + 1) * MAX_WATCH)
  )

const NEVER_LOOKED = -1

/** ms until a server that had no room is asked again: some have left by then. */
const FULL = 60_000

/** Named by our user; what is left is for those whom we talk to. */
const MAX_NAMED = 64

/** Asked for in vain, and still of interest. */
const MAX_MISSED = 16
