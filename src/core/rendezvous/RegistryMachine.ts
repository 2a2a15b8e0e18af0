import * as Nickname from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import { encodeMessage, type RefusalBody } from "../../protocol/ControlCodec.js"
import { Expiry } from "../support/Expiry.js"
import { Channels } from "./Channels.js"
import { Directory, type Page, type PageRequest } from "./Directory.js"
import {
  type Claim,
  type FreshChannel,
  type Introduction,
  introduction,
  type Registration,
  type SessionId
} from "./Registration.js"

export interface RegistryLimits {
  /** ms a registration outlives its last renewal. */
  readonly leaseMs: number
  /** ms a nickname is held for its owner after the session was lost. */
  readonly graceMs: number
  /** Registrations, held ones included. */
  readonly maxNames: number
  /** Nicknames that nobody may have. */
  readonly reserved: ReadonlyArray<string>
}

/** What others than the caller have to learn. `line` is ready to send. */
export type RegistryEvent =
  | { readonly _tag: "Presence"; readonly version: number; readonly line: string }
  | { readonly _tag: "Incoming"; readonly session: SessionId; readonly line: string }
  /** The session's nickname was taken back by its owner from elsewhere: the session is over, and is to be released. */
  | { readonly _tag: "Replaced"; readonly session: SessionId }
  /** The session's lease ended without a word from its driver. */
  | { readonly _tag: "Lapsed"; readonly session: SessionId }
  /** Two sessions were introduced that may use the relay, until `Closed`. */
  | { readonly _tag: "Opened"; readonly channel: string; readonly ends: readonly [ChannelEnd, ChannelEnd] }
  | { readonly _tag: "Closed"; readonly channel: string }

/** One side of a channel: its session, and the token (base64url) that its datagrams show. */
export interface ChannelEnd {
  readonly session: SessionId
  readonly token: string
}

/**
 * Who has which nickname (docs/protocol.md §1.3 and §1.4). Pure; `now` is monotonic ms. After every call the driver
 * drains
 * `pollEvent` and arms its alarm at `pollTimeout`.
 *
 * A registration lives as long as its session renews the lease. When the session says goodbye the nickname is free at
 * once; when it is lost, the nickname is *held*: not listed, not to be asked for, and given only to its owner, who is
 * whoever proves the same identity, or for an anonymous one whoever shows its resume token. The owner may also take it
 * from a session that still lives, since that is what a connection looks like whose end the server has not noticed yet:
 * the newest wins.
 *
 * Law 1 is kept by construction: a nickname is a key of one map, and every way into that map goes through `#mayTake`.
 */
export class RegistryMachine {
  #byKey = new Map<string, Registration>()
  #byLookalike = new Map<string, Registration>()
  #bySession = new Map<SessionId, Registration>()
  #held: Expiry<Registration>
  #leases: Expiry<SessionId>
  #reserved: ReadonlySet<string>
  #directory = new Directory()
  #channels = new Channels(({ channel, token }) => {
    if (token !== undefined) this.#events.push({ _tag: "Closed", channel })
  })
  #events: Array<RegistryEvent> = []

  constructor(private readonly limits: RegistryLimits) {
    this.#held = new Expiry(limits.graceMs)
    this.#leases = new Expiry(limits.leaseMs)
    this.#reserved = new Set(limits.reserved.map(Nickname.key))
  }

  /**
   * Gives the session this nickname, in place of the one it has, or leaves everything as it was. `resume`: 16 random
   * bytes in base64url. `wall`: ms since 1970 UTC.
   */
  claim(claim: Claim, resume: string, wall: number, now: number): Registration | RefusalBody {
    const { nickname, session } = claim
    if (this.#isReserved(nickname))
      return { _tag: "NickReserved", message: `"${nickname.text}" is reserved on this server` }
    const replaced = new Set<Registration>()
    for (const other of this.#clashes(nickname)) {
      if (!this.#mayTake(claim, other)) return this.#taken(nickname)
      replaced.add(other)
    }
    const own = this.#bySession.get(session)
    if (own !== undefined) replaced.add(own)
    if (this.#byKey.size - replaced.size >= this.limits.maxNames) {
      return { _tag: "Busy", message: "this server has no room for another nickname; try later" }
    }
    for (const other of replaced) {
      this.#remove(other)
      if (other.session !== session) this.#endSession(other)
      // The same key is announced as a change below.
      if (other.nickname.key !== nickname.key) this.#announce(this.#directory.remove(other))
    }
    const registration: Registration = {
      nickname,
      session,
      identity: claim.identity,
      address: claim.address,
      endpoints: claim.endpoints,
      since: wall,
      resume
    }
    this.#byKey.set(nickname.key, registration)
    this.#byLookalike.set(nickname.lookalike, registration)
    this.#bySession.set(session, registration)
    this.#leases.set(session, now)
    this.#announce(this.#directory.put(registration))
    return registration
  }

  /** The session lives. */
  renew(session: SessionId, now: number): void {
    if (this.#bySession.has(session)) this.#leases.set(session, now)
  }

  /** The session is over; its nickname is held for its owner or free. No effect for a session without one. */
  release(session: SessionId, hold: boolean, now: number): void {
    const registration = this.#bySession.get(session)
    this.#bySession.delete(session)
    this.#leases.delete(session)
    this.#channels.drop(session)
    if (registration === undefined) return
    if (hold) this.#held.set(registration, now)
    else this.#remove(registration)
    this.#announce(this.#directory.remove(registration))
  }

  /** The session's network changed: introductions from now on give these endpoints. */
  update(session: SessionId, endpoints: ReadonlyArray<string>): RefusalBody | undefined {
    const known = this.#bySession.get(session)
    if (known === undefined) return NOT_REGISTERED
    const registration = { ...known, endpoints }
    this.#byKey.set(known.nickname.key, registration)
    this.#byLookalike.set(known.nickname.lookalike, registration)
    this.#bySession.set(session, registration)
    return undefined
  }

  /**
   * Introduces the session to the owner of `nick`, and the owner to the session. `fresh` serves if they have no channel
   * yet.
   */
  introduce(session: SessionId, nick: string, fresh: FreshChannel): Introduction | RefusalBody {
    const asker = this.#bySession.get(session)
    if (asker === undefined) return NOT_REGISTERED
    const asked = this.#byKey.get(Nickname.key(nick))
    if (asked === undefined || this.#bySession.get(asked.session) !== asked) {
      return { _tag: "NoSuchPeer", message: "nobody here has that nickname" }
    }
    if (asked === asker) return { _tag: "NotAccepting", message: "that is your own nickname" }
    const { left, right, isNew } = this.#channels.between(session, asked.session, fresh)
    if (isNew && left.token !== undefined && right.token !== undefined) {
      const ends = [
        { session, token: left.token },
        { session: asked.session, token: right.token }
      ] as const
      this.#events.push({ _tag: "Opened", channel: left.channel, ends })
    }
    const line = encodeMessage({ _tag: "Incoming", ...introduction(asker, right) })
    this.#events.push({ _tag: "Incoming", session: asked.session, line })
    return introduction(asked, left)
  }

  page(request: PageRequest): Page {
    return this.#directory.page(request)
  }

  /** Of the presence, as in `Watching`. */
  get version(): number {
    return this.#directory.version
  }

  /** Nicknames in use and held. */
  get names(): number {
    return this.#byKey.size
  }

  get live(): number {
    return this.#directory.size
  }

  handleTimeout(now: number): void {
    for (let held = this.#held.take(now); held !== undefined; held = this.#held.take(now)) this.#remove(held)
    for (let session = this.#leases.take(now); session !== undefined; session = this.#leases.take(now)) {
      this.release(session, true, now)
      this.#events.push({ _tag: "Lapsed", session })
    }
  }

  pollTimeout(): number | undefined {
    const lease = this.#leases.next()
    const held = this.#held.next()
    return lease === undefined || held === undefined ? (lease ?? held) : Math.min(lease, held)
  }

  pollEvent(): RegistryEvent | undefined {
    return this.#events.shift()
  }

  /** Law 1: a nickname with an identity is only ever given to that identity. */
  #mayTake({ session, identity, resume }: Claim, owned: Registration): boolean {
    if (owned.session === session && this.#bySession.get(session) === owned) return true
    if (owned.identity !== undefined) return identity?.key === owned.identity.key
    return resume !== undefined && Bytes.equal(Bytes.fromText(resume), Bytes.fromText(owned.resume))
  }

  #clashes(nickname: Nickname.Nickname): ReadonlyArray<Registration> {
    const same = this.#byKey.get(nickname.key)
    const alike = this.#byLookalike.get(nickname.lookalike)
    return [same, alike === same ? undefined : alike].filter((other) => other !== undefined)
  }

  #isReserved(nickname: Nickname.Nickname): boolean {
    return this.#reserved.has(nickname.key) || this.#reserved.has(nickname.lookalike)
  }

  #taken(nickname: Nickname.Nickname): RefusalBody {
    const taken = (other: Nickname.Nickname) => this.#clashes(other).length > 0 || this.#isReserved(other)
    return {
      _tag: "NickTaken",
      message: `"${nickname.text}", or one that looks like it, belongs to somebody else`,
      suggestions: Nickname.suggest(nickname, taken)
    }
  }

  #endSession(registration: Registration): void {
    if (this.#bySession.get(registration.session) !== registration) return
    this.#bySession.delete(registration.session)
    this.#leases.delete(registration.session)
    this.#events.push({ _tag: "Replaced", session: registration.session })
  }

  #remove(registration: Registration): void {
    this.#byKey.delete(registration.nickname.key)
    this.#byLookalike.delete(registration.nickname.lookalike)
    this.#held.delete(registration)
  }

  #announce(line: string | undefined): void {
    if (line !== undefined) this.#events.push({ _tag: "Presence", version: this.#directory.version, line })
  }
}

const NOT_REGISTERED: RefusalBody = { _tag: "NotRegistered", message: "register a nickname first" }
