/**
 * The time at which a peer says that it wrote a message, as far as it can be true by our own clock (ms since 1970 UTC,
 * both); `undefined` for what cannot be. A little ahead of us is a clock that differs, and means now. How long ago
 * something was written only its writer knows.
 */
export const believed = (writtenAt: number | undefined, wallNow: number): number | undefined =>
  writtenAt === undefined || !(writtenAt >= EARLIEST && writtenAt <= wallNow + TOLERANCE)
    ? undefined
    : Math.min(writtenAt, Math.floor(wallNow))

/** 2026: nobody has written anything with parley before, but a machine whose clock was never set believes in 1970. */
export const EARLIEST = Date.UTC(2026, 0)
/** ms: clocks of machines that keep them by hand differ by minutes. */
const TOLERANCE = 5 * 60_000
