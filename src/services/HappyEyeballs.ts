/**
 * Which address of a name is tried when (RFC 8305 §4 and §5): families alternate, beginning with the one that the
 * system would take, the next address has its turn a quarter of a second after the last one or as soon as one has
 * failed, and earlier tries go on. Whichever connects first is the connection; what is then still under way is for the
 * owner to end. Knows no clock: the owner passes ms of any monotonic one.
 */
export class HappyEyeballs<Address> {
  readonly #waiting: Array<Address>
  #underWay = 0
  #dueAt = Number.NEGATIVE_INFINITY

  /** `addresses` in the order in which the system would try them. */
  constructor(addresses: ReadonlyArray<Address>, familyOf: (address: Address) => "ipv4" | "ipv6") {
    this.#waiting = interleaved(addresses, familyOf)
  }

  /** The address to try now, once for each; call until there is none. */
  pollTry(nowMs: number): Address | undefined {
    if (nowMs < this.#dueAt) return undefined
    const address = this.#waiting.shift()
    if (address === undefined) return undefined
    this.#underWay++
    this.#dueAt = nowMs + ATTEMPT_DELAY_MS
    return address
  }

  /** When to poll again, if nothing fails before. */
  pollTimeout(): number | undefined {
    return this.#waiting.length === 0 ? undefined : this.#dueAt
  }

  /** One of the tries has come to nothing. */
  handleFailure(): void {
    this.#underWay--
    this.#dueAt = Number.NEGATIVE_INFINITY
  }

  /** Whether all have been tried, and none is under way. */
  get isOver(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0
  }
}

const interleaved = <Address>(
  addresses: ReadonlyArray<Address>,
  familyOf: (address: Address) => "ipv4" | "ipv6"
): Array<Address> => {
  const first = addresses.length === 0 ? undefined : familyOf(addresses[0]!)
  const preferred = addresses.filter((address) => familyOf(address) === first)
  const other = addresses.filter((address) => familyOf(address) !== first)
  return Array.from({ length: Math.max(preferred.length, other.length) }).flatMap((_, at) => [
    ...preferred.slice(at, at + 1),
    ...other.slice(at, at + 1)
  ])
}

/** ms: the Connection Attempt Delay of RFC 8305 §8. */
export const ATTEMPT_DELAY_MS = 250
