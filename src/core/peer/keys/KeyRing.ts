import { NEVER } from "../../support/Deadline.js"
import type { Epoch } from "./Epoch.js"

/**
 * The keys of one connection: the current ones, which seal our packets, and others that only open the peer's. Those are
 * new keys that the peer has not used yet, and former keys whose packets may still be under way. Keys are wiped as soon
 * as they are none of these.
 *
 * There can be several new keys. A peer that is introduced to us again begins another handshake, and its two handshakes
 * may overtake each other on their way here. Only the first packet that the peer seals tells with which of the two keys
 * it goes on.
 */
export class KeyRing {
  /** Where the indexes of wiped keys are released. */
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

  /**
   * Takes new keys that the peer has as well, since it answered our handshake: our packets are sealed with them from
   * now on.
   */
  advance(epoch: Epoch, now: number): void {
    // The peer has answered our handshake, so it goes on with these keys, and not with those of a handshake that it
    // began itself.
    for (const other of this.#others) other.isNext = false
    this.#replace(epoch, now)
  }

  /** Takes new keys that become the current ones with the first packet that the peer seals with them. */
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

  /** Whether the current keys may still seal a packet. */
  maySeal(now: number): boolean {
    return now < this.refuseAt
  }

  /** When the current keys stop sealing packets. */
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
  /** Whether the first packet that the peer seals with these keys makes them the current ones. */
  isNext: boolean
}

/**
 * ms of use after which the initiator makes new keys (WireGuard §6.1): what a stolen key opens is two minutes of talk.
 */
const REKEY_AFTER = 120_000
/**
 * ms after which the initiator makes new keys while they only protect keepalives, which tell nothing; early enough that
 * the handshake may be lost a few times before `REFUSE_AFTER`.
 */
const REKEY_IN_SILENCE = 150_000
/** Packets after which either side makes new keys; far below what the cipher allows. */
const REKEY_AFTER_PACKETS = 2 ** 20
/** ms after which keys seal nothing any more; the side that answered the last handshake then begins one itself. */
const REFUSE_AFTER = 180_000
/**
 * ms for which keys still open packets, counted from when they were made, replaced or last used by the peer: longer
 * than any path delays a packet.
 */
const ACCEPT_OTHERS = 60_000
/**
 * Keys besides the current ones: those of a handshake on each of the 4 channels that are remembered, and two former
 * ones.
 */
const MAX_OTHERS = 6
