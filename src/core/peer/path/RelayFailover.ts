import { NEVER } from "../../support/Deadline.js"

/**
 * The doubt about the direct path in use: there is something to send on it, and it is not trusted. It begins with the
 * first sign, ends with a proof or another path, and when it lasts for `RELAY_AFTER` the relay may take over.
 */
export class RelayFailover {
  #since: number | undefined
  /** The time was up, and what could be done about it was tried. */
  #isSettled = false

  begin(now: number): void {
    this.#since ??= now
  }

  end(): void {
    this.#since = undefined
    this.#isSettled = false
  }

  /** When the doubt has lasted too long; infinite when there is none, or that was noticed. */
  get overdueAt(): number {
    return this.#since === undefined || this.#isSettled ? NEVER : this.#since + RELAY_AFTER
  }

  /** Whether it has lasted too long. */
  isOverdue(now: number): boolean {
    return this.#since !== undefined && now >= this.#since + RELAY_AFTER
  }

  /** It has lasted too long, and that was noticed. */
  settle(): void {
    this.#isSettled = true
  }
}

/**
 * ms of doubt before a relay replaces a direct path: the answers to four probes were missed, and nobody waited, as data
 * went both ways.
 */
const RELAY_AFTER = 1_000
