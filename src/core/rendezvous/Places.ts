import { LinkedMap } from "../support/LinkedMap.js"

/**
 * Who has a place on a server that has a bounded number of them, and who makes room when there is none left. Nobody who
 * has proven an identity is ever sent away for somebody else; one who has none can be talked to by nobody, and leaves
 * no conversation behind.
 *
 * In order: a connection that has not registered within `STRANGER_MS` gives way to any new one, and before that the
 * longest there of the network that has the most of them does, unless the newcomer's own network has as many. When the
 * places that are for all are taken, an anonymous session gives way to one that registers, chosen likewise. The last
 * places are for identities that were here before.
 */
export class Places<Session> {
  #max: number
  #open: number
  /** Not registered yet, in the order of arrival. */
  readonly #strangers = new LinkedMap<Session, number>()
  readonly #networkOf = new Map<Session, string>()
  readonly #strangersOf = new Crowds<Session>()
  /** Anonymous sessions, in the order of their registration. */
  readonly #guests = new Crowds<Session>()

  constructor(max: number) {
    this.#max = max
    this.#open = max - Math.floor(max / RESERVED_PART)
  }

  /** There are so many places from now on. Nobody is sent away for that. */
  resize(max: number): void {
    this.#max = max
    this.#open = this.#max - Math.floor(this.#max / RESERVED_PART)
  }

  get size(): number {
    return this.#networkOf.size
  }

  /**
   * Whether a connection from this network can be let in; `victim` is to be ended first. `undefined`: there is no room.
   */
  roomFor(network: string, now: number): { readonly victim?: Session } | undefined {
    if (this.size < this.#max) return {}
    const oldest = this.#strangers.oldest()
    if (oldest !== undefined && now - oldest.value >= STRANGER_MS) return { victim: oldest.key }
    const victim = this.#strangersOf.firstOfMost(network)
    return victim === undefined ? undefined : { victim }
  }

  /** `network`: the larger network that strangers and guests are counted by. */
  arrive(session: Session, network: string, now: number): void {
    this.#networkOf.set(session, network)
    this.#strangers.set(session, now)
    this.#strangersOf.add(session, network)
  }

  /** Whether the session may keep its place and register; `victim` is to be ended first. */
  seatFor(session: Session, isKnown: boolean): { readonly victim?: Session } | undefined {
    const isSeated = !this.#strangers.has(session)
    if (isSeated || isKnown || this.size - this.#strangers.size < this.#open) return {}
    const victim = this.#guests.firstOfMost(this.#networkOf.get(session) ?? "")
    return victim === undefined ? undefined : { victim }
  }

  /** The session has a nickname, and an identity or not. */
  registered(session: Session, isAnonymous: boolean): void {
    const network = this.#networkOf.get(session)
    if (network === undefined) return
    this.#strangers.delete(session)
    this.#strangersOf.delete(session, network)
    if (isAnonymous) this.#guests.add(session, network)
    else this.#guests.delete(session, network)
  }

  leave(session: Session): void {
    const network = this.#networkOf.get(session)
    if (network === undefined) return
    this.#networkOf.delete(session)
    this.#strangers.delete(session)
    this.#strangersOf.delete(session, network)
    this.#guests.delete(session, network)
  }
}

/** Sessions by network, and which network has the most. Everything here is O(1), but for one step for each session. */
class Crowds<Session> {
  readonly #sessions = new Map<string, LinkedMap<Session, true>>()
  /** Networks by how many they have, and some empty sets behind those: the largest number goes up and down. */
  readonly #byCount: Array<Set<string>> = []
  #most = 0

  add(session: Session, network: string): void {
    const sessions = this.#sessions.get(network) ?? new LinkedMap<Session, true>()
    if (sessions.has(session)) return
    this.#uncount(network, sessions)
    sessions.set(session, true)
    this.#count(network, sessions)
  }

  delete(session: Session, network: string): void {
    const sessions = this.#sessions.get(network)
    if (sessions?.has(session) !== true) return
    this.#uncount(network, sessions)
    sessions.delete(session)
    this.#count(network, sessions)
  }

  /** The longest there of the network that has the most, unless this one has as many. */
  firstOfMost(other: string): Session | undefined {
    const own = this.#sessions.get(other)?.size ?? 0
    if (this.#most <= own) return undefined
    const [network] = this.#byCount[this.#most]!
    return this.#sessions.get(network!)!.oldest()?.key
  }

  #uncount(network: string, { size }: { readonly size: number }): void {
    if (size > 0) this.#byCount[size]!.delete(network)
  }

  #count(network: string, sessions: LinkedMap<Session, true>): void {
    if (sessions.size === 0) this.#sessions.delete(network)
    else {
      this.#sessions.set(network, sessions)
      while (this.#byCount.length <= sessions.size) this.#byCount.push(new Set())
      this.#byCount[sessions.size]!.add(network)
      this.#most = Math.max(this.#most, sessions.size)
    }
    while (this.#most > 0 && this.#byCount[this.#most]!.size === 0) this.#most--
    if (this.#byCount.length > this.#most + MAX_SPARE) this.#byCount.length = this.#most + 1
  }
}

/** ms: a registration takes a round trip or two. */
export const STRANGER_MS = 1000

/** Empty sets, 20 KB of them. */
const MAX_SPARE = 100

/** One in so many places is kept for identities that were here before. */
export const RESERVED_PART = 16
