import * as Either from "effect/Either"
import { FORGET_MS, MAX_DAYS, MAX_KEPT, MAX_OF_ONE, NEWCOMERS, SEEN_EVERY_MS } from "../../domain/Keeping.js"
import * as Nickname from "../../domain/Nickname.js"
import { LinkedMap } from "../support/LinkedMap.js"
import { TokenBucket } from "../support/TokenBucket.js"

/** A nickname that is kept for an identity while nobody uses it. */
export interface KeptName {
  readonly nick: string
  /** Ed25519 public key, base64url. */
  readonly identity: string
  /** When the identity last came under this name, ms since 1970 UTC. */
  readonly seen: number
  /** On how many days it came, as far as they are counted. */
  readonly days: number
}

/**
 * Nicknames that belong to identities over quits and restarts: first come, first served. Pure; `wall` is ms since 1970
 * UTC. Whoever registers a name with an identity has it from then on, as long as the identity comes back now and then;
 * nobody else gets it, nor one that looks like it. An identity has a few names at most, the newest ones.
 *
 * All together are bounded. Whoever came on fewer days makes room for whoever came on more, and among those the one who
 * was away longest; and no more than so many new ones are taken in a day. So a flood of fresh identities, which cost
 * nothing, takes nobody's name who ever came back, and needs weeks to fill what is left.
 */
export class KeptNames {
  readonly #byKey = new Map<string, Kept>()
  /** By the days that they came on, those first who were away longest. */
  readonly #byDays = Array.from({ length: MAX_DAYS }, () => new LinkedMap<string, Kept>())
  readonly #newcomers = new TokenBucket(NEWCOMERS, 0)
  readonly #byLookalike = new Map<string, Kept>()
  readonly #byIdentity = new Map<string, Set<Kept>>()
  #version = 0

  /** Grows with each change that is to be written down. */
  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#byKey.size
  }

  /** Who this nickname, or one that looks like it, is kept for. */
  ownersOf({ key, lookalike }: Nickname.Nickname): ReadonlyArray<string> {
    const owners = [this.#byKey.get(key), this.#byLookalike.get(lookalike)]
    return owners.flatMap((kept) => (kept === undefined ? [] : [kept.identity]))
  }

  /** Whether a name is kept for this identity. */
  knows(identity: string): boolean {
    return this.#byIdentity.has(identity)
  }

  /** The identity has registered this nickname, which is not kept for anybody else. */
  keep(nickname: Nickname.Nickname, identity: string, wall: number): void {
    const known = this.#byKey.get(nickname.key)
    const alike = this.#byLookalike.get(nickname.lookalike)
    const isToday = known !== undefined && wall - known.seen < SEEN_EVERY_MS
    if (known === undefined && alike === undefined && this.#newcomers.take(wall) > 0) return
    // Being seen again is written down once in a while.
    if (!isToday || known.nick !== nickname.text) this.#version++
    const days = known === undefined ? 1 : Math.min(MAX_DAYS, known.days + (isToday ? 0 : 1))
    this.#put(nickname, { nick: nickname.text, identity, seen: isToday ? known.seen : wall, days })
  }

  /** The name is nobody's again; whether it was somebody's. */
  release(nickname: Nickname.Nickname): boolean {
    const kept = [this.#byKey.get(nickname.key), this.#byLookalike.get(nickname.lookalike)]
    for (const old of kept) if (old !== undefined) this.#drop(old)
    if (kept.every((old) => old === undefined)) return false
    this.#version++
    return true
  }

  #put(nickname: Nickname.Nickname, { days, identity, nick, seen }: KeptName): void {
    for (const old of [this.#byKey.get(nickname.key), this.#byLookalike.get(nickname.lookalike)])
      if (old !== undefined) this.#drop(old)
    const kept = { nick, identity, seen, days, key: nickname.key, lookalike: nickname.lookalike }
    this.#byKey.set(kept.key, kept)
    this.#byDays[days - 1]!.set(kept.key, kept)
    this.#byLookalike.set(kept.lookalike, kept)
    const own = this.#byIdentity.get(identity) ?? new Set()
    this.#byIdentity.set(identity, own.add(kept))
    const [oldest] = own
    if (own.size > MAX_OF_ONE && oldest !== undefined) this.#drop(oldest)
    if (this.#byKey.size <= MAX_KEPT) return
    const least = this.#byDays.find(({ size }) => size > 0)?.oldest()?.value
    if (least !== undefined) this.#drop(least)
  }

  /** All names, those first that make room first: one a line, as JSON. */
  encode(): string {
    let text = ""
    for (const names of this.#byDays)
      for (const [, { days, identity, nick, seen }] of names)
        text += `${JSON.stringify({ nick, identity, seen, days })}\n`
    return text
  }

  /**
   * Takes in what `encode` gave, less the names whose owners were away for too long; gives how many lines were none.
   */
  decode(text: string, wall: number): number {
    let bad = 0
    for (const line of text.split("\n")) {
      if (line === "") continue
      const kept = parse(line)
      const nickname = kept && Nickname.parse(kept.nick)
      if (kept === undefined || nickname === undefined || Either.isLeft(nickname)) bad++
      else if (wall - kept.seen < FORGET_MS && this.ownersOf(nickname.right).length === 0) {
        // Written while the clock was ahead: it must not be kept for ever.
        this.#put(nickname.right, { ...kept, nick: nickname.right.text, seen: Math.min(kept.seen, wall) })
      }
    }
    return bad
  }

  #drop(kept: Kept): void {
    this.#byKey.delete(kept.key)
    this.#byDays[kept.days - 1]!.delete(kept.key)
    this.#byLookalike.delete(kept.lookalike)
    const own = this.#byIdentity.get(kept.identity)
    own?.delete(kept)
    if (own?.size === 0) this.#byIdentity.delete(kept.identity)
  }
}

interface Kept extends KeptName {
  readonly key: string
  readonly lookalike: string
}

const parse = (line: string): KeptName | undefined => {
  try {
    const { days = 1, identity, nick, seen } = JSON.parse(line) as Record<string, unknown>
    const isWhole = typeof nick === "string" && typeof identity === "string" && Number.isFinite(seen)
    if (!isWhole || !IDENTITY.test(identity) || !Number.isInteger(days)) return undefined
    return { nick, identity, seen: seen as number, days: Math.min(MAX_DAYS, Math.max(1, days as number)) }
  } catch {
    return undefined
  }
}

/** 32 bytes. */
const IDENTITY = /^[A-Za-z0-9_-]{43}$/
