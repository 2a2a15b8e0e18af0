import type { ChannelId } from "../../../domain/ChannelId.js"
import { type Endpoint, format, isCandidate, MAX_CANDIDATES, scope } from "../../../domain/Endpoint.js"
import type { PeerRecord } from "../../../protocol/PeerRecord.js"
import { NEVER } from "../../support/Deadline.js"
import { RecentIds } from "../../support/RecentIds.js"
import type { TokenBucket } from "../../support/TokenBucket.js"
import type { Introduction } from "../Introduction.js"
import { PROBE_SCHEDULE } from "../path/Path.js"
import { type Policy, permits } from "../path/Policy.js"
import type { RelayAllowance } from "../path/RelayAllowance.js"
import type { Route } from "../Route.js"

/** One introduction (a peer on a channel), and the state of the handshakes on its channel. */
export class OpenIntroduction {
  readonly channel: ChannelId
  pairKey: Uint8Array
  record: PeerRecord
  candidates: ReadonlyArray<Endpoint>
  /** Whether the server carries packets on this channel. */
  relay: boolean
  /** What the server will carry of ours, once that is known. */
  allowance: RelayAllowance | undefined
  /** Whether the peer's program runs on this machine. */
  isHere: boolean
  /** The address at which the server sees the peer. */
  seenAt: string | undefined
  /** Whether we asked for the peer on this channel, so that we may begin handshakes. */
  inviting = false
  /** When the peer asked for us on this channel. */
  #calledAt = Number.NEGATIVE_INFINITY
  /** Addresses that the peer has named itself in its last handshake on this channel. */
  #named: ReadonlyArray<Endpoint> = []
  /** The `attempt` of our newest handshake on this channel. */
  sentAttempt = 0
  /** The `attempt` of the newest authentic handshake that the peer began; one that is not greater is a replay. */
  receivedAttempt = 0
  /** No handshake packet is opened before this time: a handshake was accepted just now. */
  busyUntil = Number.NEGATIVE_INFINITY
  /** How many RETRY may be sent; none were yet while it is `undefined`. */
  retries: TokenBucket | undefined
  /** The `mac1` of each HS1 that was opened last, accepted or not: what comes again is no news. */
  readonly opened = new RecentIds(MAX_OPENED)
  /** When the series of OPEN packets began, which open our NAT's filter for the peer; `undefined` when none runs. */
  #openingSince: number | undefined
  #step = 0

  constructor(introduction: Introduction) {
    this.channel = introduction.channel
    this.pairKey = introduction.pairKey
    this.record = introduction.record
    this.candidates = usable(introduction)
    this.relay = introduction.relay === true
    this.isHere = introduction.isHere === true
    this.seenAt = introduction.seenAt
  }

  /** The peer's addresses, as the server and the peer itself have told them. */
  get endpoints(): ReadonlyArray<Endpoint> {
    return [...this.candidates, ...this.#named]
  }

  /** The routes to the peer that `policy` permits. The relay comes first, since it is there for sure. */
  routes(policy: Policy): ReadonlyArray<Route> {
    const relay: ReadonlyArray<Route> = this.relay ? [{ _tag: "Relay", channel: this.channel }] : []
    const direct = this.endpoints.map((endpoint): Route => ({ _tag: "Direct", endpoint }))
    return [...relay, ...direct].filter((route) => permits(policy, route))
  }

  /** The server told us of the same pair again. */
  update(introduction: Introduction): void {
    this.pairKey = introduction.pairKey
    this.record = introduction.record
    this.candidates = usable(introduction)
    this.relay = introduction.relay === true
    this.isHere = introduction.isHere === true
    this.seenAt = introduction.seenAt
  }

  /** The peer has named these addresses in a handshake: what the server did not tell is known from then on. */
  learn(candidates: ReadonlyArray<Endpoint>): void {
    const told = new Set(this.candidates.map(format))
    this.#named = candidates
      .filter((candidate) => isCandidate(candidate, this.isHere) && !told.has(format(candidate)))
      .slice(0, MAX_CANDIDATES - told.size)
  }

  called(now: number): void {
    this.#calledAt = now
  }

  /** Whether the peer's first HS1 is on its way to us over the relay, or was here just now. */
  isCalling(policy: Policy, now: number): boolean {
    return now < this.#calledAt + CALL_IS_NEW && this.routes(policy).some(({ _tag }) => _tag === "Relay")
  }

  startOpening(now: number): void {
    this.#openingSince = now
    this.#step = 0
  }

  stopOpening(): void {
    this.#openingSince = undefined
  }

  /** When the next round of OPEN packets is due. */
  get openAt(): number {
    return this.#openingSince === undefined ? NEVER : this.#openingSince + PROBE_SCHEDULE[this.#step]!
  }

  /** A round of OPEN packets was sent; the last one ends the series. */
  onOpened(): void {
    this.#step++
    if (this.#step === PROBE_SCHEDULE.length) this.#openingSince = undefined
  }
}

/** ms in which a program asks back by itself, on any network; people take longer, and find the handshake done. */
const CALL_IS_NEW = 1_000

/**
 * About 20 KB for a channel on which so many came: more than two honest sides make in two hours, so that a listener's
 * collection of old ones costs hashes alone.
 */
const MAX_OPENED = 128

/**
 * Leaves out addresses that cannot be one peer's. A link-local one stays, because the local network may have shown it:
 * what servers and peers name is looked through where it comes in (`Endpoint.isCandidate`).
 */
const usable = ({ candidates, isHere }: Introduction): ReadonlyArray<Endpoint> =>
  candidates
    .filter((endpoint) => isCandidate(endpoint, isHere === true) || (endpoint.port > 0 && scope(endpoint) === "link"))
    .slice(0, MAX_CANDIDATES)
