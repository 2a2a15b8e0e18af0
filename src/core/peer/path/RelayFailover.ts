import { NEVER } from "../../support/Deadline.js"

/**
 * The doubt about the direct path in use, while there is data to send and the path is not trusted. It begins with the
 * first sign of trouble and ends when the path is proven or another one is used. When it has lasted for `RELAY_AFTER`,
 * the relay may take over.
 */
export class RelayFailover {
  #since: number | undefined
  /** Whether the end of `RELAY_AFTER` was handled. */
  #isSettled = false

  begin(now: number): void {
    this.#since ??= now
  }

  end(): void {
    this.#since = undefined
    this.#isSettled = false
  }

  /** When the doubt will have lasted for `RELAY_AFTER`; infinite when there is none, or `settle` was called. */
  get overdueAt(): number {
    return this.#since === undefined || this.#isSettled ? NEVER : this.#since + RELAY_AFTER
  }

  /** Whether the doubt has lasted for `RELAY_AFTER`. */
  isOverdue(now: number): boolean {
    return this.#since !== undefined && now >= this.#since + RELAY_AFTER
  }

  /** The end of `RELAY_AFTER` was handled: `overdueAt` does not call for it again. */
  settle(): void {
    this.#isSettled = true
  }
}

/**
 * ms of doubt before a relay replaces a direct path. By then four probes were not answered; no data was held up
 * meanwhile, since it went over both.
 */
const RELAY_AFTER = 1_000
