import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import { DecisionLog } from "./DecisionLog.js"

/** Who holds a token. */
export interface Holder {
  /** What the operator calls them. */
  readonly name: string
  /** The part of the token that is no secret. */
  readonly id: string
  /** When it was given, ms since 1970 UTC. */
  readonly since: number
}

/**
 * Access tokens of single people, each with a name. Pure. A token is `ID.SECRET`; of the secret, 128 random bits, only
 * a hash is kept, so whoever reads the file can register with none of them.
 */
export class Tokens {
  readonly #crypto: Crypto
  readonly #byId = new Map<string, Kept>()
  /** By their ids. */
  readonly #log = new DecisionLog(Number.POSITIVE_INFINITY)

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /** Grows with each change that is to be written down. */
  get version(): number {
    return this.#log.version
  }

  get size(): number {
    return this.#byId.size
  }

  /**
   * A new token, which is known to nobody else afterwards. `random`: `RANDOM_BYTES` fresh ones. One may have several,
   * to exchange one for another. `undefined`: there are too many.
   */
  add(name: string, random: Uint8Array, wall: number): string | undefined {
    const id = Bytes.toBase64Url(random.subarray(0, ID_BYTES))
    const secret = Bytes.toBase64Url(random.subarray(ID_BYTES))
    if (this.#byId.size >= MAX_TOKENS) return undefined
    const kept = { name, id, since: wall, hash: this.#hash(secret) }
    this.#byId.set(id, kept)
    this.#log.note(id, wall, lineOf(kept), false)
    return `${id}.${secret}`
  }

  /** Takes back the token of this id, or all of this name; gives the ids. */
  revoke(which: string, wall: number): ReadonlyArray<string> {
    const ids = [...this.#byId.values()].filter(({ id, name }) => id === which || name === which).map(({ id }) => id)
    for (const id of ids) {
      this.#byId.delete(id)
      const at = this.#log.timeOf(id, wall)
      this.#log.note(id, at, JSON.stringify({ revoked: id, at }), true)
    }
    return ids
  }

  /** Whether the token of this id counts. */
  has(id: string): boolean {
    return this.#byId.has(id)
  }

  /** Whose token this is. The time taken tells nothing of a secret. */
  holderOf(token: string): Holder | undefined {
    const at = token.indexOf(".")
    const kept = this.#byId.get(token.slice(0, Math.max(0, at)))
    if (kept === undefined || token.length > MAX_TOKEN) return undefined
    return Bytes.equal(this.#hash(token.slice(at + 1)), kept.hash) ? kept : undefined
  }

  all(): ReadonlyArray<Holder> {
    return [...this.#byId.values()].map(({ id, name, since }) => ({ name, id, since }))
  }

  /** One a line, as JSON, and the ids of those that were taken back. */
  encode(): string {
    return this.#log.encode()
  }

  /** Takes in what `encode` gave; gives how many lines were none. */
  decode(text: string): number {
    let bad = 0
    for (const line of text.split("\n")) if (line !== "" && !this.learn(line)) bad++
    return bad
  }

  /** The lines that came after this version. */
  after(version: number): ReturnType<DecisionLog["after"]> {
    return this.#log.after(version)
  }

  /** Takes a line in, unless what is known of this is later; `false`: it is none, or there are too many. */
  learn(line: string): boolean {
    const parsed = parse(line)
    if (parsed === undefined) return false
    if ("revoked" in parsed) {
      if (this.#log.note(parsed.revoked, parsed.at, line, true)) this.#byId.delete(parsed.revoked)
      return true
    }
    if (!this.#byId.has(parsed.id) && this.#byId.size >= MAX_TOKENS) return false
    if (this.#log.note(parsed.id, parsed.since, lineOf(parsed), false)) this.#byId.set(parsed.id, parsed)
    return true
  }

  #hash(secret: string): Uint8Array {
    return this.#crypto.hash(HASH_BYTES, [LABEL, Bytes.fromText(secret)])
  }
}

export const MAX_TOKENS = 10_000
/** What operators call people: one word that a shell takes as it is. */
export const HOLDER = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

const ID_BYTES = 6
/** Of one token. */
export const RANDOM_BYTES = ID_BYTES + 16
const HASH_BYTES = 32
const LABEL = Bytes.fromText("parley access token v1")
/** Characters of a token: 8, a full stop, 22. */
const MAX_TOKEN = 31

interface Kept extends Holder {
  readonly hash: Uint8Array
}

const lineOf = ({ hash, id, name, since }: Kept): string =>
  JSON.stringify({ name, id, since, hash: Bytes.toBase64Url(hash) })

const parse = (line: string): Kept | { readonly revoked: string; readonly at: number } | undefined => {
  try {
    const { at, hash, id, name, revoked, since } = JSON.parse(line) as Record<string, unknown>
    if (typeof revoked === "string")
      return ID.test(revoked) && Number.isFinite(at) ? { revoked, at: at as number } : undefined
    if (typeof hash !== "string" || typeof id !== "string" || typeof name !== "string") return undefined
    const bytes = Bytes.fromBase64Url(hash)
    const isWhole = bytes?.length === HASH_BYTES && ID.test(id) && HOLDER.test(name) && Number.isFinite(since)
    return isWhole ? { name, id, since: since as number, hash: bytes } : undefined
  } catch {
    return undefined
  }
}

const ID = /^[A-Za-z0-9_-]{8}$/
