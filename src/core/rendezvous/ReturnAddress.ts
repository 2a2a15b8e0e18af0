import type { Endpoint } from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { NONCE_BYTES } from "../../protocol/RelayEnvelope.js"
import type { TokenBucket } from "../support/TokenBucket.js"

/**
 * Where one side of a channel wants its envelopes, and whether it is there. The source of a datagram is easily forged,
 * so an address is used only after somebody there has returned a nonce that was sent to it (RFC 9000 §8), and no more
 * than `QUIET_BYTES` longer than `PROOF_LIFE` without doing so again, since who holds an address changes (§9.3).
 * Questions are asked only where an envelope has just come from, one at most for each, and are one byte longer than the
 * smallest: nobody gains by making the server ask. A conversation that says little is asked seldom, or the questions
 * would be most of its packets.
 */
export class ReturnAddress<Via> {
  /** What may be sent there, together with all others at the address; no limit when left out. */
  budget: TokenBucket | undefined
  /** The nonce under way, and when it was drawn. */
  #nonce: Uint8Array | undefined
  #drawnAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #heardAt = Number.NEGATIVE_INFINITY
  #provenAt = Number.NEGATIVE_INFINITY
  /** Bytes sent there since it was proven. */
  #sent = 0

  constructor(
    readonly endpoint: Endpoint,
    readonly via: Via
  ) {}

  isAt({ address, port }: Endpoint): boolean {
    return port === this.endpoint.port && address === this.endpoint.address
  }

  /** Whether packets may go there. */
  isUsable(now: number): boolean {
    if (now >= this.#heardAt + ADDRESS_LIFE) return false
    return now < this.#provenAt + (this.#sent < QUIET_BYTES ? QUIET_LIFE : PROOF_LIFE)
  }

  onSent(bytes: number): void {
    this.#sent += bytes
  }

  /** An envelope came from there: the nonce to send to it, if it is to prove that it is there. */
  heard(now: number, random: (length: number) => Uint8Array): Uint8Array | undefined {
    this.#heardAt = now
    const renewAt = this.#provenAt + (2 * this.#sent < QUIET_BYTES ? QUIET_LIFE : PROOF_LIFE) / 2
    if (now < renewAt || now < this.#askedAt + ASK_INTERVAL) return undefined
    this.#askedAt = now
    if (this.#nonce === undefined || now >= this.#drawnAt + NONCE_LIFE) {
      this.#nonce = random(NONCE_BYTES)
      this.#drawnAt = now
    }
    return this.#nonce
  }

  /** This nonce came back from there; whether it was the right one, in time. */
  prove(nonce: Uint8Array, now: number): boolean {
    if (this.#nonce === undefined || now >= this.#drawnAt + NONCE_LIFE || !Bytes.equal(nonce, this.#nonce)) return false
    this.#nonce = undefined
    this.#provenAt = now
    this.#sent = 0
    return true
  }

  /** The side has spoken over its control link: it is answered there until an envelope comes again. */
  leave(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY
  }
}

/**
 * ms for which an address is used after the last envelope from it: what NATs keep a UDP mapping for at least, as a
 * rule. A side that has the relay in use speaks more often.
 */
export const ADDRESS_LIFE = 30_000
/** ms for which a proof is believed whatever is sent there; from half of it on it is renewed. */
export const PROOF_LIFE = 30_000
/** Bytes that may be sent on one proof after that: the keepalives of a conversation in which nobody says anything. */
export const QUIET_BYTES = 32 * 1024
/** ms for which a proof is believed when no more is sent: so a silent side answers once in ten minutes. */
export const QUIET_LIFE = 1_200_000
/** ms between two questions to an address that does not answer. */
const ASK_INTERVAL = 200
/** ms for an answer: more than any round trip, and too little for one who is no longer there. */
const NONCE_LIFE = 10_000
