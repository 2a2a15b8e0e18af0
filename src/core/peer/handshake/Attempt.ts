import type { Crypto } from "../../../domain/Crypto.js"
import type { Connection } from "../Connection.js"
import { routeKey } from "../path/Path.js"
import type { Route } from "../Route.js"
import { SECRET_LASTS } from "./Cookies.js"
import { type Initiation, withCookie } from "./Handshake.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * `first`: the user waits for a connection. `again`: the peer went silent and may come back. `rekey`: new keys for the
 * connection in use.
 */
export type AttemptKind = "first" | "again" | "rekey"

/**
 * A handshake that we began and that is not answered yet. The same HS1 is sent to every known route, again and again,
 * quickly at first. Every `RENEW_AFTER` a new HS1 takes its place, in case the peer has forgotten how it answered the
 * old one.
 *
 * An address that may be somebody else's gets it less and less often, and where there is a relay only when that has
 * brought no answer: there the small probes of a connection find the direct path.
 */
export class Attempt {
  #current: { readonly initiation: Initiation; readonly index: number }
  /** ms that an answer takes, as far as that is known: HS1 is not sent again before that time has passed. */
  readonly #patience: number
  #sends = 0
  #nextAt: number
  #madeAt: number
  #lastSentAt = 0
  #isRetried = false
  readonly #targets: Array<Target> = []
  /** The cookies that the peer wants to see, by route. */
  readonly #cookies = new Map<string, { readonly cookie: Uint8Array; readonly at: number }>()

  constructor(
    readonly kind: AttemptKind,
    readonly introduction: OpenIntroduction,
    /** The connection to get new keys; `undefined` when a new one is wanted. */
    readonly rekeys: Connection | undefined,
    /** The name of our end. */
    readonly localId: Uint8Array,
    current: { readonly initiation: Initiation; readonly index: number },
    readonly startedAt: number,
    patience = 0
  ) {
    this.#current = current
    this.#patience = patience
    this.#nextAt = startedAt
    this.#madeAt = startedAt
  }

  get initiation(): Initiation {
    return this.#current.initiation
  }

  /** Our index in the HS1 that is being sent. */
  get index(): number {
    return this.#current.index
  }

  get isEmpty(): boolean {
    return this.#targets.length === 0
  }

  /**
   * ms since HS1 was sent; `undefined` when it was sent several times, since the answer does not tell which time it is
   * for.
   */
  rtt(now: number): number | undefined {
    return this.#sends === 1 && !this.#isRetried ? now - this.#lastSentAt : undefined
  }

  /**
   * Adds a route to send HS1 to; `true` when it is a new one. `isSure`: it is the peer's, and gets HS1 each time that
   * it is sent.
   */
  addRoute(route: Route, isSure: boolean): boolean {
    const isCertain = isSure || route._tag === "Relay"
    const known = this.#targets.find((target) => routeKey(target.route) === routeKey(route))
    if (known !== undefined) known.isSure ||= isCertain
    if (known !== undefined || this.#targets.length >= MAX_ROUTES) return false
    this.#targets.push({ route, isSure: isCertain, notBefore: 0, pause: FIRST_PAUSE })
    return true
  }

  /** Where HS1 is to go now that it is sent. */
  takeRoutes(now: number): ReadonlyArray<Route> {
    const isRelayed = this.#targets.some(({ route }) => route._tag === "Relay")
    const notBefore = isRelayed ? this.startedAt + RELAY_FIRST : 0
    const due = this.#targets.filter((target) => target.isSure || now >= Math.max(notBefore, target.notBefore))
    for (const target of due) {
      target.notBefore = now + target.pause
      target.pause *= 2
    }
    return due.map(({ route }) => route)
  }

  /** HS1 as it goes to this route now: the caller's. */
  packetTo(crypto: Crypto, route: Route, now: number): Uint8Array {
    const known = this.#cookies.get(routeKey(route))
    const { packet } = this.initiation
    return known !== undefined && now < known.at + COOKIE_LASTS
      ? withCookie(crypto, known.cookie, packet)
      : packet.slice()
  }

  /**
   * The peer wants to see this cookie in packets from this route; whether HS1 is to be sent again because of it. It is
   * not when we send nothing there, or have just done it: no cookies, whoever makes them, cause more than a packet each
   * `COOKIE_INTERVAL`.
   */
  learnCookie(route: Route, cookie: Uint8Array, now: number): boolean {
    const key = routeKey(route)
    if (!this.#targets.some((target) => routeKey(target.route) === key)) return false
    const known = this.#cookies.get(key)
    if (known !== undefined && now < known.at + COOKIE_INTERVAL) return false
    this.#cookies.set(key, { cookie, at: now })
    this.#isRetried = true
    return true
  }

  /** When HS1 is to be sent again, or the attempt is to be given up. */
  get timeout(): number {
    return Math.min(this.#nextAt, this.giveUpAt)
  }

  get giveUpAt(): number {
    return this.startedAt + (this.kind === "again" ? GIVE_UP_AGAIN : GIVE_UP)
  }

  get sendAt(): number {
    return this.#nextAt
  }

  /** Whether the next send should be of a new HS1. */
  isStale(now: number): boolean {
    return now >= this.#madeAt + RENEW_AFTER
  }

  renew(current: { readonly initiation: Initiation; readonly index: number }, now: number): void {
    this.#current = current
    this.#madeAt = now
  }

  /** HS1 went to all routes; `jitter` is a factor about 1. */
  onSent(now: number, jitter: number): void {
    const scheduled = RESEND_SCHEDULE[this.#sends]
    const interval = now - this.startedAt > GIVE_UP ? SLOW_INTERVAL : INTERVAL
    const next = scheduled === undefined ? now + interval * jitter : this.startedAt + scheduled
    this.#nextAt = Math.max(next, now + this.#patience)
    this.#sends++
    this.#lastSentAt = now
  }

  sendNow(now: number): void {
    this.#nextAt = now
  }
}

interface Target {
  readonly route: Route
  isSure: boolean
  notBefore: number
  pause: number
}

/** ms between the first two HS1 to an address that may be somebody else's; doubled with each. */
const FIRST_PAUSE = 200
/** ms that the relay has to bring an answer: three round trips through one that is far away, and a loss. */
const RELAY_FIRST = 3_000
/**
 * Routes of one attempt: the candidates of an introduction, and as many addresses from which the peer itself was heard.
 */
const MAX_ROUTES = 16
/** ms from the start: one lost packet must not cost a second. */
const RESEND_SCHEDULE: ReadonlyArray<number> = [100, 300, 700, 1_500, 3_000, 5_000]
/** ms between resends after the schedule: keeps NAT mappings open, which time out after 30 s and more. */
const INTERVAL = 5_000
/** ms between resends to a peer that has been silent for `GIVE_UP`. */
const SLOW_INTERVAL = 30_000
/** ms after which a peer that never answered counts as unreachable. */
const GIVE_UP = 90_000
/** ms: a laptop that slept through lunch is found again; for longer there is a fresh introduction. */
const GIVE_UP_AGAIN = 60 * 60_000
/**
 * ms after which HS1 is made anew: longer than any round trip, and shorter than a responder keeps a connection that
 * waits for its first packet.
 */
const RENEW_AFTER = 15_000
/** ms that a cookie is shown: as long as it is good for sure. */
const COOKIE_LASTS = SECRET_LASTS
/** ms between two cookies that are taken from one route: an honest peer changes its mind every two minutes. */
const COOKIE_INTERVAL = 1_000
