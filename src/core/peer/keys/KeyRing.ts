import { NEVER } from "../../support/Deadline.js"
import type { Epoch } from "./Epoch.js"

/**
 * The keys of one connection: those we send with, and others that only open packets: new ones that we have not heard
 * used yet, and former ones whose packets may still be under way. Keys are wiped as soon as they are none of these.
 *
 * There can be several new ones. Whoever is introduced again begins another handshake, and the two may overtake each
 * other on their way here: only its first packet tells with which of them the other side goes on.
 */
export class KeyRing {
  /** Where indexes are released that mean nothing any more. */
  readonly #indexes: { readonly release: (index: number) => void }
  #current: Epoch
  /** At most `MAX_OTHERS`. */
  #others: Array<Other> = []

  constructor(first: Epoch, indexes: { readonly release: (index: number) => void }) {
    this.#indexes = indexes
    this.#current = first
  }

  get current(): Epoch {
    return this.#current
  }

  /** New keys that the other side has as well, by its answer to our handshake: send with them from now on. */
  advance(epoch: Epoch, now: number): void {
    // It has answered, so it goes on with these, and not with what it began itself.
    for (const other of this.#others) other.isNext = false
    this.#replace(epoch, now)
  }

  /** New keys that wait for the first packet made with them. */
  expect(epoch: Epoch, now: number): void {
    this.#keep({ epoch, until: now + ACCEPT_OTHERS, isNext: true })
  }

  /** An authentic packet came in under these keys. */
  onUsed(epoch: Epoch, now: number): void {
    if (epoch === this.#current) return
    const other = this.#others.find((each) => each.epoch === epoch)
    if (other === undefined) return
    other.until = now + ACCEPT_OTHERS
    if (!other.isNext) return
    this.#others.splice(this.#others.indexOf(other), 1)
    this.#replace(epoch, now)
  }

  /** Whether a packet may still be sealed. */
  maySeal(now: number): boolean {
    return now < this.refuseAt
  }

  /** From when on nothing is sealed any more, unless new keys come. */
  get refuseAt(): number {
    return this.#current.createdAt + REFUSE_AFTER
  }

  /** When a handshake for new keys is due from our side, if the conversation is active until `activeUntil`. */
  rekeyAt(activeUntil: number): number {
    const { createdAt, initiator, sealed } = this.#current
    if (sealed >= REKEY_AFTER_PACKETS) return createdAt
    if (!initiator) return this.refuseAt
    return createdAt + (activeUntil < createdAt + REKEY_AFTER ? REKEY_IN_SILENCE : REKEY_AFTER)
  }

  get timeout(): number {
    let timeout = NEVER
    for (const { until } of this.#others) timeout = Math.min(timeout, until)
    return timeout
  }

  handleTimeout(now: number): void {
    for (const other of this.#others) if (now >= other.until) this.#drop(other.epoch)
    this.#others = this.#others.filter(({ until }) => now < until)
  }

  wipe(): void {
    this.#drop(this.#current)
    for (const { epoch } of this.#others) this.#drop(epoch)
    this.#others = []
  }

  #replace(epoch: Epoch, now: number): void {
    this.#keep({ epoch: this.#current, until: now + ACCEPT_OTHERS, isNext: false })
    this.#current = epoch
  }

  #keep(other: Other): void {
    this.#others.push(other)
    if (this.#others.length > MAX_OTHERS) this.#drop(this.#others.shift()!.epoch)
  }

  #drop(epoch: Epoch): void {
    epoch.wipe()
    this.#indexes.release(epoch.localIndex)
  }
}

interface Other {
  readonly epoch: Epoch
  until: number
  /** Whether their first packet makes them ours to send with. */
  isNext: boolean
}

/**
 * ms of use after which the initiator makes new keys (WireGuard §6.1): what a stolen key opens is two minutes of talk.
 */
const REKEY_AFTER = 120_000
/** ms for keys that carry keepalives only, which tell nothing; early enough for the answer to be lost a few times. */
const REKEY_IN_SILENCE = 150_000
/** Packets with the same meaning; far below what the cipher allows. */
const REKEY_AFTER_PACKETS = 2 ** 20
/** ms after which keys seal nothing any more; the side that answered the last handshake then begins one itself. */
const REFUSE_AFTER = 180_000
/** ms that keys open packets after they were replaced, made, or used last: longer than any path delays. */
const ACCEPT_OTHERS = 60_000
/**
 * Those of a handshake on each channel that is remembered (4), and the former ones of two of them that came into use.
 */
const MAX_OTHERS = 6
