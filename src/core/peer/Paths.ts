import { scope } from "../../domain/Endpoint.js"
import { MAX_CANDIDATES } from "../../protocol/Frame.js"
import type { Route } from "./Api.js"
import { Path, routeKey } from "./Path.js"

/**
 * The paths of one connection: which there are, which to probe when, and which to send on.
 *
 * Every candidate is probed in a series of eight PINGs that ends with the first PONG. The active path is the best trusted one, with
 * hysteresis. While there is traffic it is proven again every 3 s; in silence a probe every 20 s or so keeps NAT mappings open.
 * When trust lapses nevertheless, sending goes on where it was and all paths are probed. When the peer's own data comes from
 * an address we do not trust yet, it has moved: answers follow at once, and that address is probed.
 */
export class Paths {
  /** At most `MAX_CANDIDATES`. */
  readonly #paths: Array<Path> = []
  #active: Path | undefined
  #trafficAt = Number.NEGATIVE_INFINITY
  #silence: number
  /** The end of trust in the active path that was dealt with last. */
  #lapsedAt = Number.NEGATIVE_INFINITY
  /** Addresses added lately; goes down by one each `NEWCOMER_INTERVAL`. */
  #newcomers = 0
  #newcomersAt = 0

  /** `random` gives a number from 0 to 1 for the jitter of keepalives. */
  constructor(private readonly random: () => number) {
    this.#silence = this.#nextSilence()
  }

  /** Where data goes now; `undefined` before the first path is known. */
  get active(): Path | undefined {
    return this.#active
  }

  get routes(): ReadonlyArray<Route> {
    return this.#paths.map((path) => path.route)
  }

  /** Where the peer was proven to be at some time. */
  get provenRoutes(): ReadonlyArray<Route> {
    return this.#paths.filter((path) => path.proven).map((path) => path.route)
  }

  /** Adds a candidate and begins to probe it; does nothing when it is known or unusable, or too many new ones came lately. */
  add(route: Route, now: number): void {
    if (route._tag === "Direct" && scope(route.endpoint) === "unusable") return
    if (this.#find(routeKey(route)) === undefined && this.#mayAdd(now)) this.#insert(new Path(route)).probe(now)
  }

  /** Makes this path the active one, whatever is known of it: a handshake packet of `bytes` came that way, `rtt` ms after ours. */
  use(route: Route, bytes: number, rtt: number | undefined, now: number): void {
    const path = this.#find(routeKey(route)) ?? this.#insert(new Path(route))
    if (rtt !== undefined) path.rtt.guess(rtt)
    path.onHeard(bytes, now)
    path.probe(now)
    this.#active = path
  }

  /**
   * Something authentic came in. `moves`: no packet with a greater counter came before, and it is more than a probe. An unknown source
   * becomes a candidate; a source that moves, and is not trusted, becomes the active path. `undefined` when the source is unknown and
   * too many new ones came lately.
   */
  heard(route: Route, bytes: number, moves: boolean, now: number): Path | undefined {
    const key = routeKey(route)
    let path = this.#active?.key === key ? this.#active : this.#find(key)
    if (path === undefined) {
      if (!this.#mayAdd(now)) return undefined
      path = this.#insert(new Path(route))
      path.probe(now)
    }
    path.onHeard(bytes, now)
    if (moves && path !== this.#active && !path.trusted(now)) {
      this.#active?.doubt()
      this.#active?.probe(now)
      path.probe(now)
      this.#active = path
    }
    return path
  }

  /** A PONG came in; whether it proved the path. */
  onPong(path: Path, token: string, now: number): boolean {
    if (!path.onPong(token, now)) return false
    this.#select(now)
    return true
  }

  /** There is a conversation going on: heartbeats instead of keepalives. */
  onTraffic(now: number): void {
    this.#trafficAt = now
  }

  /** Data is about to be sent: looks for another path when the active one is not trusted. */
  onSending(now: number): void {
    this.#trafficAt = now
    if (this.#active !== undefined && !this.#active.trusted(now)) this.probeAll(now)
  }

  probeAll(now: number): void {
    for (const path of this.#paths) path.probe(now)
  }

  /** A path whose probe is due. */
  dueProbe(now: number): Path | undefined {
    for (const path of this.#paths) if ((path.nextProbeAt ?? Number.POSITIVE_INFINITY) <= now) return path
    return undefined
  }

  /** When something is to be done next. */
  get timeout(): number {
    let timeout = this.#heartbeatAt()
    for (const path of this.#paths) timeout = Math.min(timeout, path.nextProbeAt ?? Number.POSITIVE_INFINITY)
    const lapse = this.#active?.trustedUntil
    if (lapse !== undefined && lapse > this.#lapsedAt && lapse < this.#trafficAt + ACTIVE_FOR) {
      timeout = Math.min(timeout, lapse)
    }
    return timeout
  }

  handleTimeout(now: number): void {
    if (this.#heartbeatAt() <= now) {
      this.#active?.probe(now)
      this.#silence = this.#nextSilence()
    }
    const lapse = this.#active?.trustedUntil
    if (lapse !== undefined && lapse <= now && lapse > this.#lapsedAt) {
      this.#lapsedAt = lapse
      if (now < this.#trafficAt + ACTIVE_FOR) this.probeAll(now)
      this.#select(now)
    }
  }

  /** When the active path is to be proven again. */
  #heartbeatAt(): number {
    const active = this.#active
    if (active === undefined || active.probingSince !== undefined) return Number.POSITIVE_INFINITY
    const since = Math.max(active.provenAt, active.probedAt)
    const beat = since + HEARTBEAT
    return beat <= this.#trafficAt + ACTIVE_FOR ? beat : since + this.#silence
  }

  #select(now: number): void {
    let best: Path | undefined
    for (const path of this.#paths) {
      if (path.trusted(now) && (best === undefined || path.cost() < best.cost())) best = path
    }
    if (best === undefined) return
    const active = this.#active
    if (active?.trusted(now) === true && best.cost() > active.cost() * HYSTERESIS) return
    this.#active = best
  }

  #mayAdd(now: number): boolean {
    this.#newcomers = Math.max(0, this.#newcomers - (now - this.#newcomersAt) / NEWCOMER_INTERVAL)
    this.#newcomersAt = now
    if (this.#newcomers + 1 > MAX_NEWCOMERS) return false
    this.#newcomers++
    return true
  }

  #find(key: string): Path | undefined {
    return this.#paths.find((path) => path.key === key)
  }

  /** Makes room by dropping the path that was silent longest, unproven ones first, never the active one. */
  #insert(path: Path): Path {
    if (this.#paths.length >= MAX_CANDIDATES) {
      let worst: Path | undefined
      for (const known of this.#paths) {
        if (known !== this.#active && (worst === undefined || staler(known, worst))) worst = known
      }
      if (worst !== undefined) this.#paths.splice(this.#paths.indexOf(worst), 1)
    }
    this.#paths.push(path)
    return path
  }

  #nextSilence(): number {
    return KEEPALIVE * (1 + KEEPALIVE_JITTER * (2 * this.random() - 1))
  }
}

const staler = (left: Path, right: Path): boolean =>
  left.proven === right.proven ? left.heardAt < right.heardAt : !left.proven

/** ms: twice within the trust of a path. */
const HEARTBEAT = 3_000
/** ms after the last data for which a conversation counts as active. */
const ACTIVE_FOR = 45_000
/** ms: inside the 30 s after which many NATs forget a UDP mapping (RFC 4787 REQ-5 asks for more, and is not obeyed). */
const KEEPALIVE = 20_000
/** Part of the keepalive interval, so that peers behind one router do not beat in step. */
const KEEPALIVE_JITTER = 0.2
/** A new path must be 10 % better, or the choice would follow the noise. */
const HYSTERESIS = 0.9
/** New addresses at once: what the introduction, the handshake and a roaming peer with as many interfaces bring together. */
const MAX_NEWCOMERS = 4 * MAX_CANDIDATES
/** ms: a hostile peer makes us send at most eight probes (300 bytes) in this time to addresses of its choice. */
const NEWCOMER_INTERVAL = 2_000
