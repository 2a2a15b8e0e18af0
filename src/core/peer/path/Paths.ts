import type { ChannelId } from "../../../domain/ChannelId.js"
import { isCandidate, MAX_CANDIDATES } from "../../../domain/Endpoint.js"
import { NEVER } from "../../support/Deadline.js"
import { type Rate, TokenBucket } from "../../support/TokenBucket.js"
import type { Route, Standing } from "../Route.js"
import { PendingFrames } from "../recovery/PendingFrames.js"
import { AddressBudget } from "./AddressBudget.js"
import { Path, type PathSource, routeKey } from "./Path.js"
import type { PathReason } from "./PathHistory.js"
import { type Policy, permits } from "./Policy.js"
import type { RelayAllowance } from "./RelayAllowance.js"
import { RelayFailover } from "./RelayFailover.js"

/**
 * The paths of one connection: knows them, decides when to probe which, and chooses the one to send on.
 *
 * Every candidate is probed in a series of eight PINGs that ends with the first PONG. The active path is the best
 * trusted one, with hysteresis. While there is traffic it is proven again every 3 s; in silence a packet every 25 s or
 * so keeps NAT mappings open. When trust lapses nevertheless, a little is still sent where it was, and all are probed.
 * When the peer's own data comes from an address we do not trust yet, it has moved: answers follow at once, and that
 * address is probed.
 *
 * The relay is there from the start, and any direct path replaces it as soon as that is proven. It is kept all the
 * same: while a direct path is in doubt (trust lapsed, or an answer is overdue) data goes both ways (`spare`), and the
 * relay takes over only when the doubt has lasted for a second, so that one lost packet does not change the path. While
 * the conversation is active over the relay, all candidates are probed again after a minute, then ever less often. The
 * peer is called to do the same, because two NATs that filter let packets in only while both sides send.
 */
export class Paths {
  readonly #random: () => number
  #policy: Policy
  readonly #leads: boolean
  readonly #pending: PendingFrames
  readonly #budget: AddressBudget
  /** Whether the peer's program runs on this machine: only then the loopback addresses that it names are used. */
  isHere = false
  /** The address at which the server sees the peer, if it says so. */
  seenAt: string | undefined
  /** At most `MAX_CANDIDATES`, and the relay. */
  readonly #paths: Array<Path> = []
  #relay: Path | undefined
  /** What may go over the relay of this channel. */
  #allowance: { readonly channel: ChannelId; readonly allowance: RelayAllowance } | undefined
  #active: Path | undefined
  /** Why the active path is the active one. */
  #reason: PathReason = "first"
  readonly #doubt = new RelayFailover()
  #trafficAt = Number.NEGATIVE_INFINITY
  /** When data came last. */
  #toldAt = Number.NEGATIVE_INFINITY
  #silence: number
  /** The last `trustedUntil` of the active path whose passing was handled. */
  #lapsedAt = Number.NEGATIVE_INFINITY
  /** When all candidates were probed last. */
  #triedAt = Number.NEGATIVE_INFINITY
  /** How often in vain since there was a reason to believe that something has changed. */
  #tries = 0
  /** Limits how many new addresses the peer makes us probe. */
  readonly #newcomers = new TokenBucket(NEWCOMERS, 0)

  /**
   * `random` gives a number from 0 to 1 for the jitter of keepalives. `leads`, which is so on one of the two sides,
   * breaks silence a little sooner: the other side's answer keeps both NATs open.
   */
  constructor(
    random: () => number,
    policy: Policy = "prefer-direct",
    leads = true,
    /** Where a CANDIDATES frame is asked for, which calls the peer to probe our addresses. */
    pending: PendingFrames = new PendingFrames(),
    /** What may go to addresses that have not proved themselves. */
    budget: AddressBudget = new AddressBudget()
  ) {
    this.#budget = budget
    this.#random = random
    this.#policy = policy
    this.#leads = leads
    this.#pending = pending
    this.#silence = this.#nextSilence()
  }

  /** The path that data takes now; `undefined` before the first path is known. */
  get active(): Path | undefined {
    return this.#active
  }

  get reason(): PathReason {
    return this.#reason
  }

  /** The path that copies of data take: the relay, while the active path is a direct one that is not trusted. */
  spare(now: number): Path | undefined {
    const active = this.#active
    return active === undefined || active.isRelay || active.trusted(now) ? undefined : this.#relay
  }

  get all(): ReadonlyArray<Path> {
    return this.#paths
  }

  get routes(): ReadonlyArray<Route> {
    return this.#paths.map((path) => path.route)
  }

  /** The routes on which the peer has answered a probe at some time. */
  get provenRoutes(): ReadonlyArray<Route> {
    return this.#paths.filter((path) => path.proven).map((path) => path.route)
  }

  /**
   * Adds a candidate and begins to probe it; does nothing when it is known or unusable, or too many new ones came
   * lately.
   */
  add(route: Route, now: number, source: PathSource = "server"): void {
    if (!permits(this.#policy, route)) return
    if (route._tag === "Relay") {
      this.#setRelay(route, now)
      return
    }
    if (source === "peer" && !isCandidate(route.endpoint, this.isHere)) return
    const known = this.#find(routeKey(route))
    if (known !== undefined) known.isNamed = true
    else if (this.#mayProbeAnother(now)) this.#insert(new Path(route, source)).probe(now)
  }

  /** The relay of this channel carries no more than this. To be said before the relay is used. */
  limitRelay(channel: ChannelId, allowance: RelayAllowance): void {
    this.#allowance = { channel, allowance }
    if (this.#relay !== undefined) this.#allow(this.#relay)
  }

  #allow(relay: Path): void {
    const known = this.#allowance
    if (relay.route._tag === "Relay" && relay.route.channel === known?.channel) relay.allowance = known.allowance
  }

  /**
   * The peer names an address of its own, from which it is about to probe us. We probe it too, so that our own NAT's
   * filter opens for it.
   */
  called(route: Route, now: number): void {
    const known = this.#find(routeKey(route))
    if (known === undefined) {
      this.add(route, now, "peer")
      return
    }
    known.isNamed = true
    if (!known.trusted(now) && known.probingSince === undefined && this.#mayProbeAnother(now)) known.probe(now)
  }

  /**
   * Makes this path the active one, proven or not, because a handshake packet of `bytes` came in on it, `rtt` ms after
   * ours.
   */
  use(route: Route, bytes: number, rtt: number | undefined, now: number): void {
    if (route._tag === "Relay") this.#setRelay(route, now)
    const path = this.#find(routeKey(route)) ?? this.#insert(new Path(route))
    if (rtt !== undefined) path.rtt.guess(rtt)
    path.onHeard(bytes, now)
    path.probe(now)
    this.#triedAt = now
    this.#become(path, "first")
  }

  /**
   * An authentic packet came in on `route`. `moves`: it is the newest of the connection so far, and holds more than a
   * probe. An unknown source becomes a candidate. A source that is not trusted becomes the active path when `moves` is
   * true, unless it is the relay: a packet over the relay only throws doubt on the active path. `undefined` when the
   * source is unknown and too many new ones came lately.
   */
  heard(route: Route, bytes: number, moves: boolean, now: number): Path | undefined {
    let path = this.#active?.isAt(route) === true ? this.#active : this.#find(routeKey(route))
    if (path === undefined) {
      if (route._tag === "Relay") path = this.#setRelay(route, now)
      else if (!this.#mayProbeAnother(now)) return undefined
      else path = this.#insert(new Path(route))
      path.probe(now)
    }
    this.#onHeard(path, bytes, now)
    path.trigger(now)
    if (moves && path !== this.#active && !path.trusted(now)) {
      path.probe(now)
      if (path.isRelay && this.#active !== undefined) {
        this.doubt(now, 1)
      } else {
        this.#active?.doubt()
        this.#active?.probe(now)
        this.#become(path, this.#active === undefined ? "first" : "moved")
      }
    }
    return path
  }

  /** A PONG came in on this path. Gives whether it proved the path. */
  onPong(path: Path, token: string, now: number): boolean {
    if (!path.onPong(token, now)) return false
    if (path.route._tag === "Direct") this.#budget.onProven(path.route.endpoint)
    if (path.answers === 1 && !path.isRelay) this.#newcomers.giveBack(1)
    if (path === this.#active) this.#doubt.end()
    this.#select(now)
    return true
  }

  /** Until when the conversation counts as active, if no more data comes or goes. */
  get activeUntil(): number {
    return this.#trafficAt + ACTIVE_FOR
  }

  /** Data came: the conversation is active, and has heartbeats instead of keepalives. */
  onTraffic(now: number): void {
    this.#trafficAt = now
    this.#toldAt = now
  }

  /**
   * Data is about to be sent: when the active path is not trusted, all are probed that the peer has been reached on.
   */
  onSending(now: number): void {
    this.#trafficAt = now
    const active = this.#active
    if (active === undefined || active.trusted(now)) return
    if (!active.isRelay) this.#doubt.begin(now)
    for (const path of this.#paths) if (path === active || path.isRelay || path.proven) path.probe(now)
  }

  /**
   * Answers are overdue on the active path, for the `times`-th time in a row. Where there is a relay, it carries the
   * data as well until the path is proven again. From the second time on the other candidates are probed too; a single
   * loss is no reason for that.
   */
  doubt(now: number, times: number): void {
    const active = this.#active
    if (active === undefined || this.#paths.length === 1) return
    if (times > 1) {
      active.doubt()
      this.probeAll(now)
    }
    if (this.#relay === undefined || active.isRelay) return
    active.doubt()
    this.#doubt.begin(now)
    active.probe(now)
    this.#relay.probe(now)
  }

  /** Probes every candidate, and tells the peer our own ones so that it probes them: the network may have changed. */
  retry(now: number): void {
    this.#tries = 0
    this.#retry(now)
  }

  #retry(now: number): void {
    this.#triedAt = now
    if (this.#policy !== "relay-only") this.#pending.candidates = true
    this.probeAll(now)
  }

  probeAll(now: number): void {
    for (const path of this.#paths) path.probe(now)
  }

  /** From now on only what this policy permits is used. Paths that it permits anew have to be added again. */
  setPolicy(policy: Policy, now: number): void {
    this.#policy = policy
    for (const path of this.#paths.filter(({ route }) => !permits(policy, route))) this.#remove(path)
    if (this.#active !== undefined && this.#paths.includes(this.#active)) return
    this.#active = undefined
    const heir = this.#relay ?? this.#paths.find((path) => path.proven)
    if (heir !== undefined) this.#become(heir, "policy")
    this.#select(now)
  }

  /** A path whose probe is due, and may be sent. */
  dueProbe(now: number): Path | undefined {
    for (const path of this.#paths) {
      while ((path.nextProbeAt ?? NEVER) <= now) {
        if (this.mayProbe(path, now)) return path
        path.skipProbe()
      }
    }
    return undefined
  }

  /** Whether a PING may be sent on this path, alone or in a packet that has `more` bytes besides. */
  mayProbe(path: Path, now: number, more = 0): boolean {
    const bytes = PROBE_BYTES + more
    if (path.route._tag === "Relay") return true
    return this.#budget.allows(path.route.endpoint, path.standing(bytes, now), bytes, now)
  }

  /**
   * Bytes of data that may go out on this path in one packet. To an address that has never been proven goes only three
   * times what came from there.
   */
  room(path: Path, now: number): number {
    if (path.route._tag === "Relay" || path.isFresh(now)) return NEVER
    return path.proven ? path.dataRoom(now) : this.#budget.room(path.route.endpoint)
  }

  /**
   * A packet of a handshake is about to leave on this route: how well its address is known. `undefined` when it is no
   * path of this connection.
   */
  spend(route: Route, bytes: number, now: number): Standing | undefined {
    const path = this.#find(routeKey(route))
    const standing = path?.standing(bytes, now)
    path?.onSent(bytes, now)
    return standing
  }

  /** When something is to be done next. */
  get timeout(): number {
    let timeout = Math.min(this.#heartbeatAt(), this.#retryAt(), this.#takeOverAt())
    for (const path of this.#paths) timeout = Math.min(timeout, path.nextProbeAt ?? NEVER)
    const lapse = this.#active?.trustedUntil
    if (lapse !== undefined && lapse > this.#lapsedAt && lapse < this.activeUntil) {
      timeout = Math.min(timeout, lapse)
    }
    return timeout
  }

  /** Whether trust in the active path has just worn out in the middle of a conversation. */
  handleTimeout(now: number): boolean {
    let hasLapsed = false
    if (this.#heartbeatAt() <= now) {
      this.#active?.probe(now)
      this.#silence = this.#nextSilence()
    }
    if (this.#retryAt() <= now) {
      this.#tries++
      this.#retry(now)
    }
    const lapse = this.#active?.trustedUntil
    if (lapse !== undefined && lapse <= now && lapse > this.#lapsedAt) {
      this.#lapsedAt = lapse
      if (now < this.activeUntil) {
        hasLapsed = true
        if (this.#active?.isRelay === false) this.#doubt.begin(now)
        this.probeAll(now)
      }
      this.#select(now)
    }
    if (this.#takeOverAt() <= now) {
      // The doubt counts as handled even when this selects no other path. If the relay is not trusted now, its next
      // PONG selects again.
      this.#doubt.settle()
      this.#select(now)
    }
    return hasLapsed
  }

  /** When the active path is due for a heartbeat, or in silence for a keepalive. */
  #heartbeatAt(): number {
    const active = this.#active
    if (active === undefined || active.probingSince !== undefined) return NEVER
    const since = Math.max(active.provenAt, active.probedAt)
    const beat = since + HEARTBEAT
    if (beat > this.activeUntil) return Math.max(since, active.sentAt) + this.#silence
    // Who only listens would not notice that a router of its own has forgotten it: nothing more comes in.
    const opens = Math.max(since, active.sentAt) + LISTENING_BEAT
    return active.kind === "direct" && opens <= this.#toldAt + LISTENING ? Math.min(beat, opens) : beat
  }

  /** When to look for a direct path again. */
  #retryAt(): number {
    if (this.#active?.isRelay !== true || this.#policy !== "prefer-direct") return NEVER
    const at = this.#triedAt + Math.min(RETRY * 2 ** this.#tries, LONGEST_RETRY)
    return at <= this.activeUntil ? at : NEVER
  }

  /**
   * When the doubt about the active path will have lasted so long that the relay takes over; infinite without a relay.
   */
  #takeOverAt(): number {
    return this.#relay === undefined ? NEVER : this.#doubt.overdueAt
  }

  #onHeard(path: Path, bytes: number, now: number): void {
    if (path.route._tag === "Direct" && !path.proven) this.#budget.onHeard(path.route.endpoint, bytes, now)
    path.onHeard(bytes, now)
  }

  #mayProbeAnother(now: number): boolean {
    return this.#newcomers.take(now) === 0
  }

  #select(now: number): void {
    let best: Path | undefined
    for (const path of this.#paths) {
      if (path.trusted(now) && (best === undefined || path.cost() < best.cost())) best = path
    }
    const active = this.#active
    if (best === undefined || best === active) return
    const trusted = active?.trusted(now) === true
    if (trusted && best.cost() > active.cost() * HYSTERESIS) return
    if (best.isRelay && active !== undefined) {
      this.#doubt.begin(now)
      if (!this.#doubt.isOverdue(now)) return
    }
    this.#become(best, active === undefined ? "first" : trusted || active.isRelay ? "better" : "failed")
  }

  #become(path: Path, reason: PathReason): void {
    if (path === this.#active) return
    this.#active = path
    this.#reason = reason
    this.#doubt.end()
  }

  /**
   * Makes this the relay. There is one, that of the latest introduction: earlier ones ended with the sessions at the
   * server that they belonged to.
   */
  #setRelay(route: Route, now: number): Path {
    const former = this.#relay
    if (former?.key === routeKey(route)) return former
    const relay = new Path(route, "server")
    this.#allow(relay)
    if (former !== undefined) this.#remove(former)
    this.#relay = relay
    this.#paths.push(relay)
    relay.probe(now)
    if (former !== undefined && former === this.#active) {
      relay.rtt.guess(former.rtt.smoothed)
      this.#active = relay
    }
    return relay
  }

  #remove(path: Path): void {
    this.#paths.splice(this.#paths.indexOf(path), 1)
    if (path === this.#relay) this.#relay = undefined
  }

  #find(key: string): Path | undefined {
    return this.#paths.find((path) => path.key === key)
  }

  /**
   * Makes room by dropping the path that was silent longest, unproven ones first, never the active one or the relay.
   */
  #insert(path: Path): Path {
    if (this.#paths.length - (this.#relay === undefined ? 0 : 1) >= MAX_CANDIDATES) {
      let worst: Path | undefined
      for (const known of this.#paths) {
        if (known !== this.#active && !known.isRelay && (worst === undefined || staler(known, worst))) worst = known
      }
      if (worst !== undefined) this.#remove(worst)
    }
    this.#paths.push(path)
    return path
  }

  #nextSilence(): number {
    return KEEPALIVE + (this.#leads ? 0 : KEEPALIVE_LAG) + KEEPALIVE_JITTER * this.#random()
  }
}

const staler = (left: Path, right: Path): boolean =>
  left.proven === right.proven ? left.heardAt < right.heardAt : !left.proven

/** ms between two heartbeats: two of them fall within the time for which a proof is believed. */
const HEARTBEAT = 3_000
/** ms without a packet of ours, just after the peer has said something: nobody who talks notices a second's gap. */
const LISTENING_BEAT = 750
/** ms after the peer's last data for which more of it is likely. */
const LISTENING = 10_000
/** ms after the last data for which a conversation counts as active. */
const ACTIVE_FOR = 45_000
/**
 * ms without a packet of ours: inside the 30 s after which many NATs forget a UDP mapping (RFC 4787 REQ-5 asks for
 * more, and is not obeyed).
 */
const KEEPALIVE = 25_800
/** ms added at random, so that peers behind one router do not beat in step. */
const KEEPALIVE_JITTER = 700
/**
 * ms that the side which does not lead waits in addition: longer than jitter and a round trip. The latest is 27.6 s;
 * that leaves time for a resend.
 */
const KEEPALIVE_LAG = 1_100
/** A new path must be 10 % better, or the choice would follow the noise. */
const HYSTERESIS = 0.9
/**
 * ms until the next try for a direct path while relayed, doubled with each. A change of our own network causes a try at
 * once; this interval is for changes elsewhere, such as in a NAT, that we are not told of.
 */
const RETRY = 60_000
/** ms between two tries at most. */
const LONGEST_RETRY = 60 * 60_000
/** Bytes of a packet with a PING. */
const PROBE_BYTES = 38
/**
 * New addresses at once: what the introduction, the handshake and a roaming peer with as many interfaces bring
 * together. One more each 30 s: in this time a hostile peer makes us send at most eight probes (528 bytes) to an
 * address of its choice, besides what `AddressBudget` allows for each. Those that prove themselves do not count.
 */
const NEWCOMERS: Rate = { burst: 4 * MAX_CANDIDATES, perSecond: 1 / 30 }
