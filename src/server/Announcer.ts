import type { Directory, PresenceChange } from "../core/rendezvous/Directory.js"
import type { Timed } from "../core/support/DeadlineWheel.js"
import { LinkedMap } from "../core/support/LinkedMap.js"
import type { Registration } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import { MAX_WATCH, MAX_WATCHED, type PresentNick } from "../protocol/Control.js"
import { encodeMessage, encodePresence } from "../protocol/ControlCodec.js"

/** Somebody who wants presence events. */
export interface Watcher {
  /**
   * Sends lines, which may be shared with other watchers and must be left as they are. `false`, and nothing sent, when
   * this one is too far behind to take them now.
   */
  readonly sendPresence: (lines: Uint8Array) => boolean
}

/**
 * Tells watchers who came and went: some of them of everybody, most of a few nicknames.
 *
 * Whoever watches everybody has a version up to which he has been told. Every `TICK_MS` those who were told longest ago
 * get what is new, as far as the budget of a tick goes: few watchers hear of everything within a tick, and thousands
 * take turns, each getting one piece for all that happened meanwhile. When too much has happened for that, one gets the
 * last event alone, and sees by its version that there is a gap: then the list is read again (docs/protocol.md §1.2).
 * So neither time nor bytes grow with the square of a crowd that comes back after a restart.
 *
 * Whoever watches nicknames is told of these, gathered over a tick, or over a second in a crowd, and once of each. A
 * fingerprint stands for whoever has it, under any nickname.
 *
 * Somebody who is too far behind is left for later, and never closed for events that he did not ask for one by one.
 */
export class Announcer implements Timed {
  readonly #directory: Directory
  /** The version up to which each has been told, in the order of the telling. */
  readonly #everybody = new LinkedMap<Watcher, number>()
  /** Of them, who did not take the last piece: they are asked again, and keep nobody else waiting. */
  readonly #behind = new LinkedMap<Watcher, number>()
  readonly #byNick = new Map<Watcher, Interest>()
  readonly #interested = new Map<string, Set<Interest>>()
  /** Of nicknames that many watch, those that something happened to, and who of them has not been told of it yet. */
  readonly #popular = new Map<string, Popular>()
  /** Of those who watch nicknames, who has something to hear, and since when, in the order of its happening. */
  readonly #pending = new LinkedMap<Interest, number>()
  /** The last lines, the first of them that of version `#version - #lines.length + 1`. */
  #lines: Array<string> = []
  #version = 0
  #interests = 0
  /** Of them, what is beyond the nicknames that everybody may watch. */
  #shared = 0
  #due: number | undefined

  constructor(directory: Directory) {
    this.#directory = directory
  }

  /** Those who watch everybody. */
  get size(): number {
    return this.#everybody.size + this.#behind.size
  }

  /** Watchers who did not take what they were told last, and those of nicknames who have not been told yet. */
  get waiting(): number {
    return this.#behind.size + this.#pending.size
  }

  /** Pairs of a watcher and a nickname. */
  get interests(): number {
    return this.#interests
  }

  /** From now on the watcher hears of everybody. */
  watchAll(watcher: Watcher): void {
    if (this.#directory.listing === "nobody" || this.#watchesAll(watcher)) return
    this.#everybody.set(watcher, this.#directory.version)
  }

  unwatchAll(watcher: Watcher): void {
    this.#everybody.delete(watcher)
    this.#behind.delete(watcher)
  }

  /**
   * From now on the watcher hears of these nicknames too; gives those of them that are here. `undefined`, with nothing
   * changed, when that would be more than one may watch, or all together.
   */
  watch(watcher: Watcher, keys: ReadonlyArray<string>): ReadonlyArray<PresentNick> | undefined {
    const interest = this.#byNick.get(watcher) ?? { watcher, keys: new Set(), pending: new Map() }
    const fresh = new Set(keys.filter((key) => !interest.keys.has(key)))
    const shared = beyondOwn(interest.keys.size + fresh.size) - beyondOwn(interest.keys.size)
    if (interest.keys.size + fresh.size > MAX_WATCHED) return undefined
    if (shared > 0 && this.#shared + shared > MAX_SHARED) return undefined
    this.#shared += shared
    this.#byNick.set(watcher, interest)
    for (const key of fresh) {
      interest.keys.add(key)
      this.#interests++
      const watchers = this.#interested.get(key)
      if (watchers === undefined) this.#interested.set(key, new Set([interest]))
      else watchers.add(interest)
    }
    const here: Array<PresentNick> = []
    const found = new Set<Registration>()
    for (const key of new Set(keys)) {
      const registration = this.#directory.get(key) ?? this.#directory.ofFingerprint(key)
      interest.pending.delete(registration?.nickname.key ?? key)
      if (registration !== undefined && !found.has(registration)) here.push(presentNick(registration))
      if (registration !== undefined) found.add(registration)
    }
    return here
  }

  unwatch(watcher: Watcher, keys: Iterable<string>): void {
    const interest = this.#byNick.get(watcher)
    if (interest === undefined) return
    for (const key of [...keys]) {
      const before = beyondOwn(interest.keys.size)
      if (!interest.keys.delete(key)) continue
      this.#interests--
      this.#shared -= before - beyondOwn(interest.keys.size)
      interest.pending.delete(key)
      const watchers = this.#interested.get(key)
      watchers?.delete(interest)
      if (watchers?.size === 0) this.#interested.delete(key)
    }
    if (interest.keys.size === 0) this.#byNick.delete(watcher)
  }

  /** Whether this watcher wants to hear of the nickname of this key. */
  watches(watcher: Watcher, key: string): boolean {
    return this.#byNick.get(watcher)?.keys.has(key) === true
  }

  /** The watcher is gone. */
  remove(watcher: Watcher): void {
    this.unwatchAll(watcher)
    const interest = this.#byNick.get(watcher)
    if (interest === undefined) return
    this.#pending.delete(interest)
    this.unwatch(watcher, interest.keys)
  }

  /**
   * To be called with each change of the directory. `former`: what the session had before. When the same identity goes
   * on under another nickname, those who watched the one before are told of it too.
   */
  announce(change: PresenceChange, now: number, former?: Registration): void {
    const { identity, nickname } = change.registration
    if (isRename(former, change.registration)) this.#rename(former!.nickname.key, change.registration)
    this.#note(nickname.key, change, now)
    if (identity !== undefined) this.#note(identity.fingerprint, change, now)
    if (this.size === 0) this.#lines = []
    else {
      // After a jump of the version the lines before it are of no use.
      if (change.version !== this.#version + 1) this.#lines = []
      this.#lines.push(encodeChange(change, this.#directory.shownAddress(change.registration)))
      if (this.#lines.length > 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES)
    }
    this.#version = change.version
    if (this.size > 0 || this.#pending.size > 0 || this.#popular.size > 0) this.#due ??= now + TICK_MS
  }

  handleTimeout(now: number): void {
    this.#due = undefined
    this.#notePopular(now)
    this.#tellEverybody(this.#tellInterested(BUDGET, now))
    const told = this.#everybody.oldest()?.value ?? this.#version
    if (told < this.#version || this.#behind.size > 0 || this.#pending.size > 0 || this.#popular.size > 0)
      this.#due = now + TICK_MS
  }

  pollTimeout(): number | undefined {
    return this.#due
  }

  /**
   * What is left of the budget. In a crowd everybody waits a little longer, and hears of more at once: those who come
   * back after a restart know one another, and a line for each of twenty would cost more than their registration.
   */
  #tellInterested(budget: number, now: number): number {
    const before = this.#pending.size > BUDGET ? now - CROWD_MS : now
    let left = budget
    for (let turn = Math.min(this.#pending.size, budget); turn > 0 && left > 0; turn--) {
      const { key: interest, value: since } = this.#pending.oldest()!
      if (since > before) break
      this.#pending.delete(interest)
      // Nothing any more: it has stopped watching meanwhile.
      if (interest.pending.size === 0 || interest.keys.size === 0) continue
      left -= 1 + Math.floor(interest.pending.size / NICKS_PER_PIECE)
      const told = interest.watcher.sendPresence(Bytes.fromText(encodeChanges(interest.pending.values())))
      if (told) interest.pending.clear()
      else this.#pending.set(interest, now)
    }
    return left
  }

  #tellEverybody(budget: number): void {
    const pieces = new Map<number, Uint8Array>()
    let left = budget
    for (let turn = Math.min(this.#behind.size, MAX_ASKED_AGAIN); turn > 0 && left > 0; turn--) {
      left -= this.#tell(this.#behind, pieces, MAX_TOLD_BEHIND)
    }
    while (left > 0 && (this.#everybody.oldest()?.value ?? this.#version) < this.#version) {
      left -= this.#tell(this.#everybody, pieces, MAX_TOLD)
    }
  }

  /** Tells the first of these what is new, if it is at most so much; gives what it cost. */
  #tell(watchers: LinkedMap<Watcher, number>, pieces: Map<number, Uint8Array>, most: number): number {
    const { key: watcher, value: told } = watchers.oldest()!
    const news = this.#version - told
    const isWhole = news <= most && news <= this.#lines.length
    const from = this.#lines.length - (isWhole ? news : 1)
    const piece = pieces.get(from) ?? Bytes.fromText(this.#lines.slice(from).join(""))
    pieces.set(from, piece)
    watchers.delete(watcher)
    if (watcher.sendPresence(piece)) this.#everybody.set(watcher, this.#version)
    else this.#behind.set(watcher, told)
    // Whoever sees a gap reads the list again, and each page costs so much.
    return isWhole ? 1 : 1 + Math.ceil(this.#directory.size / ENTRIES_PER_PAGE) * COST_OF_PAGE
  }

  /** For those who watch this nickname or this fingerprint. */
  #note(key: string, change: PresenceChange, now: number): void {
    const interested = this.#interested.get(key)
    if (interested === undefined) return
    const popular = this.#popular.get(key)
    if (popular === undefined && interested.size <= MANY) {
      for (const interest of interested) this.#noteFor(interest, change, now)
      return
    }
    // What is under way goes to the rest as it is now, and then to those who had it as it was.
    if (popular === undefined) this.#popular.set(key, { news: new Map(), rest: interested.values(), isStale: false })
    else popular.isStale = true
    this.#popular.get(key)!.news.set(change.registration.nickname.key, change)
  }

  /** Whoever comes and goes under a nickname that thousands watch makes no more work in a tick than others. */
  #notePopular(now: number): void {
    let left = NOTES
    for (const [key, popular] of this.#popular) {
      for (let next = popular.rest.next(); ; next = popular.rest.next()) {
        if (next.done === true) {
          const interested = this.#interested.get(key)
          if (!popular.isStale || interested === undefined) this.#popular.delete(key)
          else Object.assign(popular, { rest: interested.values(), isStale: false })
          break
        }
        for (const news of popular.news.values()) this.#noteFor(next.value, news, now)
        left -= popular.news.size
        if (left <= 0) return
      }
    }
  }

  #noteFor(interest: Interest, news: PresenceNews, now: number): void {
    if (this.size > 0 && this.#watchesAll(interest.watcher)) return
    interest.pending.set(news.registration.nickname.key, news)
    // Whoever has had something to hear waits already.
    if (interest.pending.size === 1 && !this.#pending.has(interest)) this.#pending.set(interest, now)
  }

  #rename(former: string, registration: Registration): void {
    const popular = this.#popular.get(former)?.news
    const interested = popular === undefined ? (this.#interested.get(former) ?? []) : []
    for (const news of [popular, ...[...interested].map(({ pending }) => pending)]) {
      const left = news?.get(former)
      if (left?._tag === "Left") news?.set(former, { ...left, renamed: registration })
    }
  }

  #watchesAll(watcher: Watcher): boolean {
    return this.#everybody.has(watcher) || this.#behind.has(watcher)
  }
}

/** Nobody sees whether somebody came a twentieth of a second earlier. */
const TICK_MS = 20

/** Pieces sent in one tick, some 4 ms of work: a fifth of a core at most goes into presence. */
const BUDGET = 200

/** A line of so many costs twice as much as one of a single nickname. */
const NICKS_PER_PIECE = 32

/** ms from the first event to the line that tells it, when more wait than are told in one tick. */
const CROWD_MS = 1_000

/** Of those who are behind, in one tick. */
const MAX_ASKED_AGAIN = 20

/** Events for one watcher in one piece; reading the list again is cheaper for him than more of them. */
const MAX_TOLD = 100

/** The same for one who could not take it: what is too large for his queue now must not be tried for ever. */
const MAX_TOLD_BEHIND = 8

/** Lines remembered for those who have not been told yet: some 30 KB. */
const MAX_LINES = 256

/** Of the list, by which its reading is judged. */
const ENTRIES_PER_PAGE = 100
const COST_OF_PAGE = 4

/** Of one nickname: for more of them what happened is noted a part at a time. */
const MANY = 64

/** In one tick: half a millisecond. */
const NOTES = 2_000

/** Nicknames that each may watch, whatever others do, two requests of them: for ten thousand about 75 MB. */
export const OWN_SHARE = 2 * MAX_WATCH

/** Beyond those, of all watchers together, about 30 MB: who has many connections may leave nothing of it. */
export const MAX_SHARED = 196_608

const beyondOwn = (size: number): number => Math.max(0, size - OWN_SHARE)

interface Popular {
  /** What happened last to each nickname. */
  readonly news: Map<string, PresenceNews>
  /** Those who have not got it yet. */
  rest: Iterator<Interest>
  /** Something has happened since it went to the first of them. */
  isStale: boolean
}

interface Interest {
  readonly watcher: Watcher
  readonly keys: Set<string>
  /** What happened last to each nickname that something happened to. */
  readonly pending: Map<string, PresenceNews>
}

interface PresenceNews extends PresenceChange {
  /** Whoever left only took another nickname, and this is it. */
  readonly renamed?: Registration
}

/** Whether the same identity goes on under another nickname. */
const isRename = (former: Registration | undefined, { identity, nickname }: Registration): boolean =>
  former !== undefined &&
  identity !== undefined &&
  former.identity?.key === identity.key &&
  former.nickname.key !== nickname.key

const encodeChange = ({ _tag, registration, version }: PresenceChange, address: string): string => {
  const { identity, nickname } = registration
  return encodeMessage({ _tag, version, nick: nickname.text, address, fingerprint: identity?.fingerprint ?? "" })
}

const encodeChanges = (changes: Iterable<PresenceNews>): string => {
  const here: Array<string> = []
  const gone: Array<string> = []
  for (const { _tag, registration, renamed } of changes) {
    if (renamed !== undefined) here.push(encodePresent(renamed))
    if (_tag === "Left") gone.push(JSON.stringify(registration.nickname.text))
    else here.push(encodePresent(registration))
  }
  return encodePresence(here, gone)
}

/** Once for all who are told of it. */
const encodePresent = (registration: Registration): string => {
  const known = encoded.get(registration)
  if (known !== undefined) return known
  const json = JSON.stringify(presentNick(registration))
  encoded.set(registration, json)
  return json
}

const encoded = new WeakMap<Registration, string>()

const presentNick = ({ identity, nickname }: Registration): PresentNick =>
  identity === undefined ? { nick: nickname.text } : { nick: nickname.text, fingerprint: identity.fingerprint }
