import { hash, mix } from "../kernel/Rng.js"
import type { Conditions } from "./Conditions.js"
import type { Host } from "./Host.js"

/** What becomes of one packet. */
export interface Fate {
  /** Microseconds until each copy arrives; empty when it is lost. The first is the packet itself. */
  readonly arrivals: ReadonlyArray<number>
  /** Why it was lost. */
  readonly lost: Lost | undefined
}

export type Lost = "blocked" | "loss" | "burst" | "queue" | "mtu" | "flap" | "protocol"

/** One direction between two hosts. */
export class Link {
  /** Fixed by the seed and the two names: other hosts and other links cannot move it. */
  readonly #salt: number
  #packets = 0
  #bad = false
  #busyUntil = 0
  #flapSince = 0
  /** Packets that a clogged link holds, released in order. */
  readonly #held: Array<() => void> = []

  constructor(
    seed: number,
    readonly from: Host,
    readonly to: Host,
    public conditions: Conditions
  ) {
    this.#salt = mix(hash(`${from.name}>${to.name}`) ^ mix(seed))
  }

  /**
   * From `now` on, packets fare as `conditions` say; what a clogged link held goes on its way when it is clogged no
   * more.
   */
  update(conditions: Conditions, now: number): void {
    if (conditions.flap !== undefined && this.conditions.flap === undefined) this.#flapSince = now
    this.conditions = conditions
    if (!conditions.clogged) for (const release of this.#held.splice(0)) release()
  }

  /**
   * Decides the fate of the next packet of `size` bytes at `now` (µs). A packet always takes its number, lost or not,
   * so that a fault more or less leaves the draws of all later packets as they were.
   */
  next(protocol: "udp" | "tcp", size: number, now: number): Fate {
    const n = this.#packets++
    const lost = this.#reasonToLose(n, protocol, size, now)
    if (lost !== undefined) return { arrivals: NONE, lost }
    const delay = this.#delay(n, size, now)
    const copies = protocol === "udp" ? this.#copies(n, delay) : NONE
    return { arrivals: copies.length === 0 ? [delay] : [delay, ...copies], lost: undefined }
  }

  /** Keeps a packet back for as long as the link is clogged; beyond what it has room for, packets are lost. */
  hold(release: () => void): void {
    if (this.#held.length < MAX_HELD) this.#held.push(release)
  }

  /** Number of the packet that `next` decided last. */
  get last(): number {
    return this.#packets - 1
  }

  /** A number at least 0 and below 1 that belongs to packet `n` and `purpose` alone. */
  draw(n: number, purpose: Purpose): number {
    return mix(this.#salt ^ Math.imul(n, 0x27d4eb2f) ^ Math.imul(purpose, 0x165667b1)) / 4_294_967_296
  }

  #reasonToLose(n: number, protocol: "udp" | "tcp", size: number, now: number): Lost | undefined {
    const c = this.conditions
    if (c.burst !== undefined) {
      const turn = this.draw(n, Purpose.burst)
      if (turn < (this.#bad ? c.burst.leave : c.burst.enter)) this.#bad = !this.#bad
    } else this.#bad = false
    if (c.blocked) return "blocked"
    if (protocol === "udp" ? c.udpBlocked : c.tcpBlocked) return "protocol"
    if (c.flap !== undefined) {
      const phase = (now - this.#flapSince) % ((c.flap.upMs + c.flap.downMs) * 1000)
      if (phase >= c.flap.upMs * 1000) return "flap"
    }
    if (size > c.mtu) return "mtu"
    if (this.#bad) return "burst"
    if (c.loss > 0 && this.draw(n, Purpose.loss) < c.loss) return "loss"
    if (c.queue !== Number.POSITIVE_INFINITY && ((this.#busyUntil - now) * c.bandwidth) / 1e6 > c.queue) return "queue"
    return undefined
  }

  #delay(n: number, size: number, now: number): number {
    const c = this.conditions
    let delay = c.latencyMs * 1000
    if (c.jitterMs > 0) delay += this.draw(n, Purpose.jitter) * c.jitterMs * 1000
    if (c.reorder !== undefined && this.draw(n, Purpose.reorder) < c.reorder.probability) {
      delay += this.draw(n, Purpose.reorderBy) * c.reorder.ms * 1000
    }
    if (c.bandwidth !== Number.POSITIVE_INFINITY) {
      this.#busyUntil = Math.max(now, this.#busyUntil) + (size * 1e6) / c.bandwidth
      delay += this.#busyUntil - now
    }
    return Math.round(delay)
  }

  #copies(n: number, delay: number): ReadonlyArray<number> {
    const c = this.conditions
    if (c.duplicate === 0 && c.replay === undefined) return NONE
    const copies: Array<number> = []
    if (c.duplicate > 0 && this.draw(n, Purpose.duplicate) < c.duplicate) {
      copies.push(delay + Math.round(this.draw(n, Purpose.duplicateBy) * DUPLICATE_WITHIN))
    }
    if (c.replay !== undefined && this.draw(n, Purpose.replay) < c.replay.probability) {
      copies.push(delay + Math.round(c.replay.ms * 1000))
    }
    return copies
  }
}

/** What a draw is for: each use has its own number for each packet. */
export enum Purpose {
  jitter = 1,
  reorder,
  reorderBy,
  burst,
  loss,
  duplicate,
  duplicateBy,
  replay,
  corrupt,
  corruptAt,
  truncate,
  truncateTo,
  rechunk,
  reset
}

/** A clogged link is a bufferbloated router at worst: 4096 packets are 6 MB of buffer. */
const MAX_HELD = 4096

const NONE: ReadonlyArray<number> = []

/** The second copy follows within 5 ms, as copies made by a switch or a radio do. */
const DUPLICATE_WITHIN = 5000
