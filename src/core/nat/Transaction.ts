import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Stun from "../../protocol/Stun.js"

export interface TransactionOptions {
  readonly server: Endpoint.Endpoint
  /** Asks for the answer from another address, port or both (RFC 5780 §7.2). */
  readonly change?: { readonly address: boolean; readonly port: boolean }
  readonly patience: Patience
  /** Bytes that the request has besides, a multiple of four. */
  readonly filler?: number
  /** Fresh unpredictable bytes: an attacker who guesses a transaction id can lie about our address (RFC 8489 §5). */
  readonly random: Random
}

export type Random = (length: number) => Uint8Array

/** How long, and how often, a request is repeated. */
export interface Patience {
  /** Requests sent at most: Rc of RFC 8489 §6.2.1. */
  readonly sends: number
  /** Ms after the last of them until the transaction has failed: Rm times RTO there. */
  readonly lastWaitMs: number
}

/**
 * Ms until the first repetition, doubled with each (RFC 8489 §6.2.1: at least 500 unless the round trip is known). It
 * is not lowered to a round trip measured earlier either: on a mobile link that was idle the next answer takes far
 * longer than the last one did. Nothing waits for this answer anyway, because the conversation is already up through
 * the relay.
 */
export const INITIAL_RTO = 500

/** A Binding client transaction (RFC 8489 §6): one request, sent again on schedule until it is answered or given up. */
export class Transaction {
  /** Names the transaction in `keyOf` of its answer. */
  readonly key: string
  readonly server: Endpoint.Endpoint
  readonly #request: Uint8Array
  readonly #patience: Patience
  readonly #begun: number
  #sent = 0
  #next: number
  #over = false

  constructor({ change, filler, patience, random, server }: TransactionOptions, now: number) {
    const transactionId = random(Stun.TRANSACTION_BYTES)
    this.key = Bytes.toHex(transactionId)
    this.server = server
    this.#patience = patience
    this.#begun = now
    this.#next = now
    // FINGERPRINT is there because the socket also carries the peer link. SOFTWARE makes the request as large as its
    // answer.
    this.#request = Stun.encode(
      {
        class: "request",
        method: Stun.BINDING,
        transactionId,
        attributes: { software: SOFTWARE, ...(change === undefined ? {} : { changeRequest: change }) },
        fingerprint: true
      },
      filler
    )!
  }

  /** Whether it has waited for an answer since `ms` or longer. */
  isLate(ms: number, now: number): boolean {
    return !this.#over && now >= this.#begun + ms
  }

  /** Whether an answer may still come. */
  get pending(): boolean {
    return !this.#over
  }

  /**
   * The answer came. Gives the round trip in ms, unless the request was repeated: then it is not known which one was
   * answered (Karn's algorithm).
   */
  finish(now: number): number | undefined {
    this.#over = true
    return this.#sent === 1 ? now - this.#begun : undefined
  }

  /** Ends the transaction without an answer when its time is up; `true` when that happened just now. */
  expire(now: number): boolean {
    if (this.#over || this.#sent < this.#patience.sends || now < this.#next) return false
    this.#over = true
    return true
  }

  /** The request, when it is due. */
  poll(now: number): Uint8Array | undefined {
    if (this.#over || this.#sent >= this.#patience.sends || now < this.#next) return undefined
    this.#sent++
    // Counted from `now` and not from when the request was due: after a pause of the program the requests must not
    // leave in a bunch.
    this.#next =
      now + (this.#sent === this.#patience.sends ? this.#patience.lastWaitMs : INITIAL_RTO * 2 ** (this.#sent - 1))
    return this.#request
  }

  /** When there is something to do; `undefined` when it is over. */
  timeout(): number | undefined {
    return this.#over ? undefined : this.#next
  }
}

/** The `key` of the transaction that a message belongs to. */
export const keyOf = (message: Stun.Message): string => Bytes.toHex(message.transactionId)

/** Our endpoint as the answer names it; `undefined` when it names none that a peer could send to. */
export const mappedOf = (message: Stun.Message, server: Endpoint.Endpoint): Endpoint.Endpoint | undefined => {
  if (message.class !== "success" || message.method !== Stun.BINDING || message.unknown.length > 0) return undefined
  const mapped = message.attributes.xorMappedAddress ?? message.attributes.mappedAddress
  if (mapped?.family !== server.family || mapped.port === 0 || Endpoint.scope(mapped) === "unusable") return undefined
  return mapped
}

export const same = (left: Endpoint.Endpoint, right: Endpoint.Endpoint): boolean =>
  left.port === right.port && left.address === right.address

const SOFTWARE = "parley"
