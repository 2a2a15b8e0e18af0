import * as Either from "effect/Either"
import * as Cidr from "../../domain/Cidr.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import { DecisionLog } from "./DecisionLog.js"

/** Somebody who is not let in. Times are ms since 1970 UTC. */
export interface Ban {
  /** A block of addresses (`192.0.2.0/24`, or one address), or a whole fingerprint. */
  readonly what: string
  readonly since: number
  /** For good when left out. */
  readonly until?: number
  /** Told to whoever is banned. At most `MAX_REASON` characters. */
  readonly reason?: string
}

/**
 * What an operator has decided about who may be here: bans of addresses and of identities, and nicknames that nobody
 * may have. Pure; `wall` is ms since 1970 UTC. To look an address up takes a step for each length of block that there
 * is a ban of, however many there are.
 */
export class Bans {
  readonly #bans = new Map<string, Ban>()
  /** By family and length of the block: the blocks, by their leading bits. */
  readonly #blocks = new Map<string, { readonly bits: number; readonly bytes: number; readonly by: Map<string, Ban> }>()
  /** By their keys. */
  readonly #reserved = new Map<string, Nickname.Nickname>()
  /** The keys, by what the nicknames look like. */
  readonly #lookalikes = new Map<string, string>()
  /** No ban runs out before this time. */
  #nextEnd = Number.POSITIVE_INFINITY
  /** By the names of bans, and by the keys of nicknames behind `NICK`. */
  readonly #log = new DecisionLog(OVER_FOR_MS)

  /** Grows with each change that is to be written down. */
  get version(): number {
    return this.#log.version
  }

  /** Bans and reserved nicknames. */
  get size(): number {
    return this.#bans.size + this.#reserved.size
  }

  /** Bans from now on, in the place of a former ban of the same; `undefined` when that is done, or why it cannot be. */
  ban({ since, what, ...more }: Ban, wall: number): "Unreadable" | "Full" | undefined {
    const name = nameOf(what)
    if (name === undefined) return "Unreadable"
    this.#forget(wall)
    if (!this.#bans.has(name) && this.#bans.size >= MAX_BANS) return "Full"
    const ban = { what: name, since: this.#log.timeOf(name, since), ...more }
    this.#log.note(name, ban.since, lineOf(ban), false)
    this.#put(ban)
    return undefined
  }

  /** Bans no more; whether there was a ban of just that. */
  allow(what: string, wall: number): boolean {
    this.#forget(wall)
    const name = nameOf(what)
    if (name === undefined || !this.#bans.has(name)) return false
    this.#drop(name)
    const at = this.#log.timeOf(name, wall)
    this.#log.note(name, at, JSON.stringify({ allowed: name, at }), true)
    return true
  }

  /** The ban of this address. */
  ofAddress(remote: Endpoint.Endpoint, wall: number): Ban | undefined {
    if (this.#blocks.size === 0) return undefined
    const address = Endpoint.toBytes(remote)
    for (const { bits, by, bytes } of this.#blocks.values()) {
      const ban = bytes === address.length ? by.get(leading(address, bits)) : undefined
      if (ban !== undefined && isInForce(ban, wall)) return ban
    }
    return undefined
  }

  /** The ban of the identity with this fingerprint. */
  ofIdentity(fingerprint: string, wall: number): Ban | undefined {
    const ban = this.#bans.get(fingerprint)
    return ban !== undefined && isInForce(ban, wall) ? ban : undefined
  }

  /** All that are in force, in the order of their making. */
  all(wall: number): ReadonlyArray<Ban> {
    return [...this.#bans.values()].filter((ban) => isInForce(ban, wall))
  }

  /** Nobody may have this nickname, nor one that looks like it; `false`: there are too many of those. */
  reserve(nickname: Nickname.Nickname, wall: number): boolean {
    const { key } = nickname
    if (!this.#reserved.has(key) && this.#reserved.size >= MAX_RESERVED) return false
    const at = this.#log.timeOf(NICK + key, wall)
    this.#log.note(NICK + key, at, nickLine(nickname, true, at), false)
    this.#reserve(nickname)
    return true
  }

  /** Anybody may have it again; whether it was reserved. */
  release(nickname: Nickname.Nickname, wall: number): boolean {
    const { key } = nickname
    if (!this.#free(key)) return false
    const at = this.#log.timeOf(NICK + key, wall)
    this.#log.note(NICK + key, at, nickLine(nickname, false, at), true)
    return true
  }

  isReserved({ key, lookalike }: Nickname.Nickname): boolean {
    return this.#reserved.has(key) || this.#lookalikes.has(lookalike)
  }

  reserved(): ReadonlyArray<string> {
    return [...this.#reserved.values()].map(({ text }) => text)
  }

  /** All of it, and what was taken back lately: one a line, as JSON. */
  encode(): string {
    return this.#log.encode()
  }

  /** Takes in what `encode` gave; gives how many lines were none. */
  decode(text: string, wall: number): number {
    let bad = 0
    for (const line of text.split("\n")) if (line !== "" && !this.learn(line, wall)) bad++
    this.#log.forget(wall)
    return bad
  }

  /** The lines that came after this version. */
  after(version: number): ReturnType<DecisionLog["after"]> {
    return this.#log.after(version)
  }

  /** Takes a line in, unless what is known of this is later, or there are too many; `false`: it is none. */
  learn(line: string, wall: number): boolean {
    const parsed = parse(line)
    if (parsed === undefined) return false
    if ("ban" in parsed) {
      const { ban } = parsed
      const isOver = !isInForce(ban, wall)
      if (!isOver && !this.#bans.has(ban.what) && this.#bans.size >= MAX_BANS) return true
      if (!this.#log.note(ban.what, ban.since, lineOf(ban), isOver)) return true
      if (isOver) this.#drop(ban.what)
      else this.#put(ban)
    } else if ("allowed" in parsed) {
      const { allowed, at } = parsed
      if (this.#log.note(allowed, at, JSON.stringify({ allowed, at }), true)) this.#drop(allowed)
    } else {
      const { at, isReserved, nickname } = parsed
      const isMore = isReserved && !this.#reserved.has(nickname.key)
      if (isMore && this.#reserved.size >= MAX_RESERVED) return true
      if (!this.#log.note(NICK + nickname.key, at, nickLine(nickname, isReserved, at), !isReserved)) return true
      if (isReserved) this.#reserve(nickname)
      else this.#free(nickname.key)
    }
    return true
  }

  #put(ban: Ban): void {
    this.#drop(ban.what)
    this.#bans.set(ban.what, ban)
    this.#nextEnd = Math.min(this.#nextEnd, ban.until ?? Number.POSITIVE_INFINITY)
    const block = Cidr.parse(ban.what)
    if (block !== undefined) this.#level(block).by.set(leading(block.network, block.bits), ban)
  }

  #reserve(nickname: Nickname.Nickname): void {
    const { key, lookalike } = nickname
    this.#free(key)
    this.#reserved.set(key, nickname)
    this.#lookalikes.set(lookalike, key)
  }

  #free(key: string): boolean {
    // Written otherwise, a nickname of the same key looks like something else.
    const known = this.#reserved.get(key)
    if (known === undefined) return false
    this.#reserved.delete(key)
    if (this.#lookalikes.get(known.lookalike) === key) this.#lookalikes.delete(known.lookalike)
    return true
  }

  #level({ bits, network }: Cidr.Cidr) {
    const name = `${network.length}/${bits}`
    const level = this.#blocks.get(name) ?? { bits, bytes: network.length, by: new Map<string, Ban>() }
    this.#blocks.set(name, level)
    return level
  }

  #drop(name: string): void {
    this.#bans.delete(name)
    const block = Cidr.parse(name)
    if (block === undefined) return
    const level = this.#level(block)
    level.by.delete(leading(block.network, block.bits))
    if (level.by.size === 0) this.#blocks.delete(`${block.network.length}/${block.bits}`)
  }

  #forget(wall: number): void {
    if (wall < this.#nextEnd) return
    this.#nextEnd = Number.POSITIVE_INFINITY
    for (const [name, ban] of this.#bans) {
      if (isInForce(ban, wall)) {
        this.#nextEnd = Math.min(this.#nextEnd, ban.until ?? this.#nextEnd)
        continue
      }
      this.#drop(name)
      this.#log.end(name)
    }
    this.#log.forget(wall)
  }
}

/** Bans at a time. */
export const MAX_BANS = 10_000
/** Nicknames that an operator reserves. */
export const MAX_RESERVED = 1_000
/** Characters. */
export const MAX_REASON = 200

const isInForce = ({ until }: Ban, wall: number): boolean => until === undefined || wall < until

/** The one way to write what is banned: the lowest address of a block with its length, or a fingerprint. */
const nameOf = (what: string): string | undefined => {
  const block = Cidr.parse(what)
  if (block === undefined) return Fingerprint.parse(what)
  const lowest = Endpoint.fromBytes(lowestOf(block), 0)
  return lowest === undefined ? undefined : `${lowest.address}/${block.bits}`
}

/** With zeros behind the leading bits. */
const lowestOf = ({ bits, network }: Cidr.Cidr): Uint8Array =>
  network.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * at))) & 0xff)

const leading = (address: Uint8Array, bits: number): string => lowestOf({ network: address, bits }).join(".")

const lineOf = ({ reason, since, until, what }: Ban): string => JSON.stringify({ what, since, until, reason })

const nickLine = ({ text }: Nickname.Nickname, isReserved: boolean, at: number): string =>
  JSON.stringify(isReserved ? { reserved: text, at } : { released: text, at })

type Parsed =
  | { readonly ban: Ban }
  | { readonly allowed: string; readonly at: number }
  | { readonly nickname: Nickname.Nickname; readonly isReserved: boolean; readonly at: number }

/** A line of the file. */
const parse = (line: string): Parsed | undefined => {
  try {
    const { allowed, at, reason, released, reserved, since, until, what } = JSON.parse(line) as Record<string, unknown>
    const name = nameOf(textOf(what ?? allowed) ?? "")
    const nickname = Nickname.parse(textOf(reserved ?? released) ?? "")
    // What was reserved by an older version has no time: whatever is later decided counts.
    if (Either.isRight(nickname))
      return { nickname: nickname.right, isReserved: reserved !== undefined, at: timeOf(at) ?? 0 }
    if (name === undefined) return undefined
    if (what === undefined) return timeOf(at) === undefined ? undefined : { allowed: name, at: timeOf(at)! }
    if (timeOf(since) === undefined) return undefined
    return {
      ban: {
        what: name,
        since: timeOf(since)!,
        ...(timeOf(until) === undefined ? {} : { until: timeOf(until)! }),
        ...(typeof reason === "string" ? { reason: reason.slice(0, MAX_REASON) } : {})
      }
    }
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)
const timeOf = (value: unknown): number | undefined => (Number.isFinite(value) ? (value as number) : undefined)

/** What comes before the key of a nickname: no ban is called so. */
const NICK = "nick "
/** ms that it is known of a ban that it is over, should a node come back that has not heard of it. */
const OVER_FOR_MS = 90 * 24 * 3_600_000
