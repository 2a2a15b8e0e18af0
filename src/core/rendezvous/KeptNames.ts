import * as Either from "effect/Either"
import * as Nickname from "../../domain/Nickname.js"
import { LinkedMap } from "../support/LinkedMap.js"

/** A nickname that is kept for an identity while nobody uses it. */
export interface KeptName {
  readonly nick: string
  /** Ed25519 public key, base64url. */
  readonly identity: string
  /** When the identity last came under this name, ms since 1970 UTC. */
  readonly seen: number
}

/**
 * Nicknames that belong to identities over quits and restarts: first come, first served. Pure; `wall` is ms since 1970
 * UTC. Whoever registers a name with an identity has it from then on, as long as the identity comes back now and then;
 * nobody else gets it, nor one that looks like it. An identity has a few names at most, the newest ones, and all of
 * them together are bounded: the one whose owner was away longest makes room.
 */
export class KeptNames {
  readonly #byKey = new LinkedMap<string, Kept>()
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
    // Being seen again is written down once in a while.
    if (known === undefined || known.nick !== nickname.text || wall - known.seen >= SEEN_EVERY_MS) this.#version++
    const seen = known !== undefined && wall - known.seen < SEEN_EVERY_MS ? known.seen : wall
    for (const old of [known, alike]) if (old !== undefined) this.#drop(old)
    const kept = { nick: nickname.text, identity, seen, key: nickname.key, lookalike: nickname.lookalike }
    this.#byKey.set(kept.key, kept)
    this.#byLookalike.set(kept.lookalike, kept)
    const own = this.#byIdentity.get(identity) ?? new Set()
    this.#byIdentity.set(identity, own.add(kept))
    const [oldest] = own
    if (own.size > MAX_OF_ONE && oldest !== undefined) this.#drop(oldest)
    const longest = this.#byKey.size > MAX_KEPT ? this.#byKey.oldest()?.value : undefined
    if (longest !== undefined) this.#drop(longest)
  }

  /** All names, those first whose owners were away longest: one a line, as JSON. */
  encode(): string {
    let text = ""
    for (const [, { identity, nick, seen }] of this.#byKey) text += `${JSON.stringify({ nick, identity, seen })}\n`
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
        this.keep(nickname.right, kept.identity, Math.min(kept.seen, wall))
      }
    }
    return bad
  }

  #drop(kept: Kept): void {
    this.#byKey.delete(kept.key)
    this.#byLookalike.delete(kept.lookalike)
    const own = this.#byIdentity.get(kept.identity)
    own?.delete(kept)
    if (own?.size === 0) this.#byIdentity.delete(kept.identity)
  }
}

/** Names in all; 12 MB on disk, 60 MB in memory. */
export const MAX_KEPT = 100_000

/** Names of one identity: a person's own, and some that were tried. */
export const MAX_OF_ONE = 4

/** ms: half a year, after which a name is free again when its owner did not come. */
const FORGET_MS = 182 * 86_400_000

/** ms: a day; when somebody was here last matters in months. */
const SEEN_EVERY_MS = 86_400_000

interface Kept extends KeptName {
  readonly key: string
  readonly lookalike: string
}

const parse = (line: string): KeptName | undefined => {
  try {
    const { identity, nick, seen } = JSON.parse(line) as Record<string, unknown>
    const isWhole = typeof nick === "string" && typeof identity === "string" && Number.isFinite(seen)
    return isWhole && IDENTITY.test(identity) ? { nick, identity, seen: seen as number } : undefined
  } catch {
    return undefined
  }
}

/** 32 bytes. */
const IDENTITY = /^[A-Za-z0-9_-]{43}$/
