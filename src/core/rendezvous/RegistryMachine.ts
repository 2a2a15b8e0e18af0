import * as Either from "effect/Either"
import * as Nickname from "../../domain/Nickname.js"
import type { Claim, Registration, SessionId, Whereabouts } from "../../domain/Registration.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { RefusalBody } from "../../protocol/ControlCodec.js"
import { Expiry } from "../support/Expiry.js"
import type { KeptNames } from "./KeptNames.js"

export interface RegistryLimits {
  /** ms a nickname is held for its owner after the session was lost. */
  readonly graceMs: number
  /** Registrations, held ones included. */
  readonly maxNames: number
  /** Nicknames that nobody may have. */
  readonly reserved: ReadonlyArray<string>
}

/** What others than the caller have to learn; `services/Registry` says what each means. */
export type RegistryChange =
  | { readonly _tag: "Owned"; readonly registration: Registration; readonly version?: number }
  | { readonly _tag: "Freed"; readonly key: string; readonly version?: number }
  | { readonly _tag: "Replaced"; readonly session: SessionId }

/**
 * Who has which nickname (docs/protocol.md §1.3 and §1.4). Pure; `now` is monotonic ms. After every call the driver
 * drains `pollEvent` and arms its alarm at `pollTimeout`.
 *
 * A registration lives as long as its session. When the session says goodbye the nickname is free at once; when it is
 * lost, the nickname is *held*: not listed, not to be asked for, and given only to its owner, who is whoever proves the
 * same identity, or for an anonymous one whoever shows its resume token. The owner may also take it from a session that
 * still lives, since that is what a connection looks like whose end the server has not noticed yet: the newest wins.
 *
 * When there is no room for another name, held ones make room, the longest held first: anonymous ones, which nobody can
 * talk to, for everybody, and those of identities for other identities alone.
 *
 * Law 1 is kept by construction: a nickname is a key of one map, and every way into that map goes through `#mayTake`.
 */
export class RegistryMachine {
  readonly #limits: RegistryLimits
  readonly #byKey = new Map<string, Registration>()
  readonly #byLookalike = new Map<string, Registration>()
  readonly #bySession = new Map<SessionId, Registration>()
  readonly #heldAnonymous: Expiry<Registration>
  readonly #heldIdentities: Expiry<Registration>
  readonly #reserved: ReadonlySet<string>
  #epoch = 0
  #events: Array<RegistryChange> = []

  readonly #kept: KeptNames | undefined

  /** `kept`: nicknames that belong to identities whether or not they are here; takes in those that come. */
  constructor(limits: RegistryLimits, kept?: KeptNames) {
    this.#limits = limits
    this.#kept = kept
    this.#heldAnonymous = new Expiry(limits.graceMs)
    this.#heldIdentities = new Expiry(limits.graceMs)
    this.#reserved = reservedKeys(limits.reserved)
  }

  /**
   * Gives the session this nickname, in place of the one it has, or leaves everything as it was. `resume`: 16 random
   * bytes in base64url. `wall`: ms since 1970 UTC.
   */
  claim(claim: Claim, resume: string, wall: number): Registration | RefusalBody {
    const { nickname, session } = claim
    if (this.#isReserved(nickname)) return nickReserved(nickname)
    for (const owner of this.#kept?.ownersOf(nickname) ?? []) {
      if (owner !== claim.identity?.key) return this.#taken(nickname)
    }
    const replaced = this.#clashes(nickname)
    for (const other of replaced) if (!this.#mayTake(claim, other)) return this.#taken(nickname)
    const own = this.#bySession.get(session)
    if (own !== undefined && !replaced.includes(own)) replaced.push(own)
    if (this.#byKey.size - replaced.length >= this.#limits.maxNames && !this.#makeRoom(claim, replaced)) return NO_ROOM
    for (const other of replaced) this.#replace(other, session, nickname)
    this.#epoch++
    const registration: Registration = {
      nickname,
      session,
      epoch: this.#epoch,
      identity: claim.identity,
      address: claim.address,
      endpoints: claim.endpoints,
      since: wall,
      resume
    }
    if (claim.identity !== undefined) this.#kept?.keep(nickname, claim.identity.key, wall)
    this.#put(registration)
    return registration
  }

  /** The session is over; its nickname is held for its owner or free. No effect for a session without one. */
  release(session: SessionId, hold: boolean, now: number): void {
    const registration = this.#bySession.get(session)
    if (registration === undefined) return
    this.#bySession.delete(session)
    if (hold) this.#heldOf(registration).set(registration, now)
    else this.#remove(registration)
    this.#events.push({ _tag: "Freed", key: registration.nickname.key })
  }

  /** The session's network changed, or what it shows of it. No effect for a session without a nickname. */
  update(session: SessionId, { address, endpoints }: Whereabouts): void {
    const known = this.#bySession.get(session)
    if (known !== undefined) this.#put({ ...known, address, endpoints })
  }

  /** The living owner of the nickname of this key. */
  find(key: string): Registration | undefined {
    const registration = this.#byKey.get(key)
    return registration !== undefined && this.#isLive(registration) ? registration : undefined
  }

  /** All living owners. */
  *living(): Iterable<Registration> {
    yield* this.#bySession.values()
  }

  /** Nicknames in use and held. */
  get names(): number {
    return this.#byKey.size
  }

  handleTimeout(now: number): void {
    for (const held of [this.#heldAnonymous, this.#heldIdentities]) {
      for (let over = held.take(now); over !== undefined; over = held.take(now)) this.#remove(over)
    }
  }

  pollTimeout(): number | undefined {
    const anonymous = this.#heldAnonymous.next()
    const identities = this.#heldIdentities.next()
    return anonymous === undefined || identities === undefined
      ? (anonymous ?? identities)
      : Math.min(anonymous, identities)
  }

  pollEvent(): RegistryChange | undefined {
    return this.#events.shift()
  }

  /** Law 1: a nickname with an identity is only ever given to that identity. */
  #mayTake({ session, identity, resume }: Claim, owned: Registration): boolean {
    if (owned.session === session && this.#isLive(owned)) return true
    if (owned.identity !== undefined) return identity?.key === owned.identity.key
    return resume !== undefined && Bytes.equal(Bytes.fromText(resume), Bytes.fromText(owned.resume))
  }

  #isLive(registration: Registration): boolean {
    return this.#bySession.get(registration.session) === registration
  }

  #heldOf({ identity }: Registration): Expiry<Registration> {
    return identity === undefined ? this.#heldAnonymous : this.#heldIdentities
  }

  #clashes(nickname: Nickname.Nickname): Array<Registration> {
    const same = this.#byKey.get(nickname.key)
    const alike = this.#byLookalike.get(nickname.lookalike)
    const clashes = same === undefined ? [] : [same]
    if (alike !== undefined && alike !== same) clashes.push(alike)
    return clashes
  }

  #isReserved(nickname: Nickname.Nickname): boolean {
    return this.#reserved.has(nickname.key) || this.#reserved.has(nickname.lookalike)
  }

  #taken(nickname: Nickname.Nickname): RefusalBody {
    const taken = (other: Nickname.Nickname) =>
      this.#clashes(other).length > 0 ||
      this.#isReserved(other) ||
      (this.#kept !== undefined && this.#kept.ownersOf(other).length > 0)
    return nickTaken(nickname, taken)
  }

  /** Forgets a held name of somebody who matters less than the claimant; whether there was one. */
  #makeRoom({ identity }: Claim, replaced: ReadonlyArray<Registration>): boolean {
    const candidates = identity === undefined ? [this.#heldAnonymous] : [this.#heldAnonymous, this.#heldIdentities]
    for (const held of candidates) {
      for (const victim of held) {
        // What goes anyhow makes no room.
        if (replaced.includes(victim)) continue
        this.#remove(victim)
        return true
      }
    }
    return false
  }

  #replace(other: Registration, session: SessionId, nickname: Nickname.Nickname): void {
    const wasLive = this.#isLive(other)
    this.#remove(other)
    if (!wasLive) return
    this.#bySession.delete(other.session)
    if (other.session !== session) this.#events.push({ _tag: "Replaced", session: other.session })
    // A name that goes on under the same key only changes hands.
    if (other.nickname.key !== nickname.key) this.#events.push({ _tag: "Freed", key: other.nickname.key })
  }

  #put(registration: Registration): void {
    this.#byKey.set(registration.nickname.key, registration)
    this.#byLookalike.set(registration.nickname.lookalike, registration)
    this.#bySession.set(registration.session, registration)
    this.#events.push({ _tag: "Owned", registration })
  }

  #remove(registration: Registration): void {
    this.#byKey.delete(registration.nickname.key)
    this.#byLookalike.delete(registration.nickname.lookalike)
    this.#heldOf(registration).delete(registration)
  }
}

export const nickReserved = ({ text }: Nickname.Nickname): RefusalBody => ({
  _tag: "NickReserved",
  message: `"${text}" is reserved on this server`
})

/** `isTaken`: of those that may be suggested. */
export const nickTaken = (
  nickname: Nickname.Nickname,
  isTaken: (candidate: Nickname.Nickname) => boolean
): RefusalBody => ({
  _tag: "NickTaken",
  message: `"${nickname.text}", or one that looks like it, belongs to somebody else`,
  suggestions: Nickname.suggest(nickname, isTaken)
})

export const NO_ROOM: RefusalBody = { _tag: "Busy", message: "this server has no room for another nickname; try later" }

/** Keys and lookalikes of nicknames that nobody may have. */
export const reservedKeys = (words: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(words.flatMap((text) => [Nickname.key(text), lookalikeOf(text)]))

/** A word that is no nickname itself looks like nothing else. */
const lookalikeOf = (text: string): string =>
  Either.match(Nickname.parse(text), { onLeft: () => Nickname.key(text), onRight: ({ lookalike }) => lookalike })
