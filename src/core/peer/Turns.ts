import { NEVER } from "../support/Deadline.js"
import { DeadlineHeap } from "../support/DeadlineHeap.js"
import type { Association } from "./Association.js"
import { MAX_PEERS } from "./PeerTable.js"
import type { AddressBudget } from "./path/AddressBudget.js"
import type { Transmit } from "./Route.js"

/**
 * Whose packet leaves next, and when somebody wants to be woken. Associations that may have something to send take
 * turns, a packet each; before all of them go packets that belong to no connection in use.
 */
export class Turns {
  /** Handshakes, goodbyes, OPEN. */
  readonly #urgent: Array<Transmit> = []
  /** Associations that may have something to send, in the order of their turns. */
  readonly #ready = new Set<Association>()
  readonly #timeouts = new DeadlineHeap<Association>()
  readonly #budget: AddressBudget
  #now: number

  constructor(budget: AddressBudget, now: number) {
    this.#budget = budget
    this.#now = now
  }

  /** Monotonic ms: when something was done last. */
  get now(): number {
    return this.#now
  }

  /** Something is done now. */
  at(now: number): void {
    this.#now = now
  }

  /** Sends a packet that belongs to no connection in use. */
  send(transmit: Transmit): void {
    this.#urgent.push(transmit)
    if (this.#urgent.length > MAX_URGENT) this.#urgent.shift()
  }

  /**
   * The association has changed: it may have something to send. Its timeout is worked out anew when it has been asked
   * for its packets.
   */
  add(association: Association): void {
    this.#ready.add(association)
  }

  forget(association: Association): void {
    this.#ready.delete(association)
    this.#timeouts.delete(association)
  }

  /** Those whose time has come. */
  due(now: number): ReadonlyArray<Association> {
    return this.#timeouts.due(now)
  }

  /** The next packet. Whatever goes to an address passes `AddressBudget` here. */
  pollTransmit(now: number): Transmit | undefined {
    for (;;) {
      const next = this.#pollTransmit(now)
      if (next === undefined || this.#budget.charge(next, now)) return next
    }
  }

  pollTimeout(): number | undefined {
    if (this.#ready.size > 0 || this.#urgent.length > 0) return this.#now
    const { next } = this.#timeouts
    return next === NEVER ? undefined : next
  }

  #pollTransmit(now: number): Transmit | undefined {
    const urgent = this.#urgent.shift()
    if (urgent !== undefined) return urgent
    for (const association of this.#ready) {
      const transmit = association.pollTransmit(now)
      // With one association that has packets to send there are no turns to take: it keeps its place in the set.
      if (transmit !== undefined && this.#ready.size === 1) return transmit
      this.#ready.delete(association)
      if (transmit !== undefined) {
        this.#ready.add(association)
        return transmit
      }
      this.#timeouts.set(association, association.timeout(now))
    }
    return undefined
  }
}

/**
 * Packets outside of connections that wait for the driver: three goodbyes to each peer. Beyond that the oldest is
 * dropped.
 */
const MAX_URGENT = 3 * MAX_PEERS
