import * as Either from "effect/Either"
import * as Cidr from "../../domain/Cidr.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"

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
  #version = 0

  /** Grows with each change that is to be written down. */
  get version(): number {
    return this.#version
  }

  /** Bans and reserved nicknames. */
  get size(): number {
    return this.#bans.size + this.#reserved.size
  }

  /** Bans from now on, in the place of a former ban of the same; `undefined` when that is done, or why it cannot be. */
  ban({ what, ...more }: Ban, wall: number): "Unreadable" | "Full" | undefined {
    const name = nameOf(what)
    if (name === undefined) return "Unreadable"
    this.#forget(wall)
    if (!this.#bans.has(name) && this.#bans.size >= MAX_BANS) return "Full"
    this.#drop(name)
    const ban = { what: name, ...more }
    this.#bans.set(name, ban)
    const block = Cidr.parse(name)
    if (block !== undefined) this.#level(block).by.set(leading(block.network, block.bits), ban)
    this.#version++
    return undefined
  }

  /** Bans no more; whether there was a ban of just that. */
  allow(what: string, wall: number): boolean {
    this.#forget(wall)
    const name = nameOf(what)
    if (name === undefined || !this.#bans.has(name)) return false
    this.#drop(name)
    this.#version++
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
  reserve(nickname: Nickname.Nickname): boolean {
    const { key, lookalike } = nickname
    if (!this.#reserved.has(key) && this.#reserved.size >= MAX_RESERVED) return false
    this.release(nickname)
    this.#reserved.set(key, nickname)
    this.#lookalikes.set(lookalike, key)
    this.#version++
    return true
  }

  /** Anybody may have it again; whether it was reserved. */
  release({ key }: Nickname.Nickname): boolean {
    // Written otherwise, a nickname of the same key looks like something else.
    const known = this.#reserved.get(key)
    if (known === undefined) return false
    this.#reserved.delete(key)
    if (this.#lookalikes.get(known.lookalike) === key) this.#lookalikes.delete(known.lookalike)
    this.#version++
    return true
  }

  isReserved({ key, lookalike }: Nickname.Nickname): boolean {
    return this.#reserved.has(key) || this.#lookalikes.has(lookalike)
  }

  reserved(): ReadonlyArray<string> {
    return [...this.#reserved.values()].map(({ text }) => text)
  }

  /** All of it: one a line, as JSON. */
  encode(): string {
    const reserved = this.reserved().map((nick) => ({ reserved: nick }))
    return [...this.#bans.values(), ...reserved].map((line) => `${JSON.stringify(line)}\n`).join("")
  }

  /** Takes in what `encode` gave, less what is over; gives how many lines were none. */
  decode(text: string, wall: number): number {
    let bad = 0
    for (const line of text.split("\n")) {
      if (line === "") continue
      const { ban, reserved } = parse(line)
      const nickname = reserved === undefined ? undefined : Nickname.parse(reserved)
      if (nickname !== undefined && Either.isRight(nickname)) this.reserve(nickname.right)
      else if (ban === undefined || nameOf(ban.what) === undefined) bad++
      else if (isInForce(ban, wall)) this.ban(ban, wall)
    }
    return bad
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
    for (const [name, ban] of this.#bans) if (!isInForce(ban, wall)) this.#drop(name)
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

/** A line of the file. */
const parse = (line: string): { readonly ban?: Ban; readonly reserved?: string } => {
  try {
    const { reason, reserved, since, until, what } = JSON.parse(line) as Record<string, unknown>
    if (typeof reserved === "string") return { reserved }
    if (typeof what !== "string" || !Number.isFinite(since)) return {}
    return {
      ban: {
        what,
        since: since as number,
        ...(Number.isFinite(until) ? { until: until as number } : {}),
        ...(typeof reason === "string" ? { reason: reason.slice(0, MAX_REASON) } : {})
      }
    }
  } catch {
    return {}
  }
}
