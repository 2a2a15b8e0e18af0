import type * as Endpoint from "../../domain/Endpoint.js"

/** Of one channel at a port: when the first datagram went that nothing came after, nor an answer of the port. */
export interface Sending {
  sentAt: number | undefined
}

/**
 * A relay's UDP port, and whether our datagrams get through to it. That shows in its answers to our questions, which
 * nobody can make up who does not see them. While one came lately it is used; a peer's answer that is overdue is a
 * reason to ask, and an answer of the port that is overdue a reason not to use it.
 */
export class RelayPort {
  /** When it answered a question last. */
  #heardAt = Number.NEGATIVE_INFINITY
  /** When it was asked whether it gets our datagrams; `undefined` once it has answered. */
  #askedAt: number | undefined
  #lastAskedAt = Number.NEGATIVE_INFINITY
  /** Whether it has just turned out that it does not answer. */
  #isNewlySilent = false

  constructor(readonly endpoint: Endpoint.Endpoint) {}

  isAt(endpoint: Endpoint.Endpoint): boolean {
    return endpoint.port === this.endpoint.port && endpoint.address === this.endpoint.address
  }

  /** It has answered a question. */
  answered(now: number): void {
    this.#heardAt = now
    this.#askedAt = undefined
  }

  /** We have another network now: what is known is out of date. */
  forget(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY
  }

  /** A server has greeted anew. */
  renew(): void {
    this.#askedAt = undefined
  }

  /** Whether a datagram of this channel may go there; `ask` has it asked whether it is there. */
  mayTake(sending: Sending, now: number, ask: (port: Endpoint.Endpoint) => void): boolean {
    if (now >= this.#heardAt + LATELY) return false
    if (sending.sentAt === undefined || sending.sentAt < this.#heardAt) sending.sentAt = now
    const isHushed = this.#askedAt === undefined && now >= sending.sentAt + HUSH
    if (isHushed && now >= this.#lastAskedAt + ASK_INTERVAL) {
      this.#askedAt = now
      this.#lastAskedAt = now
      ask(this.endpoint)
      this.#isNewlySilent = true
    }
    return this.#askedAt === undefined || now < this.#askedAt + PATIENCE
  }

  /** Whether it owes us an answer since `PATIENCE` ms: once each time. */
  pollSilence(now: number): boolean {
    if (!this.#isNewlySilent || this.#askedAt === undefined || now < this.#askedAt + PATIENCE) return false
    this.#isNewlySilent = false
    return true
  }
}

/** ms: two rounds of questions to the server, so that a lost answer is no reason to change. */
const LATELY = 60_000

/**
 * ms until a peer's answer is overdue, through a relay that is not far: soon, because a question costs two small
 * packets.
 */
const HUSH = 200

/** ms between two questions: a peer that is farther away than `HUSH` is no reason to ask with each packet. */
const ASK_INTERVAL = 1_000

/**
 * ms that the server has to answer: the question is repeated after 500, so it takes two losses to be wrong. Somebody
 * waits, and little is lost by using the link in vain.
 */
const PATIENCE = 700
