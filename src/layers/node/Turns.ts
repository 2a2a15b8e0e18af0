import { performance } from "node:perf_hooks"
import { Bursts, SOON } from "./Bursts.js"

/**
 * What arrives faster than it can be worked on, in its order. It is not worked on where it arrives, but right after
 * everything else that has arrived by then (libuv's check phase), and for at most `TURN` at a time: between two turns
 * the event loop reads keys, whatever waits here. Only the first of a turn is worked on at once, where those before it
 * came alone (`Bursts`). Where the next one is about to come from this very machine, the event loop turns until it
 * does, and does not sleep: to be woken takes longer than most answers. It does so for nobody on a network: the packets
 * of a file come as soon after each other from there, and those of whoever wants our processor busy.
 */
export class Turns<A> {
  readonly #worker: Worker<A>
  #waiting: Array<A> = []
  /** Those of `#waiting` before it were taken. */
  #head = 0
  #isDue = false
  readonly #bursts = new Bursts()
  readonly #now: () => number
  /** ms: when the last burst was over. */
  #endedAt = Number.NEGATIVE_INFINITY
  /** Those that have arrived since the last turn. */
  #arrived = 0
  /** The last of them. */
  #last: A | undefined

  constructor(worker: Worker<A>, now = () => performance.now()) {
    this.#worker = worker
    this.#now = now
  }

  add(arrived: A): void {
    this.#last = arrived
    const isFirst = this.#arrived++ === 0
    if (isFirst && this.#isEmpty && this.#bursts.isNextAlone) {
      // What is said of it leaves first, and then the turn is asked for that tells whether it was alone.
      this.#worker.take(arrived)
      this.#worker.idle()
      this.#soon()
      return
    }
    // Whoever sends that fast has the sender's queue, which is the system's, wait for him.
    if (this.#waiting.length - this.#head >= MAX_WAITING) this.#takeOne()
    this.#waiting.push(arrived)
    this.#soon()
  }

  readonly #turn = (): void => {
    this.#isDue = false
    const now = this.#now()
    if (this.#last !== undefined) {
      const isSoon = now <= this.#endedAt + SOON && this.#worker.isNear(this.#last)
      this.#bursts.ended(this.#arrived, isSoon)
      this.#endedAt = now
      this.#arrived = 0
      this.#last = undefined
    }
    if (this.#isEmpty) {
      this.#wait(now)
      return
    }
    do this.#takeOne()
    while (!this.#isEmpty && this.#now() < now + TURN)
    this.#worker.idle()
    if (!this.#isEmpty) this.#soon()
  }

  get #isEmpty(): boolean {
    return this.#head === this.#waiting.length
  }

  /** Nothing is here. */
  #wait(now: number): void {
    if (!this.#bursts.isNextSoon) return
    if (now < this.#endedAt + SOON) this.#soon()
    else this.#bursts.missed()
  }

  #soon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#turn)
  }

  #takeOne(): void {
    const next = this.#waiting[this.#head++]!
    if (this.#head === this.#waiting.length || this.#head >= MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#worker.take(next)
  }
}

/** Neither may throw. */
export interface Worker<A> {
  readonly take: (arrived: A) => void
  /** Called after one or more `take`, before anything else runs. */
  readonly idle: () => void
  /** Whether it came from a program on this machine. */
  readonly isNear: (arrived: A) => boolean
}

/** ms of work in one turn: a key, and what it changes on the screen, may wait for some such pieces of work. */
const TURN = 2
/** More than the buffers of most systems give at one time in datagrams of full size. */
export const MAX_WAITING = 512
