import { type Endpoint, isCandidate } from "../../../domain/Endpoint.js"
import type { Guess } from "../../../protocol/Frame.js"
import { LOWEST_PORT, PORTS } from "../../nat/PortGuess.js"
import { NEVER } from "../../support/Deadline.js"
import { TokenBucket } from "../../support/TokenBucket.js"

/**
 * Where OPEN is to go because a peer behind a NAT that gives each destination another port asks for it (GUESS): to many
 * ports of its address, in an order that nobody knows before, until one of them is right. One request at a time, and
 * the newest replaces the one before; `MAX_OPENS` at most for each.
 */
export class PortOpener {
  #guess: Guess | undefined
  #left = 0
  #index = 0
  #step = 1
  #nextAt = NEVER
  readonly #pace = new TokenBucket(PACE, 0)

  constructor(private readonly random: (length: number) => Uint8Array) {}

  /** Begins with what the peer asks for, if that can be anything. */
  begin(guess: Guess, now: number): void {
    const { count, first, ports, stride } = guess
    this.stop()
    if (!isCandidate(first, false) || first.port < LOWEST_PORT || ports < 1 || ports > PORTS || stride > PORTS) return
    this.#guess = guess
    this.#left = Math.min(count, ports, MAX_OPENS)
    this.#nextAt = this.#left > 0 ? now : NEVER
    this.#index = this.#number() % ports
    // Steps of a length that has no factor in common with the number of ports come to each of them once.
    do this.#step = 1 + (this.#number() % ports)
    while (gcd(this.#step, ports) !== 1)
  }

  stop(): void {
    this.#guess = undefined
    this.#nextAt = NEVER
  }

  get timeout(): number {
    return this.#nextAt
  }

  /** The next place for an OPEN; `undefined` when there is none now. */
  poll(now: number): Endpoint | undefined {
    const guess = this.#guess
    if (guess === undefined || now < this.#nextAt) return undefined
    if (this.#pace.take(now) > 0) {
      this.#nextAt = now + this.#pace.wait(now, AT_ONCE)
      return undefined
    }
    const { first, ports, stride } = guess
    const port = LOWEST_PORT + ((first.port - LOWEST_PORT + this.#index * stride) % PORTS)
    this.#index = (this.#index + this.#step) % ports
    if (--this.#left === 0) this.stop()
    return { ...first, port }
  }

  #number(): number {
    const [a, b, c] = this.random(3) as unknown as [number, number, number]
    return (a << 16) | (b << 8) | c
  }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** With 256 ports open at the other side, one of so many guesses is right in 98 of 100 searches. */
export const MAX_OPENS = 1_024
/** Ports that a NAT counts through are few and go at once; the rest at 46 kbit/s, which no uplink notices. */
export const PACE = { burst: 64, perSecond: 200 }
/** Packets that go together when there are many, so that a timer does for all of them. */
const AT_ONCE = 10
