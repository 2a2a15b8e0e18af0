import { FairQueue, type Origin } from "../core/support/FairQueue.js"
import { TokenBucket } from "../core/support/TokenBucket.js"
import type { Time } from "../services/Time.js"

/** What waits for its turn. */
export interface Waiting {
  readonly work: () => void
}

/**
 * Sees to it that everybody gets a turn. Requests are handled where they arrive as long as that takes less than half of
 * the time, or, beyond it, as long as it is little in one turn of the event loop and nobody waits. Otherwise sessions
 * queue, and every turn of the event loop works off `TURN_MS` of them, the networks one after the other (`FairQueue`):
 * then accepting newcomers and reading go on in between, and whoever asks for little is served next, however much
 * others ask for.
 */
export class Turns {
  readonly #time: Time
  readonly #later: (run: () => void) => void
  readonly #queue = new FairQueue<Waiting>()
  /** What may be done at once, in units of `Cost`. */
  readonly #direct: TokenBucket
  #isDue = false
  /** What this turn has cost. */
  #cost = 0

  /** `later` calls `run` as soon as what waits for I/O has had its turn. */
  constructor(time: Time, later: (run: () => void) => void) {
    this.#time = time
    this.#later = later
    this.#direct = new TokenBucket(DIRECT, time.monotonic())
  }

  /** How many wait for their turn. */
  get size(): number {
    return this.#queue.size
  }

  /** So much has been done, for whomever, in units of `Cost`. */
  spent(cost: number): void {
    this.#cost += cost
    this.#direct.charge(this.#time.monotonic(), cost)
  }

  /** Whether this one, of whoever comes from there, may go on at once; otherwise it has queued for its `work`. */
  mayGoOn(origin: Origin, waiting: Waiting): boolean {
    if (this.#mayWorkNow()) return true
    this.#queue.add(origin, waiting)
    this.#schedule()
    return false
  }

  /** Calls `work` at once, or when it is the turn of whoever comes from there. */
  take(origin: Origin, work: () => void): void {
    if (this.mayGoOn(origin, { work })) work()
  }

  /** It waits no more. */
  delete(waiting: Waiting): void {
    this.#queue.delete(waiting)
  }

  #mayWorkNow(): boolean {
    if (this.#queue.size > 0) return false
    if (this.#direct.wait(this.#time.monotonic()) === 0) return true
    // Counts what is done from here to the end of this turn.
    this.#schedule()
    return this.#cost < TURN_COST
  }

  /** Works off those who wait for their turn, for as long as a turn may take. */
  #run(): void {
    this.#isDue = false
    this.#cost = 0
    const until = this.#time.monotonic() + TURN_MS
    do {
      const next = this.#queue.take()
      if (next === undefined) return
      next.work()
      // A handshake, and sending, come after this call, so the clock alone does not tell.
    } while (this.#time.monotonic() < until && this.#cost < TURN_COST)
    if (this.#queue.size > 0) this.#schedule()
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#later(() => this.#run())
  }
}

/** In units of `Cost`, of one turn. */
const TURN_COST = 150
/** ms of work between two looks at what has arrived; sending what comes of it takes as long again. */
const TURN_MS = 2
/** In units of `Cost`: as much as a turn at once, and half of a core for long. */
const DIRECT = { burst: 150, perSecond: 30_000 }
