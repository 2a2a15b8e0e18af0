import type { Epoch } from "./Epoch.js"

/**
 * The keys of one connection: those we send with, those the initiator of a rekey has already and we have not heard used yet, and
 * those that may still be under way. Keys are wiped as soon as they are none of these.
 */
export class KeyRing {
  #current: Epoch
  /** Made by answering a rekey: not ours to send with before the other side has shown that it has them. */
  #next: Epoch | undefined
  #previous: Epoch | undefined
  #previousUntil = Number.POSITIVE_INFINITY

  constructor(
    first: Epoch,
    /** Told when an index means nothing any more. */
    private readonly release: (index: number) => void
  ) {
    this.#current = first
  }

  get current(): Epoch {
    return this.#current
  }

  /** New keys that the other side has as well: send with them from now on. */
  advance(epoch: Epoch, now: number): void {
    if (this.#previous !== undefined) this.#drop(this.#previous)
    if (this.#next !== undefined && this.#next !== epoch) this.#drop(this.#next)
    this.#next = undefined
    this.#previous = this.#current
    this.#previousUntil = now + ACCEPT_PREVIOUS
    this.#current = epoch
  }

  /** New keys that wait for the first packet made with them. */
  expect(epoch: Epoch): void {
    if (this.#next !== undefined) this.#drop(this.#next)
    this.#next = epoch
  }

  /** An authentic packet came in under these keys. */
  onUsed(epoch: Epoch, now: number): void {
    if (epoch === this.#next) this.advance(epoch, now)
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
    return this.#previous === undefined ? Number.POSITIVE_INFINITY : this.#previousUntil
  }

  handleTimeout(now: number): void {
    if (this.#previous === undefined || now < this.#previousUntil) return
    this.#drop(this.#previous)
    this.#previous = undefined
  }

  wipe(): void {
    this.#drop(this.#current)
    if (this.#next !== undefined) this.#drop(this.#next)
    if (this.#previous !== undefined) this.#drop(this.#previous)
    this.#next = this.#previous = undefined
  }

  #drop(epoch: Epoch): void {
    epoch.wipe()
    this.release(epoch.localIndex)
  }
}

/** ms of use after which the initiator makes new keys (WireGuard §6.1): what a stolen key opens is two minutes of talk. */
const REKEY_AFTER = 120_000
/** ms for keys that carry keepalives only, which tell nothing; early enough for the answer to be lost a few times. */
const REKEY_IN_SILENCE = 150_000
/** Packets with the same meaning; far below what the cipher allows. */
const REKEY_AFTER_PACKETS = 2 ** 20
/** ms after which keys seal nothing any more; the side that answered the last handshake then begins one itself. */
const REFUSE_AFTER = 180_000
/** ms that keys open packets after their successors came into use: longer than any path delays. */
const ACCEPT_PREVIOUS = 60_000
