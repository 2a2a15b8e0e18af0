import { LinkedMap } from "../support/LinkedMap.js"

/**
 * Who has a place on a server that has a bounded number of them, and who makes room when there is none left. Nobody who
 * has proven an identity is ever sent away for somebody else; one who has none can be talked to by nobody, and leaves
 * no conversation behind.
 *
 * In order: a connection that has not registered within `STRANGER_MS` gives way to any new one. When the places that
 * are for all are taken, an anonymous session gives way to one that registers, namely the longest there of the network
 * that has the most of them, unless the newcomer's own network has as many. The last places are for identities that
 * were here before.
 */
export class Places<Session> {
  #max: number
  #open: number
  /** Not registered yet, in the order of arrival. */
  readonly #strangers = new LinkedMap<Session, number>()
  readonly #networkOf = new Map<Session, string>()
  /** Anonymous sessions by network, in the order of their registration. */
  readonly #guests = new Map<string, Set<Session>>()
  /** Networks by how many guests they have. */
  readonly #byCount: Array<Set<string>> = []

  constructor(max: number) {
    this.#max = max
    this.#open = max - Math.floor(max / RESERVED_PART)
  }

  /** There are no more places than this after all. */
  limit(max: number): void {
    this.#max = Math.min(this.#max, max)
    this.#open = this.#max - Math.floor(this.#max / RESERVED_PART)
  }

  get size(): number {
    return this.#networkOf.size
  }

  /** Whether a connection can be let in; `victim` is to be ended first. `undefined`: there is no room. */
  roomFor(now: number): { readonly victim?: Session } | undefined {
    if (this.size < this.#max) return {}
    const oldest = this.#strangers.oldest()
    return oldest !== undefined && now - oldest.value >= STRANGER_MS ? { victim: oldest.key } : undefined
  }

  /** `network`: the larger network that guests are counted by. */
  arrive(session: Session, network: string, now: number): void {
    this.#networkOf.set(session, network)
    this.#strangers.set(session, now)
  }

  /** Whether the session may keep its place and register; `victim` is to be ended first. */
  seatFor(session: Session, isKnown: boolean): { readonly victim?: Session } | undefined {
    const isSeated = !this.#strangers.has(session)
    if (isSeated || isKnown || this.size - this.#strangers.size < this.#open) return {}
    const own = this.#guests.get(this.#networkOf.get(session) ?? "")?.size ?? 0
    const most = this.#byCount.length - 1
    if (most <= own) return undefined
    const [network] = this.#byCount[most]!
    const [victim] = this.#guests.get(network!)!
    return victim === undefined ? undefined : { victim }
  }

  /** The session has a nickname, and an identity or not. */
  registered(session: Session, isAnonymous: boolean): void {
    const network = this.#networkOf.get(session)
    if (network === undefined) return
    this.#strangers.delete(session)
    const isGuest = this.#guests.get(network)?.has(session) === true
    if (isAnonymous !== isGuest) this.#count(network, session, isAnonymous)
  }

  leave(session: Session): void {
    const network = this.#networkOf.get(session)
    if (network === undefined) return
    this.#networkOf.delete(session)
    if (this.#strangers.delete(session)) return
    if (this.#guests.get(network)?.has(session) === true) this.#count(network, session, false)
  }

  #count(network: string, session: Session, isGuest: boolean): void {
    const guests = this.#guests.get(network) ?? new Set()
    if (guests.size > 0) this.#byCount[guests.size]!.delete(network)
    if (isGuest) guests.add(session)
    else guests.delete(session)
    if (guests.size === 0) this.#guests.delete(network)
    else {
      this.#guests.set(network, guests)
      while (this.#byCount.length <= guests.size) this.#byCount.push(new Set())
      this.#byCount[guests.size]!.add(network)
    }
    while (this.#byCount.length > 0 && this.#byCount.at(-1)!.size === 0) this.#byCount.pop()
  }
}

/** ms: a registration takes a round trip or two. */
export const STRANGER_MS = 1000

/** One in so many places is kept for identities that were here before. */
export const RESERVED_PART = 16
