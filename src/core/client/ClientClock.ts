import { EARLIEST } from "./WrittenAt.js"

/**
 * What time it is (ms since 1970 UTC), by this machine's clock and by the server's, which tells its own in its
 * greeting: machines without a battery begin in 1970, and their records would be found invalid by everybody.
 *
 * As long as the two agree, our own clock counts. Where they differ it cannot be known which one is wrong: the server's
 * counts for what is shown and said, if it can be right at all, and records are judged by whichever of the two is
 * kinder. So a server that lies about the time can make a record valid for longer, and never shorter.
 *
 * The difference is that of the last greeting. A clock that is set right meanwhile moves against the monotonic time by
 * just that difference, and is believed again. One that goes back by any other amount was set wrong, as no sleep does
 * that: the server's goes on from the greeting. What goes forward may have slept, and the difference stays.
 */
export class ClientClock {
  readonly #wallNow: () => number
  /** From our clock to the server's at the last greeting, with the readings of that moment. */
  #last: { readonly difference: number; readonly wall: number; readonly now: number } | undefined
  /** The difference that the user was told of. */
  #told: number | undefined
  /** The user was told that the time cannot be right. */
  #isDoubted = false

  /** `wallNow` reads this machine's clock. */
  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
  }

  /**
   * The server has told its time, `serverNow`. Gives one line for people the first time that the clocks differ
   * notably, and when that has changed; `now` is monotonic.
   */
  greeted(serverNow: number, now: number): string | undefined {
    const wall = this.#wallNow()
    const difference = serverNow - wall
    const isNotable = Math.abs(difference) > NOTABLE && Number.isFinite(serverNow)
    this.#last = Number.isFinite(serverNow) ? { difference: isNotable ? difference : 0, wall, now } : undefined
    if (!isNotable) {
      this.#told = undefined
      return undefined
    }
    if (this.#told !== undefined && Math.abs(difference - this.#told) <= NOTABLE) return undefined
    this.#told = difference
    return explain(wall, serverNow)
  }

  /**
   * Nobody tells the time: a local network alone. What cannot be right is known to be wrong all the same; one line for
   * people the first time.
   */
  unaided(): string | undefined {
    const wall = this.#wallNow()
    const isNews = !isPossible(wall) && !this.#isDoubted
    this.#isDoubted ||= isNews
    return !isNews
      ? undefined
      : `this machine's clock says that it is ${new Date(wall).toISOString().slice(0, "2026-11-28".length)}, which cannot be right: set it`
  }

  /** The best that is known. */
  at(now: number): number {
    const wall = this.#wallNow()
    return wall + this.#believed(wall, now)
  }

  /** By the clock that is behind: what has not expired by it may be valid. */
  earliest(now: number): number {
    const wall = this.#wallNow()
    return wall + Math.min(0, this.#difference(wall, now))
  }

  /** By the clock that is ahead: what is to be valid by both is to be valid by it. */
  latest(now: number): number {
    const wall = this.#wallNow()
    return wall + Math.max(0, this.#believed(wall, now))
  }

  #believed(wall: number, now: number): number {
    const difference = this.#difference(wall, now)
    return isPossible(wall + difference) ? difference : 0
  }

  /** One reading of the clock does for each message: they are many. */
  #difference(wall: number, now: number): number {
    if (this.#last === undefined) return 0
    const { difference, now: then, wall: before } = this.#last
    const jump = wall - before - (now - then)
    const left = jump < -NOTABLE ? difference - jump : difference
    return Math.abs(jump - difference) <= NOTABLE || Math.abs(left) <= NOTABLE ? 0 : left
  }
}

/** How the clocks of this machine and of the server differ: who is wrong, by how much, and what to do. */
export const explain = (own: number, server: number): string => {
  const how = `this machine's clock is ${span(Math.abs(server - own))} ${own < server ? "behind" : "ahead of"} the server's`
  if (!isPossible(server)) return `${how}, and the server's cannot be right: tell whoever runs it`
  const consequence = "until then parley goes by the server's"
  if (!isPossible(own)) return `${how}, and cannot be right: set it (${consequence})`
  return `${how}: set the one that is wrong (${consequence})`
}

/** Whether the two are far enough apart to be told. */
export const differ = (own: number, server: number): boolean => Math.abs(server - own) > NOTABLE

/** "3 minutes", "56 years": two of the unit at least, so that nothing much is lost by rounding. */
const span = (length: number): string => {
  const [unit, name] = UNITS.find(([unit]) => length >= 2 * unit) ?? UNITS.at(-1)!
  return `${Math.round(length / unit)} ${name}`
}

const isPossible = (time: number): boolean => time >= EARLIEST && time < LATEST

const UNITS = [
  [365.25 * 86_400_000, "years"],
  [86_400_000, "days"],
  [3_600_000, "hours"],
  [60_000, "minutes"],
  [1_000, "seconds"]
] as const
/** ms: clocks that nobody looks after differ by as much, and nothing comes of it. */
const NOTABLE = 2 * 60_000
/** 2100: beyond it a clock is taken for broken. */
const LATEST = Date.UTC(2100, 0)
